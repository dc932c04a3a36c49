"""Bring a PostgreSQL database to the schema this version knows."""

from pathlib import Path

import sqlalchemy as sa

REVISION = "0002"
"""The last step of migrations/versions."""
_LOCK = 0x4C4D4155
"""The advisory lock under which one process at a time migrates ("LMAU")."""


def migrate(engine: sa.Engine) -> None:
    """Run the steps that are missing; two processes at once do it once."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision_of(engine: sa.Engine) -> str | None:
    """Return the database's revision, or None if it holds no ledger."""
    with engine.connect() as connection:
        table = connection.exec_driver_sql("SELECT to_regclass('alembic_version')").scalar_one()
        if table is None:
            return None
        query = "SELECT version_num FROM alembic_version"
        found = connection.exec_driver_sql(query).scalar_one_or_none()
        return None if found is None else str(found)
