"""The statements we sign: in-toto Statement v1 about one digest.

cosign v3 writes a signature as a statement with an empty predicate and no
subject name; whoever compares the bytes finds them the same as cosign's.
"""

from collections.abc import Mapping

from audit.core import strict_json
from audit.core.canonical import JsonValue, canonical_bytes
from audit.core.errors import ConfigError, UsageError
from audit.documents import COSIGN_SIGN, STATEMENT_TYPE, is_digest


def signature_statement(digest: str) -> bytes:
    """Return the bytes that say "this is a signature over `digest`" and nothing more.

    Raises:
        UsageError: `digest` is not `sha256:` and 64 lower-case hex digits.
    """
    return (
        f'{{"_type":"{STATEMENT_TYPE}","subject":[{{"digest":{{"sha256":"{_hex(digest)}"}},'
        f'"annotations":{{}}}}],"predicateType":"{COSIGN_SIGN}","predicate":{{}}}}'
    ).encode()


def statement(digest: str, predicate_type: str, predicate: Mapping[str, JsonValue]) -> bytes:
    """Return the canonical bytes of a statement about `digest`.

    Raises:
        UsageError: a malformed digest, or a predicate without one spelling
            (floats, integers beyond 53 bits).
    """
    try:
        return canonical_bytes(
            {
                "_type": STATEMENT_TYPE,
                "subject": [{"digest": {"sha256": _hex(digest)}}],
                "predicateType": predicate_type,
                "predicate": dict(predicate),
            }
        )
    except (TypeError, ValueError) as exc:
        raise UsageError(f"the predicate {predicate_type} cannot be signed: {exc}") from exc


def statement_of(digest: str, predicate_type: str, predicate: bytes) -> bytes:
    """Return the bytes of a statement about `digest` whose predicate is a JSON text as it stands.

    Raises:
        ConfigError: the predicate is not strict JSON, or not an object.
        UsageError: a malformed digest.
    """
    if not isinstance(strict_json.loads(predicate, source="the predicate"), dict):
        raise ConfigError("the predicate is not a JSON object")
    head = canonical_bytes(
        {
            "_type": STATEMENT_TYPE,
            "predicateType": predicate_type,
            "subject": [{"digest": {"sha256": _hex(digest)}}],
        }
    )
    return head[:-1] + b',"predicate":' + predicate.strip() + b"}"


def _hex(digest: str) -> str:
    if not (is_digest(digest) and digest.startswith("sha256:")):
        raise UsageError(f"{digest!r} is not sha256: and 64 lower-case hex digits")
    return digest.removeprefix("sha256:")
