"""Leaves: one canonical byte string per entry, written and read.

`{"event":{..},"prev":"..","schema":"audit.entry/v1","seq":"..","ts_ns":".."}`

The event is encoded by whoever appends; the sequencer only writes the rest
around it, so that little is done while the log is locked.
"""

from pydantic import ValidationError

from audit.core.canonical import canonical_bytes
from audit.core.errors import UsageError
from audit.documents import ENTRY_SCHEMA, MAX_ENTRY, Event, LedgerEntry, first_problem


def encode_event(event: Event) -> bytes:
    """Return the canonical JSON of an event.

    Raises:
        UsageError: a fact was changed after the event was made, and has no canonical form now.
    """
    try:
        return canonical_bytes(event.model_dump(mode="json"))
    except (TypeError, ValueError) as exc:
        raise UsageError(f"the event {event.type} cannot be recorded: {exc}") from exc


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
