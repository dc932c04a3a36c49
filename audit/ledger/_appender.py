"""Group commit: many callers, one thread that commits, one flush for all that wait.

A call returns when its event is durable and has its place. While the thread
commits one batch, the next one gathers; so batches grow with the load by
themselves, and a lone caller waits for nobody.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from audit.core.clock import Clock
from audit.core.errors import LedgerUnavailable, UsageError
from audit.documents import Event, LedgerEntry
from audit.ledger._leaf import as_entry, as_pending, check_key
from audit.ledger.store._process import HomeProcess
from audit.ledger.store._rows import EntryRow, Pending, Store

MAX_BATCH = 1024
MAX_WAITING = 100_000
"""More events than this do not wait: the caller is told instead of the memory filled."""

Outcome = LedgerEntry | Exception
Settle = Callable[[Outcome], None]


class _Waiting:
    """An event that waits, and where its outcome goes."""

    __slots__ = ("event", "loop", "pending", "settle")

    def __init__(
        self,
        event: Event,
        pending: Pending,
        settle: Settle,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self.event, self.pending, self.settle, self.loop = event, pending, settle, loop


class Appender:
    """Appends to one ledger from many threads and tasks; use it as a context manager."""

    def __init__(self, store: Store, clock: Clock, *, max_batch: int = MAX_BATCH) -> None:
        self._store, self._clock, self._max_batch = store, clock, max_batch
        self._waiting: list[_Waiting] = []
        self._changed = threading.Condition()
        self._closed = False
        self._home = HomeProcess()
        self._thread = threading.Thread(target=self._commit_all, name="ledger", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Return the appender."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Commit what waits, then stop."""
        self.close()

    def close(self) -> None:
        """Commit what waits, then stop. Later calls are refused."""
        if not self._home.is_here:
            return  # the parent's events are committed by the parent
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def submit(self, event: Event, *, key: str | None = None) -> "Future[LedgerEntry]":
        """Append an event and return its entry to be, which is durable when it is there.

        Raises:
            UsageError: the event or its key cannot be recorded.
            LedgerUnavailable: the appender is closed, or too much waits.
        """
        future: Future[LedgerEntry] = Future()

        def settle(outcome: Outcome) -> None:
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

        future.set_running_or_notify_cancel()  # an event that was handed in is not taken back
        self._add(_Waiting(event, _named(event, key), settle, None))
        return future

    async def append(self, event: Event, *, key: str | None = None) -> LedgerEntry:
        """Append an event and return its entry, which is durable then.

        A task that is cancelled while it waits has its event recorded all the same.

        Raises:
            UsageError: the event or its key cannot be recorded.
            LedgerUnavailable, ChainBroken: as `Ledger.append`.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[LedgerEntry] = loop.create_future()

        def settle(outcome: Outcome) -> None:
            if future.done():
                return
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

        self._add(_Waiting(event, _named(event, key), settle, loop))
        return await future

    def _add(self, one: _Waiting) -> None:
        self._home.check(self._store.url)  # nothing commits in a child: threads do not fork
        with self._changed:
            if self._closed:
                raise LedgerUnavailable(f"cannot write {self._store.url}: the appender is closed")
            if len(self._waiting) >= MAX_WAITING:
                raise LedgerUnavailable(
                    f"cannot write {self._store.url}: {MAX_WAITING} events wait already"
                )
            self._waiting.append(one)
            if len(self._waiting) == 1:
                self._changed.notify()

    def _commit_all(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                batch = self._waiting[: self._max_batch]
                del self._waiting[: self._max_batch]
            if not batch:
                return
            _settle(batch, self._commit(batch))

    def _commit(self, batch: Sequence[_Waiting]) -> list[Outcome]:
        """Return the outcome for each event of a batch."""
        try:
            rows = self._store.append([one.pending for one in batch], self._clock)
            return [_entry(row, one) for row, one in zip(rows, batch, strict=True)]
        except UsageError as exc:
            if len(batch) == 1:
                return [exc]
            # One event that cannot be recorded must not take the others with it.
            return [outcome for one in batch for outcome in self._commit([one])]
        except Exception as exc:  # noqa: BLE001 - whoever waits is told, whatever it was
            return [exc] * len(batch)


def _named(event: Event, key: str | None) -> Pending:
    pending = as_pending(event)
    return pending if key is None else pending._replace(key=check_key(key))


def _entry(row: EntryRow, one: _Waiting) -> LedgerEntry:
    return as_entry(row, one.event)


def _settle(batch: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
    """Tell everyone; each event loop is woken once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Settle, Outcome]]] = defaultdict(list)
    for one, outcome in zip(batch, outcomes, strict=True):
        if one.loop is None:
            one.settle(outcome)
        else:
            by_loop[one.loop].append((one.settle, outcome))
    for loop, settled in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle_in_loop, settled)
        except RuntimeError:
            continue  # the loop is closed: nobody waits there any more


def _settle_in_loop(settled: Sequence[tuple[Settle, Outcome]]) -> None:
    for settle, outcome in settled:
        settle(outcome)
