"""From the name of a place to the tiles in it."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from audit.core.errors import UsageError
from audit.ledger.tiles._s3 import Bucket, S3Tiles
from audit.ledger.tiles._sigv4 import Credentials
from audit.ledger.tiles._store import TileFolder, TileStore

_PLACE = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([A-Za-z0-9._/-]{0,512}))?")


def open_tiles(place: str, environ: Mapping[str, str] = os.environ) -> TileStore:
    """Return the tiles at `place`: a folder, or `s3://BUCKET/PREFIX`.

    A bucket is reached as other programs reach it, by `AWS_ACCESS_KEY_ID`,
    `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION` (or
    `AWS_DEFAULT_REGION`) and `AWS_ENDPOINT_URL_S3` (or `AWS_ENDPOINT_URL`).

    Raises:
        UsageError: not the name of a bucket, or no credentials.
    """
    if not place.startswith("s3:"):
        return TileFolder(Path(place))
    match = _PLACE.fullmatch(place)
    if match is None or ".." in place or "//" in place[5:]:
        raise UsageError(f"{place!r} is not s3://BUCKET/PREFIX")
    key, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret:
        raise UsageError(
            f"nobody is named who may write to {place}",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
    prefix = (match[2] or "").strip("/")
    bucket = Bucket(
        match[1],
        f"{prefix}/" if prefix else "",
        region,
        endpoint or f"https://s3.{region}.amazonaws.com",
    )
    return S3Tiles(bucket, Credentials(key, secret, environ.get("AWS_SESSION_TOKEN") or None))
