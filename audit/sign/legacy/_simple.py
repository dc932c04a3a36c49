"""Simple signing (containers/image, as cosign v1 and v2 use it): the payload.

cosign writes the members in this order and without spaces.
"""

import json

from audit.core import strict_json
from audit.core.errors import ConfigError, UsageError
from audit.documents import is_digest
from audit.sign._fields import Fields, without_twins

TYPE = "cosign container image signature"
MAX_PAYLOAD = 1 << 20


def simple_payload(digest: str, reference: str) -> bytes:
    """Return the bytes that say "this is a signature over `digest`", for the repository `reference`.

    Raises:
        UsageError: a malformed digest, or nothing to refer to.
    """
    if not (is_digest(digest) and digest.startswith("sha256:")):
        raise UsageError(f"{digest!r} is not sha256: and 64 lower-case hex digits")
    if not reference:
        raise UsageError("a legacy signature names the repository it is for")
    critical = {
        "identity": {"docker-reference": reference},
        "image": {"docker-manifest-digest": digest},
        "type": TYPE,
    }
    value = {"critical": critical, "optional": None}
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def check_payload(payload: bytes, *, digest: str, reference: str | None) -> str:
    """Check that a payload is about `digest`, and return the repository it was made for.

    With a `reference`, it must be that repository.

    Raises:
        ValueError: it is not, with the reason.
    """
    if len(payload) > MAX_PAYLOAD:
        raise ValueError("the payload is too long")
    try:
        value = strict_json.loads(payload, source="the payload")
    except ConfigError as exc:
        raise ValueError(str(exc)) from exc
    without_twins(value)
    top = Fields(value, "")
    top.drop("optional")
    critical = top.object("critical")
    top.done()
    identity, image = critical.object("identity"), critical.object("image")
    kind = critical.text("type")
    critical.done()
    if kind != TYPE:
        raise ValueError(f"the payload is of type {kind[:80]!r}, not {TYPE!r}")
    found = image.text("docker-manifest-digest")
    image.done()
    if found != digest:
        raise ValueError(f"the payload is about {found[:80]}, not {digest}")
    repository = identity.optional_text("docker-reference") or ""
    identity.done()
    if reference is not None and repository != reference:
        raise ValueError(f"the payload is for {repository[:200]!r}, not {reference!r}")
    return repository
