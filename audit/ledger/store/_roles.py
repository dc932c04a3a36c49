"""Who may do what in PostgreSQL: one grant per kind of user.

* reader: reads entries, checkpoints and the head
* writer: a reader who puts events into the inbox, and payloads into the vault
* sequencer: a writer who records events and signs checkpoints; he edits no entry

The owner of the tables is none of them: migrations, erasure and expiry need
him, since only he can rewrite a table or drop a partition. Grants are hygiene, like the guards: they keep programs from mistakes, not the owner.
"""

from audit.core.errors import UsageError
from audit.ledger.store._postgres import PostgresStore

_READ = (
    "GRANT SELECT ON entries, keys, checkpoints, attachments, head, service, expiries, stubs "
    "TO {role}"
)
_CATALOG = "GRANT SELECT ON alembic_version TO {role}"
_WRITE = "GRANT SELECT, INSERT ON inbox, vault, subjects, payloads TO {role}"
_SEQUENCE = (
    "GRANT INSERT ON entries, keys, checkpoints, attachments TO {role}",
    "GRANT UPDATE ON head, service TO {role}",
    "GRANT DELETE ON inbox TO {role}",
    "GRANT EXECUTE ON FUNCTION ledger_partition(bigint) TO {role}",
)
GRANTS = {
    "reader": (_READ, _CATALOG),
    "writer": (_READ, _CATALOG, _WRITE),
    "sequencer": (_READ, _CATALOG, _WRITE, *_SEQUENCE),
}


def grant(store: PostgresStore, role: str, kind: str) -> None:
    """Let an existing role be a reader, a writer or a sequencer.

    Raises:
        UsageError: not a kind of user.
        LedgerUnavailable: no such role, or the caller does not own the tables.
    """
    if kind not in GRANTS:
        raise UsageError(f"{kind!r} is not one of {', '.join(GRANTS)}")
    with store.transaction() as connection:
        quoted = connection.dialect.identifier_preparer.quote_identifier(role)
        schema = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
        for statement in (f"GRANT USAGE ON SCHEMA {schema} TO {{role}}", *GRANTS[kind]):
            connection.exec_driver_sql(statement.format(role=quoted))
