"""What a signed payload must say before it counts."""

from audit.core import strict_json
from audit.core.errors import ConfigError
from audit.documents import COSIGN_SIGN, PAYLOAD_TYPE, STATEMENT_TYPE, Statement
from audit.sign._dsse import Envelope
from audit.sign._fields import without_twins

MAX_SUBJECTS = 1000


def check_statement(envelope: Envelope, *, digest: str, predicate_type: str) -> Statement:
    """Check that a signed payload is a statement of this type about this digest.

    Raises:
        ValueError: it is not, with the reason.
    """
    if envelope.payload_type != PAYLOAD_TYPE:
        raise ValueError(f"the payload type is {envelope.payload_type[:80]!r}, not {PAYLOAD_TYPE}")
    try:
        statement = Statement.read(envelope.payload, source="the statement")
        without_twins(strict_json.loads(envelope.payload, source="the statement"))
    except ConfigError as exc:
        raise ValueError(str(exc)) from exc
    if statement.predicate_type != predicate_type:
        found = statement.predicate_type[:200]
        raise ValueError(f"the statement is of type {found!r}, not {predicate_type}")
    if predicate_type == COSIGN_SIGN and statement.type_ != STATEMENT_TYPE:
        raise ValueError(f"a signature is a statement of type {STATEMENT_TYPE}")
    if len(statement.subject) > MAX_SUBJECTS:
        raise ValueError(f"the statement has more than {MAX_SUBJECTS} subjects")
    if not statement.is_about(digest):
        raise ValueError(f"the statement is not about {digest}")
    if predicate_type == COSIGN_SIGN and len(statement.subject) != 1:
        raise ValueError("a signature over more than one subject is not counted")
    return statement
