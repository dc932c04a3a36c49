"""Leaves: one canonical byte string per entry, written and read.

`{"event":{..},"prev":"..","schema":"audit.entry/v1","seq":"..","ts_ns":".."}`

The event is encoded by whoever appends; the sequencer only writes the rest
around it, so that little is done while the log is locked. msgspec writes the
same bytes as RFC 8785 for the values we allow (ASCII keys, no floats, integers
within 53 bits); tests compare it with another implementation.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from pydantic import ValidationError

from audit.core.canonical import MAX_SAFE_INT, canonical_bytes
from audit.core.errors import UsageError
from audit.documents import (
    ENTRY_SCHEMA,
    GENESIS,
    MAX_ENTRY,
    Event,
    FrozenFacts,
    LedgerEntry,
    first_problem,
)
from audit.ledger.store._rows import EntryRow, Pending

_LAST = 2**63 - 1
_PREV = b',"prev":"'
_new, _put = LedgerEntry.__new__, object.__setattr__
_AROUND = 200
"""More bytes than a leaf has around its event."""
Outline = tuple[str, str, str, str, str | None]
"""What a leaf says: number, time, the hash before it, type and subject."""
_KEY = re.compile("[!-~]{1,200}")
_DEPTH = 8
"""Facts that nest deeper are checked by the slower reader."""


def _json_type(key: Any) -> Any:
    whole = Annotated[int, msgspec.Meta(ge=-MAX_SAFE_INT, le=MAX_SAFE_INT)]
    found: Any = None | bool | whole | str
    for _ in range(_DEPTH):
        found = None | bool | whole | str | list[found] | dict[key, found]
    return dict[key, found]


class _Named(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    digest: str
    name: str


def _decoder(key: Any) -> Callable[[bytes], Any]:
    """Return what decodes a leaf whose facts have keys of this type."""
    members = [
        ("facts", _json_type(key)),
        ("inputs", list[_Named]),
        ("model_id", str | None),
        ("outputs", list[_Named]),
        ("subject", str | None),
        ("type", str),
    ]
    event = msgspec.defstruct("_Event", members, forbid_unknown_fields=True)
    around = [("event", event), *((name, str) for name in ("prev", "schema", "seq", "ts_ns"))]
    return msgspec.json.Decoder(
        msgspec.defstruct("_Entry", around, forbid_unknown_fields=True)
    ).decode


_decode_ascii = _decoder(str)
_decode_any = _decoder(Annotated[str, msgspec.Meta(pattern=r"^[\x00-\x7f]*$")])
"""For leaves that are not ASCII as a whole: their keys must be."""
_encode = msgspec.json.Encoder(order="sorted").encode


def encode_event(event: Event) -> bytes:
    """Return the canonical JSON of an event.

    Raises:
        UsageError: the event was made around its checks, and has no canonical form.
    """
    if type(event.facts) is not FrozenFacts:
        try:
            return canonical_bytes(event.model_dump(mode="json"))
        except (TypeError, ValueError) as exc:
            raise UsageError(f"the event {event.type} cannot be recorded: {exc}") from exc
    return _encode(
        {
            "facts": event.facts,
            "inputs": [{"digest": one.digest, "name": one.name} for one in event.inputs],
            "model_id": event.model_id,
            "outputs": [{"digest": one.digest, "name": one.name} for one in event.outputs],
            "subject": event.subject,
            "type": event.type,
        }
    )


def as_pending(event: Event) -> Pending:
    """Return the event as it waits to be recorded.

    Raises:
        UsageError: it has no canonical form, or would make too long an entry.
    """
    pending = Pending(encode_event(event), event.type, event.subject)
    if len(pending.event) > MAX_ENTRY - _AROUND:
        # Where it will stand is not known yet: it must fit everywhere, or the log would stop there.
        splice(pending.event, prev=GENESIS, seq=_LAST, ts_ns=_LAST)
    return pending


def problem_of(pending: Pending) -> str | None:
    """Return why something that waits is not an event as `as_pending` makes them, if it is not."""
    try:
        event = Event.model_validate_json(pending.event)
        if as_pending(event)._replace(key=pending.key) != pending:
            return "it is not in canonical form, or its type or subject is another"
    except (ValueError, UsageError):
        return "it is not an event"
    return None


def check_key(key: str) -> str:
    """Return a caller's key for an event.

    Raises:
        UsageError: empty, longer than 200 characters, or not printable ASCII.
    """
    if not _KEY.fullmatch(key):
        raise UsageError("a key for an event is 1 to 200 printable ASCII characters")
    return key


def as_entry(row: EntryRow, event: Event) -> LedgerEntry:
    """Return the entry in a row that was just made of `event`, without reading it again."""
    seq, ts_ns, _, _, leaf, _ = row
    prev = leaf.rindex(_PREV) + len(_PREV)
    values = {
        "event": event,
        "prev": leaf[prev : prev + 64].decode("ascii"),
        "schema_": ENTRY_SCHEMA,
        "seq": str(seq),
        "ts_ns": ts_ns,
    }
    # What model_construct does for any model, written out: that costs more than the append.
    entry = _new(LedgerEntry)
    _put(entry, "__dict__", values)
    _put(entry, "__pydantic_fields_set__", {"event", "prev", "schema_", "seq", "ts_ns"})
    _put(entry, "__pydantic_extra__", None)
    _put(entry, "__pydantic_private__", None)
    return entry


def splice(event: bytes, *, prev: str, seq: int, ts_ns: int) -> bytes:
    """Return the leaf that holds `event` at place `seq`.

    Raises:
        UsageError: the leaf would be longer than `MAX_ENTRY`.
    """
    tail = f',"prev":"{prev}","schema":"{ENTRY_SCHEMA}","seq":"{seq}","ts_ns":"{ts_ns}"}}'
    leaf = b'{"event":' + event + tail.encode()
    if len(leaf) > MAX_ENTRY:
        raise UsageError(
            f"an entry of {len(leaf)} bytes; {MAX_ENTRY} is the most",
            hint="keep the payload elsewhere and record its digest",
        )
    return leaf


def outline(leaf: bytes) -> Outline | None:
    """Return what a leaf says around its event, or None if it is not the canonical JSON of one.

    Each member is of its type. What it may say (patterns of digests and names)
    is for `read_leaf`.
    """
    try:
        value = (_decode_ascii if leaf.isascii() else _decode_any)(leaf)
    except (msgspec.DecodeError, ValueError):
        return _slow_outline(leaf)  # facts that nest deeper, or no entry
    if _encode(value) != leaf or len(leaf) > MAX_ENTRY or value.schema != ENTRY_SCHEMA:
        return None
    return (value.seq, value.ts_ns, value.prev, value.event.type, value.event.subject)


def _slow_outline(leaf: bytes) -> Outline | None:
    try:
        entry = read_leaf(leaf)
    except ValueError:
        return None
    event = entry.event
    return (entry.seq, str(entry.ts_ns), entry.prev, event.type, event.subject)


def is_canonical(leaf: bytes) -> bool:
    """Whether a leaf is the canonical JSON of an entry's members, each of its type."""
    return outline(leaf) is not None


def read_leaf(leaf: bytes) -> LedgerEntry:
    """Return the entry in a leaf.

    Raises:
        ValueError: not an entry, or not in its one canonical spelling.
    """
    try:
        entry = LedgerEntry.model_validate_json(leaf)
        canonical = entry.leaf()
    except ValidationError as exc:
        raise ValueError(f"is not an entry ({first_problem(exc)})") from exc
    except (TypeError, ValueError) as exc:
        raise ValueError("is not in canonical form") from exc
    if canonical != leaf:
        raise ValueError("is not in canonical form")
    return entry
