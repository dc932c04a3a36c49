"""Where an artifact and its ledger are."""

from audit.core.errors import UsageError
from audit.oci import Layout, parse_reference


def open_artifact(name: str) -> tuple[Layout, str]:
    """Return the layout and the digest that `LAYOUT@sha256:...` gives.

    Raises:
        UsageError: no digest, or not one we accept; a tag can move between two reads.
        InputMissing: the layout is not there.
    """
    reference = parse_reference(name)
    return Layout.open(reference.path), reference.digest


def find_ledger(layout: Layout) -> str:
    """Return the URL of the ledger that a run left beside its layout.

    Raises:
        UsageError: there is none.
    """
    path = layout.path.parent / "ledger.db"
    if not path.is_file():
        raise UsageError(
            f"no ledger is named, and there is no {path}",
            hint="name one: --ledger sqlite:///PATH, or AUDIT_LEDGER",
        )
    return f"sqlite:///{path}"
