"""The OMS statement: what is written, and how one is compared with the files that are there."""

import re
from collections.abc import Mapping
from decimal import Decimal

from audit.core import strict_json
from audit.core.canonical import canonical_bytes
from audit.documents import STATEMENT_TYPE
from audit.sign._fields import Fields
from audit.sign.oms._files import MAX_FILES, ModelFile, model_digest

PREDICATE_TYPE = "https://model_signing/signature/v1.0"
"""OpenSSF Model Signing v1.0."""
_NUMBER = re.compile(r"[0-9]{1,16}(\.[0-9]{1,16})?([eE]\+?[0-9]{1,2})?")
_MAX_SHARD = 2**53
"""Beyond that a double is not one integer."""


def oms_statement(name: str, files: tuple[ModelFile, ...]) -> bytes:
    """Return the statement over every file of the model `name`."""
    return canonical_bytes(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": name, "digest": {"sha256": model_digest(files)[7:]}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "serialization": {
                    "method": "files",
                    "hash_type": "sha256",
                    "allow_symlinks": False,
                    "ignore_paths": [],
                },
                "resources": [
                    {"name": file.name, "algorithm": "sha256", "digest": file.sha256}
                    for file in files
                ],
            },
        }
    )


def shard_size(payload: bytes) -> int | None:
    """Return in what pieces a statement says that it names files; None for whole ones.

    Raises:
        ValueError: it does not say, or in a way that is not read.
    """
    value = strict_json.loads(payload, source="the statement")
    method = Fields(Fields(value, "").take("predicate"), "predicate").object("serialization")
    if method.text("method") != "shards":
        return None
    # A protobuf Struct holds every number as a double, so the size is written 1000.0 or 1e3.
    if not _NUMBER.fullmatch(text := str(method.take("shard_size"))):
        raise ValueError(f"{method.path('shard_size')} is not a number")
    if (size := Decimal(text)) != int(size) or not 1 <= size <= _MAX_SHARD:
        raise ValueError(f"{method.path('shard_size')} is not a size")
    return int(size)


def compare(payload: bytes, files: tuple[ModelFile, ...]) -> None:
    """Check that a verified statement names exactly these files with these digests.

    In pieces if it says so, which is how `files` must have come about.

    What a statement says it left out does not excuse a file that is there: whoever
    loads the model loads it too.

    Raises:
        ValueError: another file, one more, one less, or a form that is not read.
    """
    value = strict_json.loads(payload, source="the statement")
    size = shard_size(payload)
    predicate = Fields(value["predicate"], "predicate")
    serialization = predicate.object("serialization")
    resources = predicate.objects("resources", MAX_FILES)
    predicate.done()
    method = serialization.text("method"), serialization.text("hash_type")
    if method == ("shards", "sha256"):
        serialization.drop("shard_size")
    elif method != ("files", "sha256"):
        raise ValueError(
            f"the model is signed as {method[0][:40]!r} by {method[1][:40]!r}, not read"
        )
    if serialization.take("allow_symlinks") is not False:
        raise ValueError("the signature allows links, which are not followed here")
    serialization.drop("ignore_paths")
    serialization.done()
    algorithm = "sha256" if size is None else f"sha256-sharded-{size}"
    _same(_named(resources, algorithm), {file.name: file.sha256 for file in files})


def _named(resources: list[Fields], algorithm: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in resources:
        name = one.text("name")
        if one.text("algorithm") != algorithm:
            raise ValueError(f"{one.path('algorithm')} is not {algorithm}")
        if name in found:
            raise ValueError(f"the signature names {name[:200]!r} twice")
        found[name] = one.text("digest")
        one.done()
    return found


def _same(signed: Mapping[str, str], there: Mapping[str, str]) -> None:
    for what, names in (
        ("is there and was not signed", set(there) - set(signed)),
        ("was signed and is not there", set(signed) - set(there)),
        ("is not the file that was signed", {n for n in signed if signed[n] != there.get(n)}),
    ):
        if names:
            more = f", and {len(names) - 1} more" if len(names) > 1 else ""
            raise ValueError(f"{min(names)[:200]!r} {what}{more}")
