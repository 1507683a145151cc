"""Virtual keys in PostgreSQL. Savers take turns, so the change counter that readers follow has no holes."""

from __future__ import annotations

import msgspec

from pilothouse.core.keys import VirtualKey
from pilothouse.stores._keys import KeyReading, Query, name_is_taken
from pilothouse.stores._pg_link import Db, PgLink

_NEXT = "(SELECT COALESCE(MAX(changed), 0) + 1 FROM keys)"


class PgKeyTable(KeyReading):
    """Implements `KeyStore` on the connections of `PostgresStore`."""

    def __init__(self, link: PgLink, query: Query) -> None:
        super().__init__(query)
        self._link = link

    def save_key(self, key: VirtualKey) -> bool:
        """Compare-and-swap on the version; False = somebody was faster."""
        return self._link.write(lambda db: _save(db, key))


def _save(db: Db, key: VirtualKey) -> bool:
    is_live = key.revoked_us is None
    row = (key.name, key.version, is_live, msgspec.json.encode(key), key.id)
    db.execute("LOCK TABLE keys IN SHARE ROW EXCLUSIVE MODE")
    same_name = db.execute(
        "SELECT 1 FROM keys WHERE name = ? AND is_live AND id <> ?", (key.name, key.id)
    )
    if is_live and same_name.fetchall():
        raise name_is_taken(key)
    if key.version == 1:
        done = db.execute(
            "INSERT INTO keys (name, version, is_live, key_json, id, changed) "
            f"VALUES (?, ?, ?, ?, ?, {_NEXT}) ON CONFLICT (id) DO NOTHING",
            row,
        )
    else:
        done = db.execute(
            "UPDATE keys SET name = ?, version = ?, is_live = ?, key_json = ?, "
            f"changed = {_NEXT} WHERE id = ? AND version = ?",
            (*row, key.version - 1),
        )
    return done.rowcount == 1
