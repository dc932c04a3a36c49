"""Every ledger test runs on SQLite and on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.databases import Database, PostgresDatabase, SqliteDatabase
from tests.fakes.postgres import running


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Database]]:
    with running() as server:
        yield {
            "sqlite": SqliteDatabase(tmp_path_factory.mktemp("ledgers")),
            "postgresql": PostgresDatabase(server),
        }


@pytest.fixture(params=["sqlite", "postgresql"], scope="session")
def database(request: pytest.FixtureRequest, databases: dict[str, Database]) -> Database:
    return databases[request.param]


@pytest.fixture
def url(database: Database) -> str:
    """The URL of a ledger to be made."""
    return database.new()


@pytest.fixture
def made(database: Database) -> str:
    """The URL of a ledger of 20 entries with checkpoints over 7, 13 and 19, to be spoiled."""
    return database.made()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The path of a SQLite ledger to be made."""
    return tmp_path / "ledger.db"
