"""Virtual keys: made of randomness, opened by their secret alone, until they end."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from pilothouse.core.errors import InvalidInput
from pilothouse.core.keys import (
    VirtualKey,
    denial,
    key_problem,
    looks_like_secret,
    new_secret,
    revoked,
    rotated,
    secret_hash,
)
from pilothouse.core.limits import Budget, Limits

SECRET = new_secret(bytes(range(32)))


def a_key(**changes: object) -> VirtualKey:
    values: dict[str, object] = {
        "id": "01K",
        "name": "ci",
        "secret_hash": secret_hash(SECRET.reveal()),
        "last4": SECRET.reveal()[-4:],
        "created_us": 1000,
    }
    return VirtualKey(**{**values, **changes})  # type: ignore[arg-type]


def test_a_secret_is_ph_and_the_randomness_in_url_safe_letters() -> None:
    assert SECRET.reveal() == "ph-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert looks_like_secret(SECRET.reveal())
    assert not looks_like_secret("sk-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
    assert not looks_like_secret("ph-short")
    assert SECRET.reveal() not in f"{SECRET!r}{SECRET}"


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_less_randomness_than_promised_makes_no_secret(size: int) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        new_secret(bytes(size))


def test_a_key_as_kept_holds_no_secret() -> None:
    assert SECRET.reveal() not in msgspec.json.encode(a_key()).decode()
    assert SECRET.reveal() not in repr(a_key())


def test_a_secret_opens_its_key_and_no_other() -> None:
    assert denial(a_key(), secret_hash(SECRET.reveal()), 2000) is None
    other = secret_hash(new_secret(bytes(32)).reveal())
    denied = denial(a_key(), other, 2000)
    assert denied and denied.why == "unknown"
    assert denial(None, other, 2000) == denied


@pytest.mark.parametrize("strange", ["", "ph-", "\ud800", "é" * 46, "\x00" * 46])
def test_whatever_is_presented_is_answered_and_not_an_error(strange: str) -> None:
    denied = denial(a_key(), secret_hash(strange), 2000)
    assert denied and denied.why == "unknown"


def test_a_key_ends_at_its_time_and_says_when() -> None:
    key = a_key(expires_us=1_790_000_000_000_000)
    hashed = secret_hash(SECRET.reveal())
    assert denial(key, hashed, 1_790_000_000_000_000 - 1) is None
    denied = denial(key, hashed, 1_790_000_000_000_000)
    assert denied and denied.why == "expired"
    assert "2026-09-21 14:13:20 UTC" in denied.message


def test_a_revoked_key_opens_nothing_for_good() -> None:
    key = revoked(a_key(), 5000)
    denied = denial(key, secret_hash(SECRET.reveal()), 5000)
    assert denied and denied.why == "revoked"
    assert revoked(key, 6000) is key
    with pytest.raises(InvalidInput, match="is revoked; make a new one"):
        rotated(key, new_secret(bytes(32)), 6000, 0)


def test_after_a_rotation_both_secrets_open_until_the_overlap_ends() -> None:
    new = new_secret(bytes(32))
    key = rotated(a_key(), new, 10_000, 500)
    assert (key.version, key.last4) == (2, new.reveal()[-4:])
    assert denial(key, secret_hash(SECRET.reveal()), 10_499) is None
    denied = denial(key, secret_hash(SECRET.reveal()), 10_500)
    assert denied and denied.why == "rotated"
    assert denial(key, secret_hash(new.reveal()), 10_500) is None


def test_a_second_rotation_ends_the_oldest_secret_at_once() -> None:
    key = rotated(
        rotated(a_key(), new_secret(bytes(32)), 10_000, 500), new_secret(b"x" * 32), 10_001, 500
    )
    denied = denial(key, secret_hash(SECRET.reveal()), 10_002)
    assert denied and denied.why == "unknown"


@pytest.mark.parametrize("overlap_us", [-1, 10**18])
def test_an_overlap_that_cannot_be_meant_is_refused(overlap_us: int) -> None:
    with pytest.raises(InvalidInput, match="0 .* to 366 days"):
        rotated(a_key(), new_secret(bytes(32)), 10_000, overlap_us)


def test_models_are_names_or_globs() -> None:
    key = a_key(models=("support", "gpt-*"))
    assert [key.may_use(m) for m in ("support", "gpt-4o", "supporting", "Gpt-4o", "", "claude")] == [
        True, True, False, False, False, False,
    ]  # fmt: skip
    assert a_key().may_use("anything")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "1 to 200 printable"),
        ({"name": "a\nb"}, "1 to 200 printable"),
        ({"name": "x" * 201}, "1 to 200 printable"),
        ({"models": ()}, "name the models"),
        ({"models": ("a", " ")}, "name the models"),
        ({"scopes": ()}, "give it a scope"),
        ({"expires_us": 1000}, "expired before it was made"),
        ({"limits": Limits(concurrency=0)}, "concurrency is 0"),
        ({"budgets": (Budget(usd=Decimal(-1), per="day"),)}, "a budget of -1 USD"),
        ({"budgets": (Budget(usd=Decimal("NaN"), per="day"),)}, "a budget of NaN USD"),
        ({"budgets": (Budget(usd=Decimal(9_000_001), per="day"),)}, "give 0 to 9000000 USD"),
        ({"budgets": (Budget(usd=Decimal(1), per="day"),) * 2}, "two budgets per day"),
    ],
)
def test_a_key_that_cannot_be_meant_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        key_problem(a_key(**changes))


def test_unknown_fields_of_a_kept_key_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="limitz"):
        msgspec.json.decode(
            b'{"id":"1","name":"n","secret_hash":"","last4":"","created_us":1,"limitz":1}',
            type=VirtualKey,
        )
