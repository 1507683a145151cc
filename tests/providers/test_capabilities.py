from __future__ import annotations

import msgspec
import pytest

from pilothouse.core.errors import InvalidInput
from pilothouse.providers._capabilities import (
    ABILITIES,
    FormatAbilities,
    Said,
    abilities,
    capability_table,
    with_abilities,
)
from pilothouse.providers._rows import all_rows, row

TABLE = capability_table()


def test_every_format_of_every_provider_has_a_line() -> None:
    found = {(one.provider, one.dialect) for one in TABLE}
    assert found == {(name, d) for name, r in all_rows().items() for d in r.endpoints}
    assert len(TABLE) == len(found)


def test_every_line_says_something_of_every_ability() -> None:
    assert all(tuple(one.abilities) == ABILITIES for one in TABLE)


def test_a_partly_always_says_how_far_and_nothing_else_does() -> None:
    said = [ability for one in TABLE for ability in one.abilities.values()]
    assert all((ability.does == "partly") == bool(ability.note) for ability in said)


def test_embeddings_follow_from_the_formats() -> None:
    by = {(one.provider, one.dialect): one.abilities["embeddings"].does for one in TABLE}
    assert by["openai", "openai_chat"] == "yes"
    assert by["openai", "openai_embeddings"] == "yes"
    assert by["anthropic", "anthropic_messages"] == "no"


def test_a_format_of_embeddings_answers_nothing() -> None:
    found = abilities(row("openai"), "openai_embeddings")
    assert {name for name, said in found.items() if said.does != "no"} == {"embeddings"}


def test_documented_refusals_are_told_alike_in_both_places() -> None:
    """console.groq.com/docs/openai: logprobs give a 400; so the row drops them and the table says no."""
    for name, found in all_rows().items():
        end = found.endpoints.get("openai_chat")
        if end is None:
            continue
        said = abilities(found, "openai_chat")
        for field in ("logprobs", "n", "seed", "stop"):
            if field in end.drops:
                assert said[field].does == "no", (name, field)


def test_the_table_is_plain_json() -> None:
    lines = msgspec.json.decode(msgspec.json.encode(TABLE), type=list[FormatAbilities])
    assert lines == TABLE
    plain = msgspec.to_builtins(capability_table(["openai"])[0])
    assert plain["abilities"]["streaming"] == {"does": "yes"}


def test_rows_are_found_by_what_they_do() -> None:
    found = with_abilities(TABLE, ["audio_in", "json_schema"])
    assert ("google", "gemini") in {(one.provider, one.dialect) for one in found}
    assert all(one.abilities["audio_in"] != Said(does="no") for one in found)


def test_a_name_that_is_no_ability_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidInput, match='Did you mean "tools"'):
        with_abilities(TABLE, ["tool"])
