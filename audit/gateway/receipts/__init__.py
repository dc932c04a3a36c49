"""Receipts for every answer that passes the gateway.

The stages, from outside in; an answer passes them from inside out:

    ReceiptMiddleware     receipt id and time, before anything else; labels, self-check
                          on the text as delivered, signed receipt, ledger
    RedactionMiddleware   personal data out of the request, and out of the answer
    Screen                what would switch the mark off, out of the request
    the engine            marked generation

* `with_receipts`: an engine -> the whole stack
* `ReceiptDesk`: issues and records; `ReceiptPolicy`: what clients may ask for
* `MarkedLlama`: an engine over llama.cpp; any ASGI application is one
* `DetectorApp`: examines texts over HTTP
"""

from audit.gateway.receipts._answer import HEADER, UNRECORDED
from audit.gateway.receipts._desk import KEY, ReceiptDesk, Slip
from audit.gateway.receipts._detector import PATH, Callers, DetectorApp, rounded
from audit.gateway.receipts._llama import MarkedLlama
from audit.gateway.receipts._middleware import ReceiptMiddleware
from audit.gateway.receipts._policy import ReceiptPolicy
from audit.gateway.receipts._screen import Denied, Screened, screen
from audit.gateway.receipts._stack import with_receipts

__all__ = [
    "HEADER",
    "KEY",
    "PATH",
    "UNRECORDED",
    "Callers",
    "Denied",
    "DetectorApp",
    "MarkedLlama",
    "ReceiptDesk",
    "ReceiptMiddleware",
    "ReceiptPolicy",
    "Screened",
    "Slip",
    "rounded",
    "screen",
    "with_receipts",
]
