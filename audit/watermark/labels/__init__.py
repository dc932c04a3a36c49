"""Labels: what tells people and machines that a text was generated, in the open.

Anyone can remove a label. It is there for honest readers; the mark, the
receipt and the fingerprint are there when it is gone.
"""

from audit.watermark.labels._aigc import label_for, label_remarks, verify_label
from audit.watermark.labels._carriers import (
    Carrier,
    add_label,
    carrier_of,
    find_label,
    without_front_matter,
)
from audit.watermark.labels._explicit import (
    after,
    before,
    explicit_words,
    find_explicit,
    without_explicit,
)
from audit.watermark.labels._wrapper import (
    Reference,
    find_reference,
    make_reference,
    reference_holds,
    without_wrapper,
    wrapped,
)

__all__ = [
    "Carrier",
    "Reference",
    "add_label",
    "after",
    "before",
    "carrier_of",
    "explicit_words",
    "find_explicit",
    "find_label",
    "find_reference",
    "label_for",
    "label_remarks",
    "make_reference",
    "reference_holds",
    "verify_label",
    "without_explicit",
    "without_front_matter",
    "without_wrapper",
    "wrapped",
]
