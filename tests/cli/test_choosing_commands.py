"""compare, whatif, decisions, price, guide, catalog, tco and selfhost, as people call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pilothouse.cli.main import cli
from pilothouse.core.errors import InvalidInput, NotFound

ROOT = Path(__file__).parents[2]
NEED = ROOT / "examples/needs/modern-support.yaml"


def run(*args: str | Path, said: str | None = None) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in args], standalone_mode=False, input=said)


def test_compare_marks_who_leads_and_who_has_ended() -> None:
    text = run("compare", "gpt-4o-mini", "claude-3-haiku", "--as-of", "2026-11-24").output
    assert "128,000 tokens" in text
    assert "$0.15 *" in text and "take care: claude-3-haiku retired 2026-04-20" in text
    page = run("compare", "gpt-4o-mini", "claude-3-haiku", "--format", "html").output
    assert page.startswith("<!doctype html>") and "<script" not in page
    assert "**" in run("compare", "gpt-4o", "gpt-4", "--format", "markdown").output
    with pytest.raises(InvalidInput, match="two different"):
        raise run("compare", "gpt-4o").exception  # type: ignore[misc]


def test_whatif_says_who_enters_leaves_and_what_changes() -> None:
    result = run(
        "whatif", NEED, "--down", "anthropic", "--price", "openai=-30%", "--as-of", "2026-11-24"
    )
    assert result.return_value == 1
    assert "leaves: claude-haiku-4-5" in result.output and "-30%" in result.output
    same = run("whatif", NEED, "--retires", "gpt-4=60d", "--as-of", "2026-11-24", "--json")
    assert same.return_value == 0 and json.loads(same.output)["has_flipped"] is False


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--price", "openai=cheap"], 'e.g. "-30%"'),
        (["--context", "gpt-4o=many"], 'e.g. "1M"'),
        (["--retires", "gpt-4o=soon"], 'e.g. "60d"'),
        (["--down", "opnai"], 'Did you mean "openai"'),
        ([], "say what happens"),
    ],
)
def test_whatif_refuses_what_it_cannot_read(args: list[str], said: str) -> None:
    error = run("whatif", NEED, *args).exception
    assert isinstance(error, InvalidInput) and said in str(error)


def test_saved_decisions_are_checked_against_another_day(tmp_path: Path) -> None:
    out = tmp_path / "decision"
    run("choose", NEED, "--as-of", "2026-11-24", "--out", out)
    assert {p.name for p in out.iterdir()} == {
        "decision.md", "decision.html", "decision.json", "poc.yaml",
    }  # fmt: skip
    assert run("decisions", "check", out, "--as-of", "2026-11-24").return_value == 0
    later = run("decisions", "check", out, "--as-of", "2027-02-01")
    assert "ending" in later.output
    ended = run("decisions", "check", out, "--as-of", "2028-01-01", "--json")
    assert ended.return_value == 1
    states = {v["state"] for v in json.loads(ended.output)["decisions"][0]["checked"]["verdicts"]}
    assert "retired" in states


def test_a_broken_decision_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "decision.json").write_text('{"decision": {"need": 1}}')
    error = run("decisions", "check", tmp_path).exception
    assert isinstance(error, InvalidInput) and "decision.json: not a decision written" in str(error)
    (tmp_path / "empty").mkdir()
    assert "no decision.json in it" in str(run("decisions", "check", tmp_path / "empty").exception)


def test_price_prints_lines_and_refuses_by_name() -> None:
    args = [
        "--input-tokens",
        "100,000",
        "--cached-input-tokens",
        "80000",
        "--output-tokens",
        "1000",
    ]
    paid = run("price", "claude-3.5-sonnet", *args, "--on", "2025-03-01")
    assert paid.return_value == 0 and "claude-3.5-sonnet on 2025-03-01: $0.099" in paid.output
    refused = run("price", "gpt-4o", "--input-tokens", "9", "--audio-input-tokens", "9")
    assert refused.return_value == 1 and "not priced: audio_input" in refused.output
    assert "not a whole number" in str(run("price", "gpt-4o", "--input-tokens", "1.5").exception)


def test_the_guide_walks_its_tree_word_for_word_on_its_day_and_by_seat_today() -> None:
    then = run("guide", "--yes", "code", "--then", "no", "--as-of", "2025-12-31").output
    assert "Models, by the guide: claude-3.5-sonnet" in then
    now = run("guide", "--yes", "code", "--then", "no", "--as-of", "2026-11-24").output
    assert "claude-sonnet-5" in now and "claude-3.5-sonnet retired 2025-10-28" in now
    both = run("guide", "--yes", "privacy", "--yes", "very_long_input").output
    assert "never came to very_long_input" in both
    asked = run("guide", "--as-of", "2025-12-31", said="n\nn\ny\nyes\n").output
    assert "Models, by the guide: gpt-4o-mini, claude-3-haiku" in asked


@pytest.mark.parametrize("table", ["matrix", "shortcuts", "use-cases", "orderings", "guidance",
                                   "classes", "budgets", "trade-offs", "warnings", "stars"])  # fmt: skip
def test_every_table_of_the_guide_prints(table: str) -> None:
    assert len(run("guide", table).output.splitlines()) > 3
    assert json.loads(run("guide", table, "--json").output)


def test_templates_start_from_the_guides_use_cases(tmp_path: Path) -> None:
    names = run("choose", "--template", "list").output.split()
    assert len(names) == 10 and "legal-document-analysis" in names
    run(
        "choose",
        "--template",
        "legal-document-analysis",
        "--as-of",
        "2026-11-24",
        "--out",
        tmp_path,
    )
    assert "180_000" in (tmp_path / "need.yaml").read_text()
    error = run("choose", "--template", "legal").exception
    assert isinstance(error, InvalidInput) and "there is no template" in str(error)
    assert "give a NEED file" in str(run("choose").exception)
    both = run("choose", NEED, "--template", "medical-chatbot").exception
    assert "and not both" in str(both)


def test_your_own_catalogue_counts_everywhere(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    args = ["--of", "llama-3.1-70b", "--price", "input=0.2", "--price", "output=0.4"]
    assert run("catalog", "add", "house-llama", "--file", own, *args).return_value == 0
    paid = run("price", "house-llama", "--input-tokens", "1000000", "--catalog", own).output
    assert "$0.2" in paid and "your catalogue" in paid
    again = run("catalog", "add", "house-llama", "--file", own, "--price", "input=9").exception
    assert "--replace overwrites it" in str(again)
    wrong = run(
        "catalog", "add", "x", "--vendor", "us", "--file", own, "--price", "input=5000"
    ).exception
    assert "mine.yaml" in str(wrong) and "per million" in str(wrong)
    assert "house-llama" in run("models", "list", "--catalog", own).output


def test_catalog_commands_print_and_say_no_by_their_exit_code(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    row = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-6}
    old.write_text(json.dumps({"a": row, "b": row}))
    new.write_text(json.dumps({"a": {**row, "input_cost_per_token": 2e-6}, "c": row}))
    result = run("catalog", "diff", old, new)
    assert result.return_value == 1 and "Removed: b" in result.output
    assert run("catalog", "diff", old, old).return_value == 0
    assert run("catalog", "import", "litellm", new, "--out", tmp_path / "o.json").return_value == 0
    assert (
        run("catalog", "conflicts", "--vendor", "anthropic", "--field", "price").return_value == 1
    )
    assert "fresh" in run("catalog", "stale", "--vendor", "cohere").output
    assert "price_input_per_mtok" in run("catalog", "fields").output


def test_a_difference_of_lists_names_the_decisions_that_flip_with_it(tmp_path: Path) -> None:
    run("choose", NEED, "--as-of", "2026-11-24", "--out", tmp_path / "decisions")
    row = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 4e-7}
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps({"gpt-5.1": row}))
    new.write_text(json.dumps({"gpt-5.1": {**row, "deprecation_date": "2026-05-01"}}))
    told = run("catalog", "diff", old, new, "--decisions", tmp_path / "decisions").output
    assert "Flips:" in told and "gpt-5.1: retired 2026-05-01" in told
    flipped = json.loads(
        run("catalog", "diff", old, new, "--decisions", tmp_path, "--json").output
    )["flipped"]
    assert "gpt-5.1" in flipped[0]["before"] and "gpt-5.1" not in flipped[0]["after"]
    gone = run("catalog", "diff", old, new, "--decisions", tmp_path / "gone").exception
    assert isinstance(gone, InvalidInput)


def test_a_difference_of_your_own_files_compares_what_wins(tmp_path: Path) -> None:
    files = []
    for name, price in (("a", 2), ("b", 1)):
        files.append(tmp_path / f"{name}.yaml")
        body = f"models:\n  gpt-4o: {{prices: {{input: {price}, output: 8}}}}\n"
        files[-1].write_text(f"seen: 2026-11-01\n{body}")
    told = run("catalog", "diff", *files).output
    assert "gpt-4o price_input_per_mtok: 2 -> 1" in told


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("conflicts", "--vendor", "anthropicc"), 'Did you mean "anthropic"'),
        (("stale", "--vendor", "anthropicc"), 'Did you mean "anthropic"'),
        (("conflicts", "--field", "pricee"), 'no field begins with "pricee"'),
        (("add", "x", "--vendor", "me", "--fact", "released_on=2026-13-01"), "month must be in"),
        (("add", "x", "--vendor", "me", "--file", "/no/such/a.yaml"), "cannot be written"),
    ],
)
def test_a_vendor_field_or_value_that_is_none_is_refused(args: tuple[str, ...], said: str) -> None:
    error = run("catalog", *args).exception
    assert isinstance(error, InvalidInput) and said in str(error)


def test_explain_shows_two_days_and_a_moving_name() -> None:
    seen = run(
        "models", "explain", "gpt-4o", "price_input_per_mtok", "--as-of", "2024-06-01"
    ).output
    assert "= 5 USD per million tokens" in seen and "until 2024-10-02" in seen
    moved = run("models", "explain", "mistral-large-latest", "context_tokens").output
    assert "stood for mistral-large-2 from 2024-07-24 to 2024-11-18" in moved
    early = run("models", "explain", "gpt-4o", "retired_on", "--known-at", "2025-01-01").exception
    assert isinstance(early, InvalidInput)


def test_tco_and_selfhost_answer_with_a_picture(tmp_path: Path) -> None:
    tco = ROOT / "examples/tco/support.yaml"
    first, second = tmp_path / "a.svg", tmp_path / "b.svg"
    for path in (first, second):
        result = run("tco", tco, "--draws", "300", "--plot", path)
        assert "cheaper than strong" in result.output and result.return_value == 0
    assert first.read_bytes() == second.read_bytes()
    args = ["selfhost", "break-even", "llama-3.1-8b", "--against", "gpt-4o-mini"]
    told = run(*args, "--plot", tmp_path / "c.png").output
    assert "own machines cost less: " in told and "the same weights at " in told
    assert (tmp_path / "c.png").stat().st_size > 10_000
    assert run("choose", NEED, "--plot", tmp_path / "d.svg").return_value == 0
    assert "ends in .svg or .png" in str(
        run("choose", NEED, "--plot", tmp_path / "d.gif").exception
    )
    assert isinstance(run("selfhost", "vram", "gpt-4").exception, NotFound)
    assert "1 x h100" in run("selfhost", "vram", "llama-3.1-8b").output
    assert (
        run("selfhost", "capacity", "mixtral-8x7b", "--requests-per-month", "1000").return_value
        == 0
    )
    assert json.loads(run("selfhost", "validate", "--json").output)["p90"] < 0.12


def test_a_tco_file_is_checked_with_its_lines(tmp_path: Path) -> None:
    text = (ROOT / "examples/tco/support.yaml").read_text()
    bad = tmp_path / "bad.yaml"
    bad.write_text(text.replace("low: 4000, likely: 10000", "low: 40000, likely: 10000", 1)
                   .replace("model: gpt-5.4-mini", "model: gpt-5.4-minny"))  # fmt: skip
    error = run("tco", bad).exception
    assert "write 0 <= low <= likely <= high" in str(
        error
    ) and 'Did you mean "gpt-5.4-mini"' in str(error)
    assert "bad.yaml:8:" in str(error)


def test_the_wizard_shows_what_each_answer_leaves_goes_back_and_writes_the_need(
    tmp_path: Path,
) -> None:
    answers = ["?", "y", "b", "n", "200k", "n", "any", "n", "n", "maybe", "n", "y", "n", "20000", "6000",
               "500", "12000", "y", "tools,structured_output", "none", "n", "none", "2027-03-01", "y",
               "asked"]  # fmt: skip
    args = ["choose", "--ask", "--as-of", "2026-11-24", "--out", tmp_path]
    result = run(*args, said="\n".join(answers) + "\n")
    assert result.exception is None, result.output
    assert result.output.count("keep all limits") == 23
    assert "Guide, node 1" in result.output and "y or n" in result.output
    written = (tmp_path / "need.yaml").read_text()
    assert "name: asked" in written and "context_tokens: 200000" in written
    again = run("choose", tmp_path / "need.yaml", "--as-of", "2026-11-24", "--json")
    assert json.loads(again.output) == json.loads((tmp_path / "decision.json").read_text())
    assert run("choose", "--ask", said="q\n").return_value == 130


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--as-of", "2017-01-01"], "before the first model of the catalogue, 2019-02-14"),
        (["--known-at", "2019-01-01"], "nothing had been said by 2019-01-01"),
        (["--as-of", "2027-06-01"], "2027-03-01 is not after the day that answers"),
    ],
)
def test_a_day_on_which_nobody_can_answer_is_refused(args: list[str], said: str) -> None:
    error = run("choose", NEED, *args).exception
    assert isinstance(error, InvalidInput) and said in str(error)


def test_the_wizard_says_what_was_not_understood_and_asks_again() -> None:
    answers = ["maybe", "n", "300x", "none", "", "fast", "Near real-time", "", "", "", "", ""]
    answers += ["0", "1k", "", "", "100 EUR", "0", "none", "", "toolz", "tools", "soc3", "none"]
    answers += ["", "", "soon", "any", "", ""]
    result = run("choose", "--ask", "--as-of", "2026-11-24", said="\n".join(answers) + "\n")
    assert result.exception is None, result.output
    told = [line for line in result.output.splitlines() if "not understood: " in line]
    wrong = [
        "y or n",
        "128000",
        "near_real_time",
        "from 1 on",
        "no other currency",
        "more than nothing",
    ]
    wrong += ['Did you mean "tools"?', 'Did you mean "soc2"?', "a day such as"]
    assert len(told) == len(wrong)
    assert all(part in line for part, line in zip(wrong, told, strict=True))
    assert "`$" not in result.output and "To keep the need" in result.output


def test_whatif_says_that_a_vendor_is_down_and_not_that_it_offers_nothing() -> None:
    said = run("whatif", NEED, "--down", "anthropic", "--as-of", "2026-11-24").output
    assert "leaves: claude-haiku-4-5 (anthropic is down)" in said


@pytest.mark.parametrize("name", run("choose", "--template", "list").output.split())
def test_no_template_recommends_a_model_that_ends_within_three_months(name: str) -> None:
    result = run("choose", "--template", name, "--as-of", "2026-11-24", "--json")
    picks = json.loads(result.output)["decision"]["shortlist"]
    assert result.return_value == (0 if picks else 1)
    assert all(p.get("retired_on") is None or p["retired_on"] >= "2027-02-22" for p in picks)


def test_a_place_that_cannot_be_written_is_said_and_not_called_our_bug(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for option in (["--out", file / "in"], ["--plot", file / "in" / "x.svg"]):
        error = run("choose", NEED, *option).exception
        assert isinstance(error, InvalidInput) and "cannot be written" in str(error)
