"""Strict documents: what is wrong, on which line, under which key, and what was meant."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from pilothouse.core.errors import InvalidInput, PilothouseError
from pilothouse.documents.strict import load, parse


class Server(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    port: Annotated[int, Meta(ge=1, le=65535)] = 8080
    host: str = "127.0.0.1"


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    provider: str
    kind: Literal["a", "b"] = "a"
    price: Decimal | None = None
    since: date | None = None


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: Server = Server()
    targets: dict[str, Target] = {}
    names: tuple[str, ...] = ()
    either: str | dict[str, int] = ""


def said(text: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse(text, Config, name="c.yaml")
    return str(caught.value)


def test_a_good_file_is_a_typed_value() -> None:
    text = "server: {port: 9}\ntargets:\n  x: {provider: p, price: 0.10, since: 2025-12-31}\n"
    value = parse(text, Config, name="c.yaml").value
    assert value.server.port == 9
    assert value.targets["x"] == Target(
        provider="p", price=Decimal("0.10"), since=date(2025, 12, 31)
    )


def test_money_keeps_the_digits_that_were_written() -> None:
    text = "targets: {x: {provider: p, price: 0.1000000000000000000001}}"
    assert str(parse(text, Config, name="c").value.targets["x"].price) == "0.1000000000000000000001"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sever: {port: 1}", 'c.yaml:1: sever: unknown key "sever". Did you mean "server"?'),
        ("server:\n  prot: 1", 'c.yaml:2: server.prot: unknown key "prot". Did you mean "port"?'),
        ("server:\n  port: high", "c.yaml:2: server.port: Expected `int`, got `str`"),
        ("server:\n  port: 0", "c.yaml:2: server.port: Expected `int` >= 1"),
        ("targets:\n  x: {}", 'c.yaml:2: targets.x: the key "provider" is missing'),
        (
            "targets:\n  x:\n    provider: p\n    kind: c",
            "c.yaml:4: targets.x.kind: Invalid enum value 'c'",
        ),
        (
            "targets:\n  x: {provider: p, price: dear}",
            "c.yaml:2: targets.x.price: Invalid decimal string",
        ),
        ("names: one", "c.yaml:1: names: expected a list, got 'one'"),
        ("names:\n - a\n - 3", "c.yaml:3: names[1]: Expected `str`, got `int`"),
        ("server: []", "c.yaml:1: server: expected a mapping with the keys port, host, got a list"),
        ("names: [a]\nnames: [b]", "c.yaml:2: names: written twice (first on line 1)"),
        ("names: [a", "c.yaml:1: not valid YAML"),
        ("a: &x 1\nb: *x", "anchors and aliases are not supported"),
        ("names: !!python/object:os.system [x]", "tags are not supported"),
        ("a: " + "[" * 5000, "nested too deeply"),
        ("either: {a: b}", "c.yaml:1: either.a: Expected `int`, got `str`"),
        ("", "c.yaml:1: the file is empty"),
        ("server: {host: off}\ntargets: {no: 1}", "targets.no: expected a mapping"),
    ],
)
def test_bad_input_names_file_line_and_key(text: str, message: str) -> None:
    assert message in said(text)


def test_all_problems_are_named_at_once() -> None:
    assert len(said("server: {prot: 1}\nnames: 3\ntargets: {x: {}}").splitlines()) == 3


def test_words_like_no_and_off_stay_words() -> None:
    assert parse("names: [no, off, yes, 1:30]", Config, name="c").value.names == (
        "no",
        "off",
        "yes",
        "1:30",
    )


def test_an_error_can_be_raised_for_any_key_later() -> None:
    document = parse("server:\n  port: 9\nnames:\n  - a\n  - b\n", Config, name="c.yaml")
    assert str(document.error("names[1]", "is unknown")) == "c.yaml:5: names[1]: is unknown"
    assert document.line_of("server.host") == 1


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        load(tmp_path / "none.yaml", Config)
    with pytest.raises(InvalidInput, match="cannot be read"):
        load(tmp_path, Config)
    (tmp_path / "latin.yaml").write_bytes(b"names: [\xe9]")
    with pytest.raises(InvalidInput, match="not UTF-8"):
        load(tmp_path / "latin.yaml", Config)


@given(st.text(max_size=200))
def test_no_text_makes_anything_but_a_value_or_our_own_error(text: str) -> None:
    try:
        parse(text, Config, name="c")
    except PilothouseError as error:
        assert str(error).startswith("c:")
