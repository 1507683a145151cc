"""All keys in memory: found by hash, following what changes in the store."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from pilothouse.client.keyring import Holder, KeyRing
from pilothouse.core.keys import Denied, VirtualKey, new_secret, revoked, rotated, secret_hash
from pilothouse.core.limits import Limits, scope_of
from pilothouse.stores.sqlite import SqliteStore


def a_secret(number: int) -> str:
    return new_secret(number.to_bytes(32)).reveal()


def a_key(number: int, **changes: object) -> VirtualKey:
    values: dict[str, object] = {
        "id": f"K{number}",
        "name": f"key {number}",
        "secret_hash": secret_hash(a_secret(number)),
        "last4": a_secret(number)[-4:],
        "created_us": 1,
    }
    return VirtualKey(**{**values, **changes})  # type: ignore[arg-type]


def name_found(ring: KeyRing, secret: str, now_us: int = 100) -> str:
    found = ring.find(secret, now_us)
    return found.why if isinstance(found, Denied) else found.key.name


def test_a_key_is_found_by_its_secret_as_soon_as_it_is_refreshed(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
    ring = KeyRing(store.keys)
    assert name_found(ring, a_secret(1)) == "unknown"
    for number in range(1, 4):
        store.keys.save_key(a_key(number))
    assert ring.refresh() == 3
    assert [name_found(ring, a_secret(n)) for n in range(1, 5)] == [
        "key 1",
        "key 2",
        "key 3",
        "unknown",
    ]
    assert name_found(ring, "not a key") == "unknown"
    assert len(ring) == 3
    store.close()


def test_a_refresh_reads_only_what_changed(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
    for number in range(1, 20):
        store.keys.save_key(a_key(number))
    ring = KeyRing(store.keys)
    assert ring.refresh() == 19
    assert ring.refresh() == 0
    store.keys.save_key(structs.replace(a_key(7), name="renamed", version=2))
    assert ring.refresh() == 1
    assert name_found(ring, a_secret(7)) == "renamed"
    assert name_found(ring, a_secret(8)) == "key 8"
    store.close()


def test_revoking_and_rotating_follow_and_old_hashes_leave(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
    store.keys.save_key(a_key(1))
    store.keys.save_key(a_key(2))
    ring = KeyRing(store.keys)
    ring.refresh()
    once = rotated(a_key(1), new_secret((50).to_bytes(32)), 100, 1000)
    store.keys.save_key(once)
    store.keys.save_key(revoked(a_key(2), 100))
    ring.refresh()
    assert name_found(ring, a_secret(1)) == "key 1"
    assert name_found(ring, a_secret(1), 1100) == "rotated"
    assert name_found(ring, a_secret(50)) == "key 1"
    assert name_found(ring, a_secret(2)) == "revoked"
    store.keys.save_key(rotated(once, new_secret((51).to_bytes(32)), 200, 1000))
    ring.refresh()
    assert [name_found(ring, a_secret(n), 200) for n in (1, 50, 51)] == [
        "unknown",
        "key 1",
        "key 1",
    ]
    store.close()


def test_a_holder_counts_in_its_own_scope_and_its_teams(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
    limits = Limits(concurrency=3)
    store.keys.save_key(a_key(1, team="web", limits=limits))
    store.keys.save_key(a_key(2, team="nobody configured"))
    store.keys.save_key(a_key(3))
    web = scope_of("team", "web", Limits(requests_per_minute=9))
    ring = KeyRing(store.keys, {"web": web})
    ring.refresh()
    found = [ring.find(a_secret(n), 100) for n in (1, 2, 3)]
    scopes = [f.scopes for f in found if isinstance(f, Holder)]
    assert [[s.id for s in each] for each in scopes] == [
        ["key:K1", "team:web"],
        ["key:K2", "team:nobody configured"],
        ["key:K3"],
    ]
    assert scopes[0][0].limits == limits
    assert scopes[0][1] is web
    ring.reteam({})
    again = ring.find(a_secret(1), 100)
    assert isinstance(again, Holder)
    assert again.scopes[1].limits == Limits()
    store.close()
