"""Where a client trust configuration says that timestamps and log entries are made."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from audit.core import strict_json
from audit.core.clock import Clock, now_ns
from audit.core.errors import ConfigError
from audit.core.files import read_bounded
from audit.sign._fields import Fields
from audit.sign.trust import CONFIG_TYPE, MAX_ITEMS, TrustedRoot, parse_trusted_root, read_window

MAX_CONFIG = 4 << 20
_SIGNING_TYPE = "application/vnd.dev.sigstore.signingconfig.v0.2+json"
_LOG_VERSION = 2


@dataclass(frozen=True, slots=True)
class Services:
    """A trusted root, and the services that are in use now; None where there is none."""

    root: TrustedRoot
    timestamps: str | None
    log: str | None


def read_services(path: Path, *, clock: Clock = now_ns) -> Services:
    """Return what a ClientTrustConfig file names for this moment.

    Of several services that are valid now, the one that began last is used: a log's
    old shard stays valid for a while after the new one has begun.

    Raises:
        InputMissing: the file is not there.
        ConfigError: not a client trust configuration.
    """
    data = read_bounded(path, limit=MAX_CONFIG)
    root = parse_trusted_root(data, source=str(path))
    now = datetime.fromtimestamp(clock() / 1e9, UTC)
    try:
        config = _signing_config(Fields(strict_json.loads(data, source=str(path)), ""))
        stamps = _newest(config.objects("tsaUrls", MAX_ITEMS), 1, now)
        log = _newest(config.objects("rekorTlogUrls", MAX_ITEMS), _LOG_VERSION, now)
    except ValueError as exc:
        raise ConfigError(f"{path}: {exc}") from exc
    return Services(root, stamps, log)


def _signing_config(top: Fields) -> Fields:
    if (kind := top.text("mediaType")) != CONFIG_TYPE:
        raise ValueError(f"mediaType is {kind[:80]!r}, not a client trust configuration's")
    config = top.object("signingConfig")
    if (kind := config.text("mediaType")) != _SIGNING_TYPE:
        raise ValueError(f"signingConfig.mediaType is {kind[:80]!r}, not one that is read")
    return config


def _newest(items: list[Fields], version: int, now: datetime) -> str | None:
    """Return the URL of the service of an API version that began last and is valid."""
    best: tuple[datetime, str] | None = None
    for item in items:
        url, window = item.text("url"), read_window(item)
        if item.number("majorApiVersion") != version or not window.holds(now):
            continue
        start = window.start or datetime.min.replace(tzinfo=UTC)
        if best is None or start > best[0]:
            best = (start, url)
    return best[1] if best else None
