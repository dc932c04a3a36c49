"""A process that forks: its child cannot use the ledger it finds open, and breaks nothing."""

import os
import warnings
from collections.abc import Callable

from audit.core.errors import LedgerUnavailable
from audit.ledger import open_ledger
from tests.fakes.ledgers import event


def in_child(work: Callable[[], str]) -> str:
    """Return what `work` gives in a child process."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Newer Pythons warn of threads; that a child may not use them is what is tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            said = work()
        except BaseException as exc:  # noqa: BLE001 - told to the parent
            said = f"{type(exc).__name__}: {exc}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def test_a_child_cannot_use_the_ledger_its_parent_opened(url: str) -> None:
    with open_ledger(url, create=True) as ledger:
        ledger.append(event(0))
        for use in (ledger.size, lambda: ledger.append(event(1)), ledger.verify):
            said = in_child(lambda use=use: str(use()))  # type: ignore[misc]
            assert said.startswith("LedgerUnavailable"), said
            assert "opened by the process that forked this one" in said
        assert ledger.append(event(1)).number == 1
        assert ledger.verify().size == 2


def test_a_child_that_opens_the_ledger_again_writes_beside_its_parent(url: str) -> None:
    def append() -> str:
        with open_ledger(url) as again:
            return again.append(event(1)).seq

    with open_ledger(url, create=True) as ledger:
        ledger.append(event(0))
        assert in_child(append) == "1"
        assert [ledger.append(event(2)).number, ledger.verify().size] == [2, 3]
        assert in_child(append) == "3"
    with open_ledger(url) as ledger:
        assert ledger.verify().size == 4


def test_a_child_that_closes_what_it_inherited_takes_nothing_from_its_parent(url: str) -> None:
    with open_ledger(url, create=True) as ledger:
        ledger.append(event(0))

        def close() -> str:
            ledger.close()
            return "closed"

        reading = ledger.entries()  # holds a connection while the child closes
        assert next(reading).event == event(0)
        assert in_child(close) == "closed"
        assert list(reading) == []
        assert ledger.append(event(1)).number == 1


def test_a_child_is_refused_by_an_appender_and_does_not_wait_for_ever(url: str) -> None:
    with open_ledger(url, create=True) as ledger, ledger.appender() as appender:
        assert appender.submit(event(0)).result().number == 0

        def append() -> str:
            try:
                return appender.submit(event(1)).result(5).seq
            except LedgerUnavailable as exc:
                appender.close()
                return str(exc)

        assert "open the ledger again" not in in_child(append)
        assert "opened by the process that forked this one" in in_child(append)
        assert appender.submit(event(1)).result().number == 1
