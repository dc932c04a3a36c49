"""Group commit: many callers, one thread, and nobody is answered before his event is durable."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from audit.core.errors import ChainBroken, LedgerUnavailable, UsageError
from audit.documents import MAX_ENTRY, Event
from audit.ledger import open_ledger
from audit.ledger._appender import Appender
from tests.fakes.databases import Database
from tests.fakes.ledgers import event


def test_many_tasks_append_and_each_gets_its_own_entry(url: str) -> None:
    async def run(appender: Appender) -> list[Any]:
        return await asyncio.gather(*(appender.append(event(number)) for number in range(200)))

    with open_ledger(url, create=True) as ledger:
        with ledger.appender() as appender:
            entries = asyncio.run(run(appender))
        assert [entry.event for entry in entries] == [event(number) for number in range(200)]
        assert sorted(entries, key=lambda entry: entry.number) == list(ledger.entries())
        assert ledger.verify().size == 200


def test_many_threads_append_and_each_gets_its_own_entry(url: str) -> None:
    with open_ledger(url, create=True) as ledger, ledger.appender() as appender:
        found: dict[int, Any] = {}

        def write(first: int) -> None:
            for number in range(first, first + 10):
                found[number] = appender.submit(event(number)).result()

        threads = [threading.Thread(target=write, args=(first,)) for first in range(0, 80, 10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {number: entry.event for number, entry in found.items()} == {
            number: event(number) for number in range(80)
        }
        assert ledger.verify().size == 80


class Recording:
    """A store that notes the size of each batch, and holds the first one until it is let go."""

    def __init__(self, store: Any) -> None:
        self._store, self.batches, self.first = store, list[int](), threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, pending: Sequence[Any], clock: Any) -> Any:
        self.batches.append(len(pending))
        self.first.wait(5)
        return self._store.append(pending, clock)


def test_what_waits_while_a_batch_is_committed_makes_the_next_batch(url: str) -> None:
    with open_ledger(url, create=True) as ledger:
        store = Recording(ledger._store)
        with Appender(store, ledger._clock, max_batch=8) as appender:
            futures = [appender.submit(event(0))]
            while not store.batches:
                threading.Event().wait(0.001)
            futures += [appender.submit(event(number)) for number in range(1, 21)]
            store.first.set()
            assert [future.result().number for future in futures] == list(range(21))
        assert store.batches == [1, 8, 8, 4]


def test_one_event_that_cannot_be_recorded_does_not_take_the_others_with_it(url: str) -> None:
    with open_ledger(url, create=True) as ledger:
        ledger.append(event(9), key="nine")
        store = Recording(ledger._store)
        with Appender(store, ledger._clock) as appender:
            futures = [appender.submit(event(10))]
            while not store.batches:
                threading.Event().wait(0.001)
            futures.append(appender.submit(event(11)))
            futures.append(appender.submit(event(13), key="nine"))
            futures.append(appender.submit(event(12)))
            store.first.set()
            assert isinstance(futures[2].exception(), UsageError)
            assert [futures[at].result().event for at in (0, 1, 3)] == [
                event(number) for number in (10, 11, 12)
            ]
        assert ledger.verify().size == 4


def test_an_event_that_can_never_be_recorded_is_refused_before_it_waits(url: str) -> None:
    with open_ledger(url, create=True) as ledger, ledger.appender() as appender:
        with pytest.raises(UsageError, match="is the most"):
            appender.submit(Event(type="a.b", facts={"text": "x" * MAX_ENTRY}))
        with pytest.raises(UsageError, match="printable ASCII"):
            appender.submit(event(0), key="a b")


def test_an_event_is_recorded_once_under_its_key(url: str) -> None:
    with open_ledger(url, create=True) as ledger, ledger.appender() as appender:
        futures = [appender.submit(event(1), key="one") for _ in range(5)]
        assert {future.result().number for future in futures} == {0}
        assert ledger.size() == 1


def test_everyone_is_told_when_the_ledger_does_not_hold(database: Database, made: str) -> None:
    with database.editor(made) as edit:
        edit("UPDATE head SET last_ns = 0")
    with open_ledger(made) as ledger, ledger.appender() as appender:
        futures = [appender.submit(event(number)) for number in range(3)]
        assert all(isinstance(future.exception(5), ChainBroken) for future in futures)


def test_closing_commits_what_waits_and_refuses_the_rest(url: str) -> None:
    with open_ledger(url, create=True) as ledger:
        appender = ledger.appender()
        futures = [appender.submit(event(number)) for number in range(50)]
        appender.close()
        assert all(future.done() for future in futures)
        with pytest.raises(LedgerUnavailable, match="is closed"):
            appender.submit(event(51))
        assert ledger.size() == 50


def test_a_task_that_is_cancelled_has_its_event_recorded_and_harms_nobody(url: str) -> None:
    async def run(appender: Appender) -> None:
        tasks = [asyncio.create_task(appender.append(event(number))) for number in range(4)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(done[1], asyncio.CancelledError)

    with open_ledger(url, create=True) as ledger:
        with ledger.appender() as appender:
            asyncio.run(run(appender))
        assert ledger.verify().size == 4
