"""Collect evidence about an artifact: what each rule of the gate will be shown.

One module per kind of evidence. All of it is read from the artifact's bytes,
the bundles beside it, and the verified ledger; nothing is believed because a
folder or a registry says so.
"""

from audit.release.evidence.collect import Collected, collect

__all__ = ["Collected", "collect"]
