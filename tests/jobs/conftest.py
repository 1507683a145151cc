"""Both databases for the queue: a SQLite file, and a schema of its own in PostgreSQL that is dropped after."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from queue_tables import Tables, drop_schema, made_schema, of_postgres, of_sqlite

POSTGRES = os.environ.get(
    "PILOTHOUSE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres"
)


@pytest.fixture(scope="session")
def postgres() -> str:
    psycopg = pytest.importorskip("psycopg")
    try:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
    except psycopg.OperationalError as error:
        print(f"\n*** THE QUEUE IS NOT TESTED ON POSTGRESQL: {error} ***", file=sys.stderr)
        pytest.skip("no PostgreSQL")
    return POSTGRES


@pytest.fixture(params=["sqlite", "postgres"])
def open_tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Tables]]:
    """Opens the test's database, each time as another process would."""
    if request.param == "sqlite":
        yield from _closing(lambda: of_sqlite(tmp_path / "q.db"))
        return
    url, schema = request.getfixturevalue("postgres"), f"q_{uuid.uuid4().hex}"
    made_schema(url, schema)
    yield from _closing(lambda: of_postgres(url, schema))
    drop_schema(url, schema)


@pytest.fixture
def tables(open_tables: Callable[[], Tables]) -> Tables:
    return open_tables()


def _closing(open_one: Callable[[], Tables]) -> Iterator[Callable[[], Tables]]:
    opened: list[Tables] = []

    def opener() -> Tables:
        opened.append(open_one())
        return opened[-1]

    yield opener
    for tables in opened:
        tables.close()
