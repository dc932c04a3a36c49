"""The sequencer as a service (PostgreSQL): one at a time, and the next takes over.

* An advisory lock of the session makes one of them the sequencer. The server
  frees it when the session ends, however it ends.
* The epoch is raised by whoever takes over, and looked at in every
  transaction: one that was cut off and comes back finds that it is not the
  sequencer any more, and stops.
* One that is silent for `SILENT_SECONDS` (stopped, its machine gone, its network
  cut) loses its session, and with it the lock.
"""

import time
from collections.abc import Callable

import sqlalchemy as sa

from audit.core.clock import Clock
from audit.core.errors import LedgerUnavailable
from audit.ledger.store._inbox import SERVICE_LOCK, THIS_LEDGER, drain
from audit.ledger.store._postgres import PostgresStore, make_durable

_SHORTEST, _LONGEST = 0.002, 0.02
_STANDBY_SECONDS = 0.1
SILENT_SECONDS = 15
_IMPATIENT = """
SELECT set_config(name, CASE name WHEN 'idle_session_timeout' THEN %s
  WHEN 'tcp_keepalives_count' THEN '3' ELSE '5' END, false) FROM pg_settings WHERE name IN
  ('idle_session_timeout', 'tcp_keepalives_idle', 'tcp_keepalives_interval', 'tcp_keepalives_count')
"""
"""The settings that this server has; idle_session_timeout is there since PostgreSQL 14."""


def run_sequencer(store: PostgresStore, clock: Clock, *, should_stop: Callable[[], bool]) -> int:
    """Sequence the inbox until `should_stop`, and return how many events that were.

    Raises:
        LedgerUnavailable: another sequencer took over, or the database cannot be reached.
    """
    with store.session() as session:
        session.exec_driver_sql(_IMPATIENT, (f"{SILENT_SECONDS}s",))
        session.commit()
        while not session.exec_driver_sql(
            f"SELECT pg_try_advisory_lock(%s, {THIS_LEDGER})", (SERVICE_LOCK,)
        ).scalar_one():
            session.commit()
            if should_stop():
                return 0
            time.sleep(_STANDBY_SECONDS)
        epoch = session.exec_driver_sql(
            "UPDATE service SET epoch = epoch + 1 RETURNING epoch"
        ).scalar_one()
        session.commit()
        total, pause = 0, _SHORTEST
        while not should_stop():
            done = _one_batch(store, session, epoch, clock)
            total += done
            pause = _SHORTEST if done else min(2 * pause, _LONGEST)
            if not done:
                time.sleep(pause)
        session.exec_driver_sql(f"SELECT pg_advisory_unlock(%s, {THIS_LEDGER})", (SERVICE_LOCK,))
        session.commit()
        return total


def _one_batch(store: PostgresStore, session: sa.Connection, epoch: int, clock: Clock) -> int:
    with session.begin():
        # Locking the head takes a transaction's number and a flush, so not while nothing waits.
        look = "SELECT epoch, EXISTS (SELECT FROM inbox) FROM service"
        found, waits = session.exec_driver_sql(look).one()
        if found == epoch and not waits:
            return 0
        make_durable(session)
        writing = store.as_writing(session)
        writing.head()
        found = session.exec_driver_sql("SELECT epoch FROM service").scalar_one()
        if found != epoch:
            raise LedgerUnavailable(f"{store.url}: another sequencer took over")
        return drain(writing, clock)
