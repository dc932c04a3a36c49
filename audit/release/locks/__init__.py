"""Lock files: is the environment they describe the same one when it is built again?

One module per family of formats, each a pure function from text to packages and
problems. Nothing is resolved, fetched or installed.

* `read_lock`: the bytes of a lock file -> its format, packages and problems
* `compare_locks`: what changed between two, above all a hash under the same version
"""

from audit.release.locks._compare import compare_locks
from audit.release.locks._package import Lock, Package
from audit.release.locks._read import FORMATS, MAX_LOCK, read_lock

__all__ = ["FORMATS", "MAX_LOCK", "Lock", "Package", "compare_locks", "read_lock"]
