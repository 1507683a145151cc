"""All keys in memory, found by the hash of the secret: one look-up, however many there are."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from pilothouse.core.keys import (
    Denied,
    KeyStore,
    VirtualKey,
    denial,
    hashes,
    looks_like_secret,
    secret_hash,
)
from pilothouse.core.limits import Scope, scope_of


class Holder(Struct, frozen=True):
    """Who asks: the key, and the scopes that every request of it counts in."""

    key: VirtualKey
    scopes: tuple[Scope, ...]
    """The key's own and its team's. The same objects until the key changes."""


class KeyRing:
    """Keys as of the last `refresh`. `teams` are the configured ones by name; others have no limits.

    A second dictionary finds keys by id, so that a change takes out the hashes that were before.
    """

    def __init__(self, store: KeyStore, teams: Mapping[str, Scope] | None = None) -> None:
        self._store = store
        self._teams = dict(teams or {})
        self._holders: dict[str, Holder] = {}
        self._by_id: dict[str, VirtualKey] = {}
        self._cursor = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def refresh(self) -> int:
        """Take over what changed in the store since the last time; how many keys that were.

        Blocks on the database, for the changes alone: call it in a thread each second, and at once after an
        own change. Safe beside `find` in another thread. Raises `StoreError`; the keys stay as they were.
        """
        changed, cursor = self._store.keys_changed(self._cursor)
        for key in changed:
            before = self._by_id.get(key.id)
            new = hashes([key])
            self._holders.update(dict.fromkeys(new, Holder(key, self._scopes(key))))
            for gone in set(hashes([before]) if before else ()) - set(new):
                self._holders.pop(gone, None)
            self._by_id[key.id] = key
        self._cursor = cursor
        return len(changed)

    def reteam(self, teams: Mapping[str, Scope]) -> None:
        """Other limits of teams (the configuration was reloaded)."""
        self._teams = dict(teams)
        self._holders = {
            hashed: Holder(held.key, self._scopes(held.key))
            for hashed, held in self._holders.items()
        }

    def find(self, secret: str, now_us: int) -> Holder | Denied:
        """Whose secret this is, or why it opens nothing now."""
        hashed = secret_hash(secret) if looks_like_secret(secret) else ""
        held = self._holders.get(hashed)
        denied = denial(held.key if held else None, hashed, now_us)
        if held is None or denied is not None:
            return denied or Denied("unknown", "")
        return held

    def holder(self, key_id: str, now_us: int) -> Holder | Denied:
        """Whose key this is (a job knows its key's id alone), or why it is good for nothing now."""
        key = self._by_id.get(key_id)
        denied = denial(key, key.secret_hash if key else "", now_us)
        if key is None or denied is not None:
            return denied or Denied("unknown", "")
        return Holder(key, self._scopes(key))

    def _scopes(self, key: VirtualKey) -> tuple[Scope, ...]:
        own = scope_of("key", key.id, key.limits, key.budgets, label=key.name)
        if key.team is None:
            return (own,)
        return (own, self._teams.get(key.team) or scope_of("team", key.team))
