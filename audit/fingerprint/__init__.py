"""Fingerprint a dataset: the same files give the same digest on every machine.

* `hash_file`: BLAKE3 and SHA-256 of one file in one pass over its bytes
* `fingerprint_dataset`: a manifest of every file, and one digest over all of them
"""

from audit.fingerprint._dataset import fingerprint_dataset, fingerprint_of
from audit.fingerprint._hash import BOTH, Algorithm, hash_file, hash_stream

__all__ = [
    "BOTH",
    "Algorithm",
    "fingerprint_dataset",
    "fingerprint_of",
    "hash_file",
    "hash_stream",
]
