"""Keys and budgets on both databases: who was faster, names, cursors, draws and bookings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from pilothouse.core.errors import InvalidInput
from pilothouse.core.keys import revoked
from pilothouse.core.limits import Account, Granted, Spent

from .make import a_key

if TYPE_CHECKING:
    from .conftest import AnyStore

ACCOUNT = Account("key:k", "2026-09")


def test_the_slower_of_two_savers_is_told(store: AnyStore) -> None:
    assert store.keys.save_key(a_key(1))
    assert not store.keys.save_key(a_key(1))
    second = structs.replace(a_key(1), name="a", version=2)
    assert store.keys.save_key(second)
    assert not store.keys.save_key(structs.replace(second, name="b"))
    assert store.keys.key("K1") == second


def test_a_live_name_is_unique_and_free_again_after_revoking(store: AnyStore) -> None:
    store.keys.save_key(a_key(1, "ci"))
    with pytest.raises(InvalidInput, match='there is a key "ci" already'):
        store.keys.save_key(a_key(2, "ci"))
    store.keys.save_key(revoked(a_key(1, "ci"), 5))
    assert store.keys.save_key(a_key(2, "ci"))
    found = store.keys.key("ci")
    assert found and found.id == "K2"
    store.keys.save_key(revoked(a_key(2, "ci"), 6))
    last = store.keys.key("ci")
    assert last and last.id == "K2"
    assert store.keys.key("nobody") is None


def test_the_cursor_meets_every_change_once(store: AnyStore) -> None:
    for number in (1, 2, 3):
        store.keys.save_key(a_key(number))
    changed, cursor = store.keys.keys_changed(0)
    assert [k.id for k in changed] == ["K1", "K2", "K3"]
    store.keys.save_key(structs.replace(a_key(1), version=2))
    changed, after = store.keys.keys_changed(cursor)
    assert [k.id for k in changed] == ["K1"]
    assert store.keys.keys_changed(after) == ([], after)
    assert [k.id for k in store.keys.all_keys()] == ["K1", "K2", "K3"]


def test_what_one_holder_has_drawn_is_used_for_all_others(store: AnyStore) -> None:
    at = {"limit": 800, "now_us": 10, "until_us": 100}
    assert store.budgets.draw("a", ACCOUNT, least=1, **at) == Granted(100, 700)
    assert store.budgets.draw("b", ACCOUNT, least=700, **at) == Granted(700, 0)
    assert store.budgets.draw("a", ACCOUNT, least=1, **at) == Granted(0, 0)


def test_a_holder_without_a_sign_of_life_loses_what_it_has_not_reported(store: AnyStore) -> None:
    budgets = store.budgets
    budgets.draw("a", ACCOUNT, limit=800, least=500, now_us=10, until_us=100)
    budgets.report("a", [Spent(ACCOUNT, 200)], until_us=200)
    at = {"limit": 800, "least": 600, "until_us": 999}
    assert budgets.draw("b", ACCOUNT, now_us=199, **at) == Granted(0, 300)
    assert budgets.draw("b", ACCOUNT, now_us=200, **at) == Granted(600, 0)


def test_returning_and_leaving_make_money_free_for_others(store: AnyStore) -> None:
    budgets = store.budgets
    budgets.draw("a", ACCOUNT, limit=800, least=500, now_us=10, until_us=100)
    budgets.report("a", [Spent(ACCOUNT, 100, 300)], until_us=100)
    at = {"limit": 800, "now_us": 11, "until_us": 100}
    assert budgets.draw("b", ACCOUNT, least=600, **at) == Granted(600, 0)
    budgets.leave("a")
    assert budgets.draw("b", ACCOUNT, least=100, **at) == Granted(100, 0)


def test_spending_past_what_was_drawn_is_booked_in_full(store: AnyStore) -> None:
    budgets = store.budgets
    budgets.draw("a", ACCOUNT, limit=800, least=100, now_us=10, until_us=100)
    budgets.report("a", [Spent(ACCOUNT, 900), Spent(Account("team:t", "total"), 5)], until_us=100)
    assert budgets.spent(ACCOUNT) == 900
    assert budgets.draw("b", ACCOUNT, limit=800, least=1, now_us=11, until_us=100) == Granted(0, 0)
    assert budgets.spending() == [(ACCOUNT, 900), (Account("team:t", "total"), 5)]
    assert budgets.spending("team:t") == [(Account("team:t", "total"), 5)]
