"""`pilothouse price`: lines, total, refusals and their exit codes."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from pilothouse.cli.main import cli
from pilothouse.core.errors import InvalidInput, NotFound


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, ["price", *args], standalone_mode=False)


CACHED = (
    "claude-3-5-sonnet-20241022",
    "--input-tokens=100,000",
    "--cached-input-tokens=80000",
    "--output-tokens=1000",
    "--on=2025-03-01",
)


def test_the_total_and_each_line_with_its_rate_and_source_are_printed() -> None:
    found = run(*CACHED)
    assert found.return_value == 0
    assert "on 2025-03-01: $0.099" in found.output
    for what in ("input", "cached_input", "output", "genai-prices"):
        assert what in found.output


def test_json_carries_money_as_text_with_all_its_digits() -> None:
    found = json.loads(run(*CACHED, "--json").output)
    assert float(found["total_usd"]) == 0.099
    assert isinstance(found["total_usd"], str)
    assert [line["what"] for line in found["lines"]] == ["input", "cached_input", "output"]


def test_what_nobody_prices_is_named_and_the_exit_code_is_one() -> None:
    found = run("gpt-4o", "--input-tokens=10", "--audio-input-tokens=10", "--on=2025-06-01")
    assert found.return_value == 1
    assert "not priced: audio_input: nobody says" in found.output
    assert "$" not in found.output


@pytest.mark.parametrize("amount", ["lots", "1.5", "nan", "-3"])
def test_an_amount_that_is_none_is_wrong_use(amount: str) -> None:
    assert isinstance(run("gpt-4o", f"--input-tokens={amount}").exception, InvalidInput)


def test_an_unknown_model_is_answered_with_the_nearest_name() -> None:
    found = run("gpt-4o-mni", "--input-tokens=1")
    assert isinstance(found.exception, NotFound)
    assert "gpt-4o-mini" in str(found.exception)


def test_without_any_quantity_there_is_nothing_to_price() -> None:
    assert "nothing to price" in str(run("gpt-4o").exception)


def test_units_are_words_and_an_ended_model_says_what_to_use() -> None:
    told = run("gemini-1.5-pro", "--input-tokens=300000", "--on=2026-01-01").output
    assert "million tokens, prompt above 128,000" in told
    assert "note: gemini-1.5-pro was retired on 2025-09-24; use gemini-2.5-pro instead" in told
