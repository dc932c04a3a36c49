"""A verifier of receipts that needs nothing but Python, to be handed out with them.

* `SOURCE`: the text of `verify_receipt.py`, which imports nothing of ours
"""

from importlib.resources import files

SOURCE = files("audit.watermark.standalone").joinpath("verify_receipt.py").read_text("utf-8")

__all__ = ["SOURCE"]
