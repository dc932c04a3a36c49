"""What a model's files are, read from their headers; nothing is executed or unpickled.

* `inspect`: every file of a directory
* `inspect_files`: a set of files with the names they have in their model
* `load_profile`, `check_layout`: whether files and tensors are named as a pipeline expects
* `REASONS`: why a file can be refused

Trust: the digests bind what was inspected. That a header is sound says nothing
about what the weights do.
"""

from audit.model._inspect import HashFile, NamedFile, inspect, inspect_files
from audit.model._layout import LoadedProfile, check_layout, load_profile, renamed
from audit.model._reasons import REASONS

__all__ = [
    "REASONS",
    "HashFile",
    "LoadedProfile",
    "NamedFile",
    "check_layout",
    "inspect",
    "inspect_files",
    "load_profile",
    "renamed",
]
