"""What a model's files are, read from their headers; nothing is executed or unpickled.

* `inspect`: every file of a directory
* `inspect_files`: a set of files with the names they have in their model
* `REASONS`: why a file can be refused

Trust: the digests bind what was inspected. That a header is sound says nothing
about what the weights do.
"""

from audit.model._inspect import HashFile, NamedFile, inspect, inspect_files
from audit.model._reasons import REASONS

__all__ = ["REASONS", "HashFile", "NamedFile", "inspect", "inspect_files"]
