"""Opens a SQLite file and brings its schema up to date: forward only, one transaction a step."""

from __future__ import annotations

import sqlite3
from functools import cache
from importlib import resources
from pathlib import Path

from pilothouse.core.errors import StoreError


@cache
def migrations() -> tuple[str, ...]:
    """The SQL of every version, oldest first: migration n takes version n - 1 to n."""
    folder = resources.files("pilothouse.stores").joinpath("migrations")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return tuple(f.read_text(encoding="utf-8") for f in files)


def connect(path: Path, *, durable: bool) -> sqlite3.Connection:
    """A connection in WAL mode. `durable`: a commit is on disk before it returns (FULL).

    Raises `StoreError` with the path, the reason and what to do.
    """
    if path.is_dir():
        raise StoreError(f"{path}: this is a folder; name a file")
    if not path.parent.exists():
        raise StoreError(f"{path}: the folder {path.parent} does not exist; make it first")
    try:
        db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise explained(path, error) from None
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        db.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error as error:
        db.close()
        raise explained(path, error) from None
    return db


def upgrade(db: sqlite3.Connection, path: Path, *, up_to: int | None = None) -> None:
    """Apply what is missing. Raises `StoreError` when the file is newer than this program."""
    ours = len(migrations()) if up_to is None else up_to
    try:
        if _version(db) == ours:
            return
        while True:
            # IMMEDIATE: two processes that open an old file take turns, and the second sees the new version.
            db.execute("BEGIN IMMEDIATE")
            theirs = _version(db)
            if theirs > ours:
                db.execute("ROLLBACK")
                raise StoreError(
                    f"{path}: written by a newer Pilothouse (schema {theirs}; this one knows {ours}). "
                    "Upgrade Pilothouse, or name another file with --store."
                )
            if theirs == ours:
                db.execute("ROLLBACK")
                return
            for statement in _statements(migrations()[theirs]):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {theirs + 1}")
            db.execute("COMMIT")
    except sqlite3.Error as error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise explained(path, error) from None


def explained(path: Path, error: sqlite3.Error) -> StoreError:
    """The same failure in words a person can act on."""
    text = str(error)
    if "readonly" in text or "unable to open" in text:
        advice = "it cannot be written: check the rights of the file and its folder"
    elif "not a database" in text:
        advice = "this is not a SQLite database: name another file with --store"
    elif "malformed" in text:
        advice = "the database is damaged: restore a backup, or move it away to start anew"
    elif "locked" in text:
        advice = "another process holds it: try again, or stop that process"
    elif "full" in text:
        advice = "the disk is full: make room"
    else:
        advice = "SQLite refused"
    return StoreError(f"{path}: {advice} ({text})")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> list[str]:
    """Single statements, because `executescript` would commit our transaction."""
    found: list[str] = []
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            found.append(pending)
            pending = ""
    return found
