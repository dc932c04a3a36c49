"""Ask witnesses for cosignatures (C2SP tlog-witness, the log's side)."""

import http.client
import urllib.parse
from collections.abc import Callable

from audit.core.errors import EvidenceError, SignatureMismatch, VerificationError
from audit.documents import Checkpoint
from audit.ledger._base64 import encode_base64
from audit.ledger._note import parse_note, parse_signatures
from audit.ledger._policy import Witness
from audit.ledger.tiles import TiledTree

_TIMEOUT_SECONDS = 20
_MAX_ANSWER = 1 << 16
Post = Callable[[str, bytes], tuple[int, bytes]]
"""Sends a body to a URL and returns status and body."""


def ask_witness(witness: Witness, checkpoint: Checkpoint, tree: TiledTree, *, post: Post) -> str:
    """Return the witness's cosignature over the checkpoint, one line.

    `tree` is the checkpoint's, for the proof from what the witness saw last.

    Raises:
        EvidenceError: the witness cannot be reached or does not answer as it should.
        VerificationError: the witness saw another history, or its cosignature does not verify.
    """
    if witness.url is None:
        raise EvidenceError(f"the policy gives no URL for the witness {witness.name}")
    url = witness.url.rstrip("/") + "/add-checkpoint"
    status, answer = post(url, _request(0, checkpoint, tree))
    if status == 409:  # it saw this log before, and says how far
        status, answer = post(url, _request(_seen(witness, answer, tree), checkpoint, tree))
    if status in {409, 422}:
        raise VerificationError(
            f"the witness {witness.name} saw another history of {checkpoint.origin}",
            hint="keep both checkpoints: they show that the log was forked or rolled back",
        )
    if status != 200:
        raise EvidenceError(f"the witness {witness.name} answers {status}")
    return _verified(witness, checkpoint, answer)


def _request(old: int, checkpoint: Checkpoint, tree: TiledTree) -> bytes:
    lines = [f"old {old}", *map(encode_base64, tree.consistency(old)), "", checkpoint.note]
    return "\n".join(lines).encode()


def _seen(witness: Witness, answer: bytes, tree: TiledTree) -> int:
    digits = answer.decode("ascii", "replace").removesuffix("\n")
    if not digits.isdigit() or len(digits) > 19:
        raise EvidenceError(f"the witness {witness.name} does not say what it saw")
    if int(digits) > tree.size:
        raise VerificationError(
            f"the witness {witness.name} saw a tree of {int(digits)}, and this one has {tree.size}",
            hint="the ledger was rolled back, or this is an older checkpoint of it",
        )
    return int(digits)


def _verified(witness: Witness, checkpoint: Checkpoint, answer: bytes) -> str:
    text = parse_note(checkpoint.note.encode()).text
    for line in parse_signatures(answer):
        if (line.name, line.key_id) == (witness.key.name, witness.key.key_id):
            witness.key.check(text, line.signature)
            return str(line)
    raise SignatureMismatch(f"the witness {witness.name} did not sign with the policy's key")


def post_http(url: str, body: bytes) -> tuple[int, bytes]:
    """Send a body with HTTP or HTTPS; redirects are not followed.

    Raises:
        EvidenceError: the host cannot be reached.
    """
    parts = urllib.parse.urlsplit(url)
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    if parts.scheme not in kinds or not parts.hostname:
        raise EvidenceError(f"{url!r} is not the URL of a witness")
    connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("POST", parts.path, body)
        response = connection.getresponse()
        return response.status, response.read(_MAX_ANSWER)
    except (OSError, http.client.HTTPException) as exc:
        raise EvidenceError(f"cannot reach {parts.scheme}://{parts.netloc}: {exc}") from exc
    finally:
        connection.close()
