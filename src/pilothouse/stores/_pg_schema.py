"""Brings the schema up to date: forward only, one transaction a step, one process at a time."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import psycopg

from pilothouse.core.errors import StoreError
from pilothouse.stores._pg_address import PgAddress

Connection = psycopg.Connection[tuple[Any, ...]]


@cache
def migrations() -> tuple[str, ...]:
    """The SQL of every version, oldest first: migration n takes version n - 1 to n."""
    folder = resources.files("pilothouse.stores").joinpath("migrations_pg")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return tuple(f.read_text(encoding="utf-8") for f in files)


def upgrade(
    db: Connection, address: PgAddress, *, must_exist: bool = False, up_to: int | None = None
) -> None:
    """Apply what is missing; several processes may start at once. Raises `StoreError`, `psycopg.Error`.

    Refuses a schema that is newer than this program and leaves it as it is.
    """
    ours = len(migrations()) if up_to is None else up_to
    theirs = _version(db, address)
    if theirs == 0 and must_exist:
        raise StoreError(
            f"{address}: there is nothing of Pilothouse here yet. `pilothouse serve` or `pilothouse prove` "
            "makes it; --store or PILOTHOUSE_STORE names another database."
        )
    if theirs == 0:
        _refuse_encoding(db, address)
    while theirs != ours:
        with db.transaction():
            # Whoever starts second waits here, and then sees the new version.
            db.execute(b"SET LOCAL lock_timeout = '60s'")
            db.execute(
                b"SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
                [f"pilothouse schema {address.schema}"],
            )
            theirs = _version(db, address)
            if theirs > ours:
                raise StoreError(
                    f"{address}: written by a newer Pilothouse (schema {theirs}; this one knows {ours}). "
                    "Upgrade Pilothouse, or name another database with --store."
                )
            if theirs < ours:
                _step(db, address, theirs)
                theirs += 1


def _version(db: Connection, address: PgAddress) -> int:
    # Not to_regclass: it answers from a cache that the wait for the lock does not renew.
    there = db.execute(
        b"SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'schema_version'",
        [address.schema],
    )
    if not there.fetchall():
        return 0
    found = db.execute(f'SELECT version FROM "{address.schema}".schema_version'.encode())
    return int(found.fetchall()[0][0])


def _step(db: Connection, address: PgAddress, theirs: int) -> None:
    if theirs == 0:
        there = db.execute(b"SELECT 1 FROM pg_namespace WHERE nspname = $1", [address.schema])
        if (
            not there.fetchall()
        ):  # asked first: IF NOT EXISTS wants the right to make it all the same
            db.execute(f'CREATE SCHEMA "{address.schema}"'.encode())
        db.execute(b"CREATE TABLE schema_version (version INTEGER NOT NULL)")
        db.execute(b"INSERT INTO schema_version VALUES (0)")
    db.execute(migrations()[theirs].encode())
    db.execute(b"UPDATE schema_version SET version = $1", [theirs + 1])


def _refuse_encoding(db: Connection, address: PgAddress) -> None:
    encoding = db.execute(b"SHOW server_encoding").fetchall()[0][0]
    if encoding != "UTF8":
        raise StoreError(
            f"{address}: its encoding is {encoding}, which cannot hold every text. Make the database with "
            "ENCODING 'UTF8' (createdb -E UTF8 -T template0)."
        )
