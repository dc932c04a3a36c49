"""NumPy array files: an array of objects is a pickle behind a header.

Source: NEP 1 and `numpy.lib.format`: magic, version, header length, a Python
literal with the key `descr`.
"""

import re

from audit.model._refused import Refused

MAGIC = b"\x93NUMPY"
OBJECTS = re.compile(rb"""['"]descr['"]\s*:\s*[^}]*?['"]\|?O\d*['"]""")


def require_no_objects(head: bytes, where: str = "") -> None:
    """Refuse an array whose elements are Python objects.

    Raises:
        Refused: `pickle`.
    """
    if head.startswith(MAGIC) and OBJECTS.search(head):
        raise Refused("pickle", f"{where}a NumPy array of objects, which is stored as a pickle")
