"""The queue of a store, as one process opens it: a SQLite file, or a schema of PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pilothouse.stores._batches import BatchTable
from pilothouse.stores._jobs import JobTable
from pilothouse.stores.sqlite import SqliteStore


class Tables:
    """The queue of one store, opened as one process would."""

    def __init__(self, jobs: JobTable, batches: BatchTable, close: Callable[[], None]) -> None:
        self.jobs = jobs
        self.batches = batches
        self.close = close


def of_sqlite(path: Path) -> Tables:
    store = SqliteStore(path)
    return Tables(store.jobs, store.batches, store.close)


def of_postgres(url: str, schema: str) -> Tables:
    from pilothouse.stores._pg_address import address_from_url
    from pilothouse.stores.postgres import PostgresStore

    store = PostgresStore(address_from_url(url, schema=schema))
    return Tables(store.jobs, store.batches, store.close)


def connected(url: str, schema: str) -> Any:
    import psycopg

    connection = psycopg.connect(url, autocommit=True)
    connection.execute(f'SET search_path = "{schema}"'.encode())
    return connection


def made_schema(url: str, schema: str) -> None:
    of_postgres(url, schema).close()


def drop_schema(url: str, schema: str) -> None:
    with connected(url, "public") as db:
        db.execute(f'DROP SCHEMA "{schema}" CASCADE'.encode())
    db.close()
