"""Which root is used: the file that was named, or the one that ships with this package."""

from importlib.resources import files
from pathlib import Path

from audit.core.files import read_bounded
from audit.sign.trust._root import TrustedRoot, parse_trusted_root

MAX_ROOT = 4 << 20
BUNDLED = "bundled:sigstore-public-good"
"""The root of the public Sigstore instance, as it was when this version was made."""


def load_trusted_root(path: Path | None = None) -> TrustedRoot:
    """Return the root in a file, or the bundled production root. Nothing is fetched.

    Raises:
        InputMissing: the file is not there.
        ConfigError: it is not a trusted root.
    """
    if path is not None:
        return parse_trusted_root(read_bounded(path, limit=MAX_ROOT), source=str(path))
    data = files("audit.sign.trust").joinpath("public-good.json").read_bytes()
    return parse_trusted_root(data, source=BUNDLED)
