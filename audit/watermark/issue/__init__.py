"""Issuing receipts: a ticket before a response is generated, a signed receipt before it leaves.

* `KeyKeeper`: the issuer of the moment; registers a new key when an epoch ends
* `Issuer`: `begin` gives a ticket, `finish` the signed receipt of what was `Served`
"""

from audit.watermark.issue._issue import Issued, Issuer, Served, Ticket, redacted_log
from audit.watermark.issue._keeper import Issuers, KeyKeeper, ServedModel

__all__ = [
    "Issued",
    "Issuer",
    "Issuers",
    "KeyKeeper",
    "Served",
    "ServedModel",
    "Ticket",
    "redacted_log",
]
