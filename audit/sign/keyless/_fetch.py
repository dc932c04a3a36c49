"""Fetch the public instance's root: asked for by name, and never on the way to a verdict."""

from pathlib import Path

from audit.core.errors import EvidenceError, UsageError
from audit.core.files import read_bounded, write_whole
from audit.sign.trust import TrustedRoot, parse_trusted_root

MAX_ROOT = 4 << 20


def fetch_public_root(out: Path) -> TrustedRoot:
    """Write the current root to `out`, as the public TUF repository signs it, and return it.

    Raises:
        UsageError: the extra is not installed.
        EvidenceError: the repository cannot be reached, or its signatures do not hold.
    """
    try:
        from sigstore._internal.tuf import DEFAULT_TUF_URL, TrustUpdater
    except ModuleNotFoundError as exc:
        raise UsageError(
            "fetching a root is not installed", hint="pip install 'lastmile-audit[keyless]'"
        ) from exc
    try:
        path = Path(TrustUpdater(DEFAULT_TUF_URL).get_trusted_root_path())
    # The library's errors have no common base; whatever it is, there is no root.
    except Exception as exc:
        what = str(exc).splitlines()[0][:200] if str(exc) else type(exc).__name__
        raise EvidenceError(f"the public root cannot be fetched: {what}") from exc
    data = read_bounded(path, limit=MAX_ROOT)
    root = parse_trusted_root(data, source=str(out))
    with write_whole(out) as file:
        file.write(data)
    return root
