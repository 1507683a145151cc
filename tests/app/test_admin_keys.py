"""Keys as a service: JSON in, JSON out, and the secret only where it is made."""

from __future__ import annotations

import itertools
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pilothouse.app import admin_keys
from pilothouse.app.admin_keys import Created, KeyChange, NewKey
from pilothouse.core.errors import InvalidInput, NotFound, StoreError
from pilothouse.core.limits import Account, Spent
from pilothouse.core.pico import PICO
from pilothouse.stores.sqlite import SqliteStore

NOW_US = 1_790_000_000_000_000
_numbers = itertools.count(1)


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "t.db")


def new(text: str) -> NewKey:
    return msgspec.json.decode(text, type=NewKey)


def change(text: str) -> KeyChange:
    return msgspec.json.decode(text, type=KeyChange)


def made(store: SqliteStore, text: str = '{"name": "ci"}') -> Created:
    number = next(_numbers)
    return admin_keys.create(
        store.keys, new(text), NOW_US, id_bits=number, randomness=number.to_bytes(32)
    )


def test_a_key_is_made_shown_and_listed_without_its_secret(store: SqliteStore) -> None:
    created = made(
        store, '{"name": "ci", "budgets": [{"usd": "50", "per": "month"}], "team": "web"}'
    )
    assert created.secret.endswith(created.key.last4)
    views = admin_keys.listed(store.keys, NOW_US)
    assert views == [created.key] == [admin_keys.shown(store.keys, "ci", NOW_US)]
    text = msgspec.json.encode(views).decode()
    assert created.secret not in text
    assert "hash" not in text
    assert '"usd":"50"' in text


