"""One writer, in a process of its own: `python -m audit.ledger.hammer._writer`.

It appends until its time is over, and writes every acknowledgement down. What
was refused is tried again with the same keys, as a caller does who lost an
answer. The ledger's URL comes by the environment, since it may hold a password.
"""

import os
import random
import sys
import time
from pathlib import Path

from audit.core.clock import now_ns
from audit.core.errors import LedgerUnavailable
from audit.ledger._leaf import as_pending
from audit.ledger._ledger import Ledger
from audit.ledger._open import open_store
from audit.ledger.hammer._acks import AckFile, hammer_event
from audit.ledger.store._rows import Store

_PAUSE_SECONDS = 0.05
_SUBMITTED = 8
"""Of so many calls one does not wait for the entry's place."""


def write(url: str, acks: AckFile, *, writer: str, until: float, batch: int) -> None:
    """Append until the monotonic time `until`, up to `batch` events per call."""
    source = random.Random(writer)  # noqa: S311 - how many events a call has is no secret
    store: Store | None = None
    number, call = 0, 0
    while time.monotonic() < until:
        events = [hammer_event(writer, number + at) for at in range(source.randint(1, batch))]
        keys = [f"{writer}-{number + at}" for at in range(len(events))]
        try:
            store = store or open_store(url, create=False, read_only=False)
            if call % _SUBMITTED == _SUBMITTED - 1:
                pending = [as_pending(one) for one in events]
                named = zip(pending, keys, strict=True)
                store.submit([one._replace(key=key) for one, key in named], now_ns)
                acks.durable(events)
            else:
                acks.sequenced(Ledger(store).append_many(events, keys=keys))
        except LedgerUnavailable:
            acks.refused()
            time.sleep(_PAUSE_SECONDS)
            continue
        number, call = number + len(events), call + 1
    if store is not None:
        store.close()


if __name__ == "__main__":
    _folder, _name, _seconds, _batch = sys.argv[1:]
    write(
        os.environ["AUDIT_LEDGER"],
        AckFile(Path(_folder), _name),
        writer=_name,
        until=time.monotonic() + float(_seconds),
        batch=int(_batch),
    )
