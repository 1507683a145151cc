"""Virtual keys in SQLite: opaque versioned JSON, with a change counter that readers follow."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import msgspec

from pilothouse.core.errors import InvalidInput
from pilothouse.core.keys import VirtualKey

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]
"""Opens a durable transaction that is committed on the way out."""
Query = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
"""Rows of one SELECT."""

_DECODER = msgspec.json.Decoder(VirtualKey)
_NEXT = "(SELECT COALESCE(MAX(changed), 0) + 1 FROM keys)"


def name_is_taken(key: VirtualKey) -> InvalidInput:
    """The refusal of a second live key of one name."""
    return InvalidInput(
        f'there is a key "{key.name}" already; choose another name, or revoke that one'
    )


class KeyReading:
    """The reading half of a `KeyStore`, the same in SQLite and PostgreSQL."""

    def __init__(self, query: Query) -> None:
        self._query = query

    def key(self, id_or_name: str) -> VirtualKey | None:
        """By id, or by name (of a live key, else of the one revoked last)."""
        found = self._keys("WHERE id = ?", (id_or_name,)) or self._keys(
            "WHERE name = ? ORDER BY is_live DESC, changed DESC LIMIT 1", (id_or_name,)
        )
        return found[0] if found else None

    def all_keys(self) -> list[VirtualKey]:
        """All, oldest first."""
        return self._keys("ORDER BY id", ())

    def keys_changed(self, after: int) -> tuple[list[VirtualKey], int]:
        """Keys changed after the cursor, and the new cursor."""
        rows = self._query(
            "SELECT key_json, changed FROM keys WHERE changed > ? ORDER BY changed", (after,)
        )
        return [_DECODER.decode(row[0]) for row in rows], rows[-1][1] if rows else after

    def _keys(self, clause: str, values: Sequence[Any]) -> list[VirtualKey]:
        rows = self._query(f"SELECT key_json FROM keys {clause}", values)
        return [_DECODER.decode(row[0]) for row in rows]


class KeyTable(KeyReading):
    """Implements `KeyStore` on the connections of `SqliteStore`."""

    def __init__(self, transaction: Transaction, query: Query) -> None:
        super().__init__(query)
        self._transaction = transaction

    def save_key(self, key: VirtualKey) -> bool:
        """Compare-and-swap on the version; False = somebody was faster."""
        is_live = key.revoked_us is None
        row = (key.name, key.version, is_live, msgspec.json.encode(key), key.id)
        with self._transaction() as db:
            if (
                is_live
                and db.execute(
                    "SELECT 1 FROM keys WHERE name = ? AND is_live AND id <> ?", (key.name, key.id)
                ).fetchone()
            ):
                raise name_is_taken(key)
            if key.version == 1:
                done = db.execute(
                    "INSERT OR IGNORE INTO keys (name, version, is_live, key_json, id, changed) "
                    f"VALUES (?, ?, ?, ?, ?, {_NEXT})",
                    row,
                )
            else:
                done = db.execute(
                    "UPDATE keys SET name = ?, version = ?, is_live = ?, key_json = ?, "
                    f"changed = {_NEXT} WHERE id = ? AND version = ?",
                    (*row, key.version - 1),
                )
            return done.rowcount == 1
