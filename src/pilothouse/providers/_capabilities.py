"""What each provider does in each format: the table behind `GET /v1/capabilities`, and its questions.

The facts stand in the providers' rows (`data/providers`). Partly means that the note says how far.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.providers._rows import Abilities, Ability, DialectName, ProviderRow, all_rows

ABILITIES: tuple[str, ...] = (*Abilities.__struct_fields__[:-1], "embeddings", "batch")
_EMBEDDINGS = "_embeddings"


class Said(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether something is done; a partly always has its note."""

    does: Literal["yes", "no", "partly"]
    note: str | None = None


class FormatAbilities(Struct, frozen=True, kw_only=True):
    """One provider in one format. `abilities` holds every name in `ABILITIES`."""

    provider: str
    title: str
    dialect: DialectName
    is_own_machine: bool
    abilities: dict[str, Said]


def capability_table(providers: Sequence[str] | None = None) -> list[FormatAbilities]:
    """All providers, or those named, each format in its provider's order of preference."""
    return [
        one
        for name, found in all_rows().items()
        if providers is None or name in providers
        for one in format_abilities(name, found)
    ]


def format_abilities(name: str, row: ProviderRow) -> list[FormatAbilities]:
    """One provider, called `name`, each format in its order of preference."""
    return [
        FormatAbilities(
            provider=name,
            title=row.title,
            dialect=dialect,
            is_own_machine=row.is_own_machine,
            abilities=abilities(row, dialect),
        )
        for dialect in row.endpoints
    ]


def abilities(row: ProviderRow, dialect: DialectName) -> dict[str, Said]:
    """Of one format at one provider, in the order of `ABILITIES`."""
    own = row.capabilities.get(dialect)
    return {name: _said(_ability(row, dialect, own, name)) for name in ABILITIES}


def best_abilities(formats: Sequence[FormatAbilities]) -> dict[str, Said]:
    """What is done in the format that does it best, earlier ones first; requests may come in any of them."""
    return {name: min((f.abilities[name] for f in formats), key=_distance) for name in ABILITIES}


def with_abilities(
    table: Sequence[FormatAbilities], wanted: Sequence[str]
) -> list[FormatAbilities]:
    """Rows that do all of `wanted`, at least partly. Raises `InvalidInput` for a name that is none."""
    for name in wanted:
        if name not in ABILITIES:
            hint = did_you_mean(name, ABILITIES) or f" (there are: {', '.join(ABILITIES)})"
            raise InvalidInput(f'"{name}" is not an ability.{hint}')
    return [row for row in table if all(row.abilities[w].does != "no" for w in wanted)]


def _distance(said: Said) -> int:
    return ("yes", "partly", "no").index(said.does)


def _ability(row: ProviderRow, dialect: DialectName, own: Abilities | None, name: str) -> Ability:
    if name == "embeddings":  # a provider's, whatever format answers are asked in
        return any(other.endswith(_EMBEDDINGS) for other in row.endpoints)
    if own is None:
        return False
    return getattr(own, name)


def _said(ability: Ability) -> Said:
    if isinstance(ability, str):
        return Said(does="partly", note=ability)
    return Said(does="yes" if ability else "no")
