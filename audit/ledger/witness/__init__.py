"""Witnesses (C2SP tlog-witness): be one, and ask others."""

from audit.ledger.witness._client import Post, ask_witness, post_http
from audit.ledger.witness._collect import Cosigning, collect_cosignatures
from audit.ledger.witness._cosigner import ALGORITHMS, Cosigner, generate_cosigner, load_cosigner
from audit.ledger.witness._server import WitnessServer
from audit.ledger.witness._state import WitnessState
from audit.ledger.witness._witness import Answer, Witness

__all__ = [
    "ALGORITHMS",
    "Answer",
    "Cosigner",
    "Cosigning",
    "Post",
    "Witness",
    "WitnessServer",
    "WitnessState",
    "ask_witness",
    "collect_cosignatures",
    "generate_cosigner",
    "load_cosigner",
    "post_http",
]
