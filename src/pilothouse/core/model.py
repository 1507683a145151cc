"""A catalogue card: claims about a model, each with who says so and when."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

FactValue = str | int | float | bool | list[str]


class Source(Struct, frozen=True, kw_only=True):
    """Where claims come from."""

    name: str
    version: str
    licence: str
    observed_on: date
    rank: int
    """Between sources that disagree, the lower rank wins; see docs/catalogue.md."""


class Claim(Struct, frozen=True, kw_only=True):
    """One value of one field, said by one source. Money is text, to keep its digits."""

    field: str
    value: FactValue
    source: str
    key: str
    """What the source calls the model."""
    valid_from: date | None = None
    note: str | None = None
    """The protocol of a benchmark, or what else must be known."""


class Model(Struct, frozen=True, kw_only=True):
    """Everything claimed about one model."""

    id: str
    aliases: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
