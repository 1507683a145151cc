"""Which database is meant, what is refused about it, and what is never shown."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pilothouse.app.stores import (
    StoreConfig,
    address_of,
    open_store,
    open_store_at,
    store_address,
    store_problems,
)
from pilothouse.cli.store_option import store_option
from pilothouse.core.errors import InvalidInput, StoreError
from pilothouse.core.ports import CallFilter
from pilothouse.stores._pg_address import PgAddress

URL = "postgresql://ann@db:5432/calls"


def test_a_file_is_relative_to_the_configuration(tmp_path: Path) -> None:
    assert address_of(StoreConfig(), tmp_path, {}) == tmp_path / "pilothouse.db"
    store = open_store_at(StoreConfig(path="x.db"), tmp_path, {})
    assert store.calls(CallFilter()) == []
    store.close()
    assert (tmp_path / "x.db").exists()


def test_a_file_that_must_exist_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database here yet"):
        open_store(tmp_path / "x.db", must_exist=True)
    assert not (tmp_path / "x.db").exists()


@pytest.mark.parametrize("config", [StoreConfig(url=URL), StoreConfig(url_env="DB")])
def test_a_url_comes_from_the_file_or_from_the_environment(
    config: StoreConfig, tmp_path: Path
) -> None:
    assert store_problems(config, {"DB": URL}) == []
    address = address_of(config, tmp_path, {"DB": URL})
    assert isinstance(address, PgAddress)
    assert address.url.reveal() == URL
    assert address.spill_path.parent == tmp_path
    assert address.schema == "pilothouse"


@pytest.mark.parametrize(
    ("config", "key", "message"),
    [
        (StoreConfig(url=URL, url_env="DB"), "store.url_env", "not both"),
        (StoreConfig(schema="a"), "store.schema", "a SQLite file has no schema"),
        (StoreConfig(url="mysql://h/d"), "store.url", "not the URL of a PostgreSQL"),
        (StoreConfig(url=URL, schema="A-B"), "store.url", "no name for a schema"),
        (StoreConfig(url_env="NONE"), "store.url_env", "variable NONE is not set"),
        (StoreConfig(url_env="BAD"), "store.url_env", "not the URL of a PostgreSQL"),
        (StoreConfig(url="postgresql://u:hunter2@h/d"), "store.url", "no place for one"),
        (StoreConfig(url="postgresql://h/d?password=hunter2"), "store.url", "no place for one"),
    ],
)
def test_problems_are_told_by_key_and_without_the_password(
    config: StoreConfig, key: str, message: str
) -> None:
    ((found, said),) = store_problems(config, {"BAD": "postgresql://u:hunter2/x@h/d"})
    assert found == key
    assert message in said
    assert "hunter2" not in said


def test_without_an_environment_its_variables_are_not_asked_for() -> None:
    assert store_problems(StoreConfig(url_env="NONE")) == []


def test_a_missing_driver_is_said_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "psycopg"]:
        monkeypatch.delitem(sys.modules, name)
    for name in [n for n in sys.modules if n.startswith("pilothouse.stores.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.setattr("pilothouse.registry.plugin", _loads_anew)
    with pytest.raises(InvalidInput, match=r"pip install 'pilothouse\[postgres\]'"):
        open_store(store_address(URL))


def _loads_anew(kind: str, name: str) -> object:
    from importlib import import_module

    return import_module(f"pilothouse.{kind}.{name}").plugin


@click.command()
@store_option
def told(store: object) -> None:
    click.echo(f"{type(store).__name__} {store}")


def test_the_option_takes_a_file_or_a_url_and_shows_no_password() -> None:
    def said(*args: str, env: str | None = None) -> str:
        return CliRunner().invoke(told, args, env={"PILOTHOUSE_STORE": env}).output

    assert "Path pilothouse.db" in said()
    assert "Path x/y.db" in said("--store", "x/y.db")
    secret = "postgresql://ann:hunter2@db/calls?schema=s"
    shown = "PgAddress postgresql://ann@db/calls?schema=s\n"
    assert said("--store", secret) == said(env=secret) == shown
    refused = said("--store", "postgresql://ann:hunter/2@db/calls")
    assert "Invalid value for '--store'" in refused and "hunter" not in refused
