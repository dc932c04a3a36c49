"""Trusted roots: whose certificates, log entries and timestamps count."""

from audit.sign.trust._root import (
    CONFIG_TYPE,
    MAX_ITEMS,
    Authority,
    LogKey,
    TrustedRoot,
    Window,
    parse_trusted_root,
    read_window,
)
from audit.sign.trust._source import BUNDLED, load_trusted_root

__all__ = [
    "BUNDLED",
    "CONFIG_TYPE",
    "MAX_ITEMS",
    "Authority",
    "LogKey",
    "TrustedRoot",
    "Window",
    "load_trusted_root",
    "parse_trusted_root",
    "read_window",
]
