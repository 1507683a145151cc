"""`pilothouse models`: list, show and explain, as people and scripts read them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pilothouse.cli.main import cli
from pilothouse.core.errors import InvalidInput, NotFound


def run(*args: str) -> str:
    result = CliRunner().invoke(cli, ["models", *args], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.output


def test_show_gives_the_price_of_today_not_one_that_ended() -> None:
    assert "2.5 USD per million tokens" in run("show", "gpt-4o", "--as-of", "2026-11-24")
    assert "5 USD per million tokens" in run("show", "gpt-4o", "--as-of", "2024-06-01")
    assert json.loads(run("show", "gpt-4o", "--json"))["price_input_per_mtok"] == "2.5"


def test_show_says_first_that_a_model_has_ended_and_what_to_use() -> None:
    second = run("show", "claude-3.5-sonnet").splitlines()[1]
    assert second == "claude-3.5-sonnet was retired on 2025-10-28; use claude-sonnet-4-5 instead"


def test_explain_without_a_day_answers_for_today_and_keeps_the_past_apart() -> None:
    told = run("explain", "gpt-4o", "price_input_per_mtok")
    assert "gpt-4o price_input_per_mtok = 2.5 USD per million tokens" in told
    past = told.partition("not in force on")[2]
    assert "    5 (" in past and "until 2024-10-02" in past


def test_explain_takes_the_beginning_of_several_fields() -> None:
    told = run("explain", "gpt-4o", "price_input")
    assert "price_input_per_mtok =" in told and "price_input_per_mtok@batch =" in told


def test_explain_keeps_doubted_claims_in_sight_with_the_reason() -> None:
    told = run("explain", "claude-3-sonnet", "price_cache_write_per_mtok")
    assert "in doubt:" in told and "equal to the price of reading the cache" in told


def test_explain_gives_every_claim_to_scripts_with_source_and_page() -> None:
    found = json.loads(run("explain", "o3", "price_output_per_mtok", "--json"))
    one = found["price_output_per_mtok"]
    assert one["value"] == "8"
    assert all(c["url"] and c["source"]["licence"] for c in one["claims"])
    assert [c["claim"]["value"] for c in one["at_other_times"]] == ["40"]


@pytest.mark.parametrize(
    ("args", "error", "said"),
    [
        (("gpt-4o", "--known-at", "2020-01-01"), InvalidInput, "first 2025-09-05"),
        (("gpt-4o", "pricee_input_per_mtok"), InvalidInput, "Did you mean"),
        (("gpt-4oo",), NotFound, 'Did you mean "gpt-4o"'),
    ],
)
def test_explain_says_what_it_cannot_answer_and_what_is_nearest(
    args: tuple[str, ...], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        run("explain", *args)


def test_before_its_release_a_model_has_no_price_and_the_first_one_is_still_shown() -> None:
    told = run("explain", "gpt-4", "price_input_per_mtok", "--as-of", "2020-01-01")
    assert told.startswith("gpt-4 could not be had on 2020-01-01: released 2023-03-14")
    assert "price_input_per_mtok = unknown on 2020-01-01" in told
    assert "    30: genai-prices" in told.partition("not in force on 2020-01-01")[2]


def test_a_name_in_a_message_is_short_and_printable() -> None:
    with pytest.raises(NotFound) as caught:
        run("explain", "\x1b[31m" + "x" * 100_000)
    assert "\x1b" not in str(caught.value) and len(str(caught.value)) < 300
