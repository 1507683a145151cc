"""URLs of PostgreSQL: what they name, and that no part of a password is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilothouse.core.errors import InvalidInput
from pilothouse.stores._pg_address import address_from_url, is_url


def test_the_label_names_everything_but_the_password() -> None:
    address = address_from_url("postgres://ann:hun%40ter2@db.example:6543/calls?sslmode=require")
    assert str(address) == "postgresql://ann@db.example:6543/calls"
    assert "ter2" not in repr(address) + f"{address}"
    assert (
        address.url.reveal() == "postgresql://ann:hun%40ter2@db.example:6543/calls?sslmode=require"
    )
    assert address.password.reveal() == "hun@ter2"
    assert address.schema == "pilothouse"


def test_a_password_in_the_query_is_not_shown_either() -> None:
    address = address_from_url("postgresql://db/calls?user=ann&password=secret")
    assert "secret" not in f"{address}{address!r}"
    assert address.password.reveal() == "secret"


def test_the_schema_is_named_by_the_url_or_beside_it() -> None:
    in_url = address_from_url("postgresql:///calls?schema=team_a&sslmode=disable")
    assert in_url.schema == "team_a"
    assert str(in_url) == "postgresql:///calls?schema=team_a"
    assert in_url.url.reveal() == "postgresql:///calls?sslmode=disable"
    assert address_from_url("postgresql:///calls", schema="team_b").schema == "team_b"


@pytest.mark.parametrize("name", ["A", "a-b", "pg_x", "1a", 'a"; DROP', "a" * 64])
def test_a_name_that_is_no_schema_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="is no name for a schema"):
        address_from_url("postgresql:///calls", schema=name)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter/2@host/db",
        "postgresql://u:12/hunter2@host/db",
        "postgresql://u:hunter@2@host/db",
        "postgresql://u:hunter?2@host/db",
        "postgresql://u:12?hunter2@host/db",
        "postgresql://u:hunter#2@host/db",
        "postgresql://u:hunter[2@host/db",
        "postgresql://host:port/db",
        "mysql://u:hunter2@host/db",
        "host=h password=hunter2",
    ],
)
def test_a_url_that_may_hold_a_password_not_quoted_is_refused_without_a_word_of_it(
    url: str,
) -> None:
    try:
        address = address_from_url(url)
    except InvalidInput as error:
        assert "hunter" not in str(error)
        assert "%40" in str(error)
        assert error.__suppress_context__ or error.__context__ is None
    else:
        assert "hunter" not in str(address)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///calls",
        "postgresql://a:1,b:2/calls?target_session_attrs=read-write",
        "postgresql://u@[::1]:5432/calls",
        "postgresql://u@%2Fvar%2Frun/calls",
    ],
)
def test_the_forms_that_libpq_knows_are_accepted(url: str) -> None:
    assert address_from_url(url).url.reveal().startswith(url.partition("?")[0])


def test_files_are_told_from_urls() -> None:
    assert is_url("postgresql://h/d") and is_url("postgres://h/d")
    assert not is_url("pilothouse.db") and not is_url("./postgres/x.db")


def test_spilt_files_are_named_by_the_database_and_not_by_who_asks() -> None:
    one = address_from_url("postgresql://u:a@h/d", spill_folder=Path("x"))
    other = address_from_url("postgresql://v:b@h/d?sslmode=require", spill_folder=Path("x"))
    elsewhere = address_from_url("postgresql://u:a@h/d?schema=s", spill_folder=Path("x"))
    assert one.spill_path == other.spill_path != elsewhere.spill_path
    assert one.spill_path.parent == Path("x")
