"""A catalogue card: claims about a model, each with who says so, since when, and seen when."""

from __future__ import annotations

from datetime import date
from typing import Literal

from msgspec import Struct

FactValue = str | int | float | bool | list[str]

Confidence = Literal["official", "measured", "copied", "self-reported", "derived", "ours"]
"""What a claim rests on, from the vendor's own page (`official`) or an independent measurement, over a
public list that copies vendors' pages (`copied`), to a vendor's praise of itself (`self-reported`), a
conclusion from other facts (`derived`), or our own reading of a cited page (`ours`)."""


class Source(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where claims come from: one version of one list, seen on one day."""

    name: str
    version: str
    licence: str
    observed_on: date
    url: str | None = None
    """Where a claim can be looked up; `{key}` in it stands for the claim's key."""
    confidence: Confidence = "copied"
    """Of its claims that do not say otherwise."""


class Claim(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value of one field, said by one source. Money is text, to keep its digits."""

    field: str
    """Fields, their units and what they mean: `catalog/fields.py`."""
    value: FactValue
    source: str
    key: str
    """What the source calls the model."""
    valid_from: date | None = None
    """First day on which it was true; None = not said."""
    valid_to: date | None = None
    """First day on which it was no longer true; None = not said."""
    observed_on: date | None = None
    """When it was seen, if not on the source's own day."""
    url: str | None = None
    confidence: Confidence | None = None
    note: str | None = None
    """What else must be known."""
    protocol: str | None = None
    """Of a benchmark: shots, prompting, effort, who measured it. Only equal ones compare."""
    error: float | None = None
    """Standard error of a measured value, in its unit."""
    doubt: str | None = None
    """Why it is not believed: it is kept and shown, and loses to any claim without doubt."""


class Measured(Struct, frozen=True, kw_only=True):
    """A score of a benchmark as it wins: 0-1, or points of an Elo scale."""

    value: float
    error: float | None = None
    """Standard error, same unit; None = nobody says."""
    protocol: str | None = None
    is_self_reported: bool = False


class Alias(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a moving name (`mistral-large-latest`) stood for during some time."""

    name: str
    model: str
    """An id or alias of a model."""
    valid_from: date | None = None
    valid_to: date | None = None
    """First day on which it stood for something else; None = it still does."""
    url: str | None = None


class Model(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything claimed about one model, or about one model at one host."""

    id: str
    aliases: tuple[str, ...] = ()
    of: str | None = None
    """Of a model served by somebody else than its vendor (`azure/gpt-4o`): the id of that model."""
    claims: tuple[Claim, ...] = ()
