from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pilothouse.cli.main import cli
from pilothouse.core.errors import InvalidInput

ROOT = Path(__file__).parents[2]
ENOUGH = ["--requests-per-day", "20k", "--input-tokens", "6,000", "--output-tokens", "500"]


def choose(*args: str | Path) -> Result:
    given = ["choose", *map(str, args), "--as-of", "2026-11-24"]
    return CliRunner().invoke(cli, given, standalone_mode=False)


def test_flags_alone_decide_as_the_same_file_does() -> None:
    """Every limit of examples/needs/modern-support.yaml that has a flag, and a file for the rest."""
    flags = [*ENOUGH, "--task", "customer_support", "--requires", "tools"]
    flags += ["--requires", "structured_output", "--reads", "text", "--reads", "image"]
    flags += ["--context", "200k", "--budget-month", "$12,000", "--deployment", "api"]
    flags += ["--lives-until", "2027-03-01", "--weigh", "quality=3", "--weigh", "cost=2"]
    flags += ["--weigh", "context=1", "--json"]
    need = json.loads(choose(*flags).output)["decision"]["need"]
    file = json.loads(choose(ROOT / "examples/needs/modern-support.yaml", "--json").output)
    wanted = file["decision"]["need"]
    wanted["must"]["quality"], wanted["name"] = {}, "my need"
    wanted["must"]["budget"]["per_month_usd"] = need["must"]["budget"]["per_month_usd"]
    assert need == wanted


def test_a_flag_wins_over_a_file_and_a_template(tmp_path: Path) -> None:
    result = choose("--template", "medical-chatbot", "--residency", "us", "--out", tmp_path)
    assert "need.yaml" in result.output
    text = (tmp_path / "need.yaml").read_text()
    assert "residency:\n    - us" in text and "hipaa" in text
    again = choose(tmp_path / "need.yaml", "--json")
    assert json.loads(again.output) == json.loads((tmp_path / "decision.json").read_text())
    cheap = choose(ROOT / "examples/needs/modern-support.yaml", "--budget-month", "1")
    assert cheap.return_value == 1 and "must.budget.per_month_usd: " in cheap.output


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--context", "200k"], "say also --requests-per-day, --input-tokens, --output-tokens"),
        ([*ENOUGH, "--context", "5"], "--context: 5 is less than a mean request (6,500)"),
        ([*ENOUGH, "--context", "many"], '--context: "many" is not a number such as 128000'),
        ([*ENOUGH, "--context", "-3"], '--context: "-3" is not a number'),
        ([*ENOUGH, "--budget-month", "100 EUR"], "no other currency is held"),
        ([*ENOUGH, "--budget-month", "0"], "--budget-month: a budget is more than nothing"),
        ([*ENOUGH, "--within", "2 minutes"], '--within: "2 minutes" is not seconds'),
        ([*ENOUGH, "--weigh", "qualty=3"], "one of quality, cost, speed, context"),
        ([*ENOUGH, "--reads", "pictures"], '--reads: "pictures" is not one of text, image'),
        ([*ENOUGH, "--latency", "realtime"], 'Did you mean "real_time"?'),
        ([*ENOUGH, "--vendor", "opnai"], '--vendor: no vendor "opnai"'),
        (
            [*ENOUGH, "--vendor", "openai", "--not-vendor", "openai"],
            "--not-vendor: openai is allowed",
        ),
        (["--ask", "--context", "5"], "--ask asks for everything itself"),
        ([], "give a NEED file, --template NAME"),
    ],
)
def test_a_bad_flag_is_named_with_what_would_be_right(args: list[str], said: str) -> None:
    error = choose(*args).exception
    assert isinstance(error, InvalidInput) and said in str(error)


def test_half_a_second_may_be_written_in_milliseconds() -> None:
    result = choose(*ENOUGH, "--within", "500ms", "--json")
    assert json.loads(result.output)["decision"]["need"]["must"]["latency"]["end_to_end_s"] == 0.5