def test_the_database_holds_no_secret(store: SqliteStore) -> None:
    created = made(store)
    again = admin_keys.rotate(store.keys, "ci", NOW_US, overlap_us=0, randomness=b"r" * 32)
    store.close()
    for file in store.path.parent.iterdir():
        for secret in (created.secret, again.secret):
            assert secret.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"name": "x", "limit": {}}', "unknown field `limit`"),
        ('{"name": "x", "limits": {"concurrency": 0}}', "Expected `int` >= 1"),
        ('{"name": "x", "scopes": ["root"]}', "Invalid enum value 'root'"),
        ('{"name": "x", "expires_at": "2027-01-01T00:00:00"}', "timezone"),
        ('{"name": "x", "budgets": [{"usd": "5"}]}', "per"),
        ("{}", "name"),
    ],
)
def test_what_the_shape_forbids_is_refused_before_anything_is_made(text: str, message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        new(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "  "}',
        '{"name": "x", "models": []}',
        '{"name": "x", "expires_at": "2001-01-01T00:00:00Z"}',
        '{"name": "x", "budgets": [{"usd": "-1", "per": "day"}]}',
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_kept(store: SqliteStore, text: str) -> None:
    with pytest.raises(InvalidInput):
        made(store, text)
    assert store.keys.all_keys() == []


def test_a_change_touches_only_what_it_names_and_null_takes_away(store: SqliteStore) -> None:
    made(
        store,
        '{"name": "ci", "team": "web", "limits": {"concurrency": 2}, "expires_at": "2027-01-01T00:00:00Z"}',
    )
    after = admin_keys.changed(store.keys, "ci", change('{"models": ["gpt-*"]}'), NOW_US)
    assert (after.models, after.team, after.limits.concurrency) == (("gpt-*",), "web", 2)
    after = admin_keys.changed(
        store.keys, "ci", change('{"team": null, "expires_at": null}'), NOW_US
    )
    assert (after.team, after.expires_at, after.models) == (None, None, ("gpt-*",))
    with pytest.raises(msgspec.ValidationError, match="unknown field `secret_hash`"):
        change('{"secret_hash": "0"}')


def test_a_change_that_cannot_be_meant_leaves_the_key_as_it_was(store: SqliteStore) -> None:
    before = made(store).key
    with pytest.raises(InvalidInput, match="name the models"):
        admin_keys.changed(store.keys, "ci", change('{"models": []}'), NOW_US)
    assert admin_keys.shown(store.keys, "ci", NOW_US) == before


def test_a_change_of_somebody_else_in_between_is_kept(store: SqliteStore) -> None:
    made(store)
    real = store.keys.save_key
    interfered: list[bool] = []

    class Interfered:
        def __getattr__(self, name: str) -> Any:
            return getattr(store.keys, name)

        def save_key(self, key: Any) -> bool:
            if not interfered:
                interfered.append(True)
                admin_keys.changed(store.keys, "ci", change('{"team": "theirs"}'), NOW_US)
            return real(key)

    after = admin_keys.changed(Interfered(), "ci", change('{"models": ["m"]}'), NOW_US)  # type: ignore[arg-type]
    assert (after.team, after.models) == ("theirs", ("m",))


def test_a_key_that_everybody_changes_all_the_time_is_given_up_with_words(
    store: SqliteStore,
) -> None:
    made(store)

    class AlwaysSlower:
        def __getattr__(self, name: str) -> Any:
            return getattr(store.keys, name)

        def save_key(self, key: Any) -> bool:
            return False

    with pytest.raises(StoreError, match="being changed by others"):
        admin_keys.changed(AlwaysSlower(), "ci", change('{"models": ["m"]}'), NOW_US)  # type: ignore[arg-type]


def test_a_rotation_says_until_when_the_old_secret_is_good(store: SqliteStore) -> None:
    first = made(store)
    again = admin_keys.rotate(
        store.keys, "ci", NOW_US, overlap_us=3_600_000_000, randomness=b"r" * 32
    )
    assert again.secret != first.secret
    assert f"{again.key.old_secret_until:%H:%M:%S}" == "15:13:20"
    assert admin_keys.shown(store.keys, "ci", NOW_US + 3_600_000_000).old_secret_until is None


def test_a_revoked_key_is_not_listed_and_cannot_be_changed(store: SqliteStore) -> None:
    made(store)
    assert admin_keys.revoke(store.keys, "ci", NOW_US).status == "revoked"
    assert admin_keys.revoke(store.keys, "ci", NOW_US + 5).status == "revoked"
    assert admin_keys.listed(store.keys, NOW_US) == []
    assert len(admin_keys.listed(store.keys, NOW_US, with_closed=True)) == 1
    with pytest.raises(InvalidInput, match="is revoked and stays so"):
        admin_keys.changed(store.keys, "ci", change('{"models": ["m"]}'), NOW_US)


def test_an_unknown_key_is_answered_with_the_nearest(store: SqliteStore) -> None:
    made(store, '{"name": "search"}')
    with pytest.raises(NotFound, match='no key "serach". Did you mean "search"?'):
        admin_keys.shown(store.keys, "serach", NOW_US)


def test_spending_is_told_by_period_beside_the_budgets_that_hold(store: SqliteStore) -> None:
    key = made(
        store,
        '{"name": "ci", "budgets": [{"usd": "2", "per": "day"}, {"usd": "50", "per": "month"}]}',
    ).key
    booked = [("2026-09-20", 1), ("2026-09", 4)]
    entries = [Spent(Account(f"key:{key.id}", period), usd * PICO // 2) for period, usd in booked]
    store.budgets.report("p", [*entries, Spent(Account("team:web", "total"), PICO)], until_us=0)
    found = admin_keys.spend(store.keys, store.budgets, "ci", NOW_US)
    assert [(r.period, r.spent_usd, r.budget_usd, r.left_usd) for r in found.rows] == [
        ("2026-09-21", Decimal(0), Decimal(2), Decimal(2)),
        ("2026-09-20", Decimal("0.5"), None, None),
        ("2026-09", Decimal(2), Decimal(50), Decimal(48)),
    ]
    assert admin_keys.team_spend(store.budgets, "web") == [
        (Account("team:web", "total"), Decimal(1))
    ]
