"""Both databases: SQLite in a temporary folder, PostgreSQL in a schema of its own that is dropped after.

PostgreSQL is the one at PILOTHOUSE_TEST_POSTGRES or on the usual port, else one that is started here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pilothouse.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from pilothouse.stores._pg_address import PgAddress
    from pilothouse.stores.postgres import PostgresStore

    from .postgres_server import Wire

    AnyStore = SqliteStore | PostgresStore
    OpenStore = Callable[[], AnyStore]


def _loudly_skipped(why: object) -> None:
    print(f"\n*** THE POSTGRESQL STORE IS NOT TESTED: {why} ***", file=sys.stderr)
    pytest.skip(str(why))


def _answers(url: str) -> bool:
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    if find_spec("psycopg") is None:
        _loudly_skipped("psycopg is not installed (pip install 'pilothouse[postgres]')")
    given = os.environ.get("PILOTHOUSE_TEST_POSTGRES")
    usual = "postgresql://postgres@127.0.0.1:5432/postgres"
    if given or _answers(usual):
        yield given or usual
        return
    from .postgres_server import Server

    try:
        server = Server()
    except Exception as error:
        _loudly_skipped(f"no server on port 5432, and none could be started here ({error})")
        raise
    yield server.url
    server.close()


@pytest.fixture
def address(postgres_url: str, tmp_path: Path) -> Iterator[PgAddress]:
    from .postgres_server import a_schema, dropped

    made = a_schema(postgres_url, tmp_path)
    yield made
    dropped(made)


@pytest.fixture
def wire(postgres_url: str) -> Iterator[Wire]:
    from .postgres_server import Wire

    made = Wire(postgres_url)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgres"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens the database of the test, each time as another process would."""
    opened: list[AnyStore] = []

    def open_one() -> AnyStore:
        if request.param == "sqlite":
            opened.append(SqliteStore(tmp_path / "t.db"))
        else:
            from pilothouse.stores.postgres import PostgresStore

            opened.append(PostgresStore(request.getfixturevalue("address")))
        return opened[-1]

    if request.param == "postgres":
        request.getfixturevalue("address")  # before the stores, so that it is dropped after them
    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: OpenStore) -> AnyStore:
    return open_store()


@pytest.fixture
def pg_store(address: PgAddress) -> Iterator[PostgresStore]:
    from pilothouse.stores.postgres import PostgresStore

    opened = PostgresStore(address)
    yield opened
    opened.close()


@pytest.fixture
def wired(address: PgAddress, wire: Wire) -> Iterator[PostgresStore]:
    """A store whose connections go through `wire`."""
    from pilothouse.stores._pg_address import address_from_url
    from pilothouse.stores.postgres import PostgresStore

    through = address_from_url(wire.url, schema=address.schema, spill_folder=address.spill_folder)
    opened = PostgresStore(through)
    yield opened
    opened.close()
