"""The bundled catalogue, the shipped needs, and what `choose` and `models` say of them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pilothouse.catalog.catalog import load_bundled
from pilothouse.choose.engine import decide
from pilothouse.choose.facts import offers
from pilothouse.choose.read import Known, load_need
from pilothouse.cli.main import cli
from pilothouse.prove.spec import load_poc

ROOT = Path(__file__).parents[2]
GUIDE_CASE = ROOT / "examples/needs/ecommerce-support.yaml"
MODERN_CASE = ROOT / "examples/needs/modern-support.yaml"


def run(*args: str | Path) -> Result:
    """The result; its exit code is what `main` would make of the returned number."""
    return CliRunner().invoke(cli, [str(a) for a in args], standalone_mode=False)


def chosen(*args: str | Path) -> dict[str, object]:
    return json.loads(run("choose", *args, "--json").output)["decision"]


def test_the_guides_three_are_exactly_those_that_keep_its_limits_and_one_is_dominated() -> None:
    decision = chosen(GUIDE_CASE)
    shortlist = {p["id"] for p in decision["shortlist"]}  # type: ignore[index, union-attr]
    [beaten] = decision["dominated"]  # type: ignore[misc]
    assert shortlist == {"gpt-4o-mini", "claude-3-haiku"}
    assert shortlist | {beaten["id"]} == {"gpt-4o-mini", "claude-3-haiku", "gpt-3.5-turbo"}
    assert beaten["by"] == "claude-3-haiku"


def test_the_guides_case_costs_what_its_volume_and_prices_say() -> None:
    picks = {p["id"]: p for p in chosen(GUIDE_CASE)["shortlist"]}  # type: ignore[index, union-attr, attr-defined]
    a_month = {i: Decimal(p["cost_per_month_usd"]) for i, p in picks.items()}
    assert a_month == {"gpt-4o-mini": 720, "claude-3-haiku": 1350}


def test_todays_answer_to_the_guides_case_is_another_one_because_models_have_ended() -> None:
    decision = chosen(GUIDE_CASE, "--as-of", "2026-11-24")
    assert [p["id"] for p in decision["shortlist"]] == ["gpt-4o-mini"]  # type: ignore[index, union-attr, attr-defined]
    why = {e["id"]: e["failures"][0]["text"] for e in decision["excluded"]}  # type: ignore[index, union-attr, attr-defined]
    assert why["gpt-3.5-turbo"] == "retired 2026-10-23, 32 days ago; successor gpt-5.6-terra"
    assert why["claude-3-haiku"] == "retired 2026-04-20, 218 days ago; successor claude-haiku-4-5"


def test_an_answer_as_of_a_past_day_says_who_has_ended_since() -> None:
    assert "Retired since: claude-3-haiku (2026-04-20)" in run("choose", GUIDE_CASE).output


def test_the_modern_case_gives_two_or_three_models_that_live_and_keep_the_budget() -> None:
    picks = chosen(MODERN_CASE)["shortlist"]
    assert 2 <= len(picks) <= 3  # type: ignore[arg-type]
    for pick in picks:  # type: ignore[attr-defined]
        assert Decimal(pick["cost_per_month_usd"]) <= 12_000
        assert pick["values"]["quality"] >= 0.6


@pytest.mark.parametrize("case", [GUIDE_CASE, MODERN_CASE])
def test_the_poc_of_a_shortlist_loads(case: Path, tmp_path: Path) -> None:
    assert run("choose", case, "--out", tmp_path).return_value == 0
    poc = load_poc(tmp_path / "poc.yaml")
    assert 2 <= len(poc.file.candidates) <= 3
    assert {"accuracy"} <= set(poc.file.criteria)
    catalog = load_bundled()
    for candidate in poc.file.candidates:
        assert catalog.find(candidate.model).id == candidate.catalog_model


def test_the_record_is_the_same_bytes_every_time(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        run("choose", GUIDE_CASE, "--out", tmp_path / folder)
    for name in ("decision.md", "decision.json", "poc.yaml"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_record_holds_every_exclusion_and_the_source_of_every_fact(tmp_path: Path) -> None:
    run("choose", GUIDE_CASE, "--out", tmp_path)
    whole = json.loads((tmp_path / "decision.json").read_text())
    text = (tmp_path / "decision.md").read_text()
    decision = whole["decision"]
    assert all(f"| {e['id']} |" in text for e in decision["excluded"])
    for claims in decision["claims"].values():
        assert claims and all(c["source"] in whole["sources"] for c in claims)
    assert decision["catalogue"] in text


def test_nothing_left_is_exit_1_with_the_smallest_relaxations(tmp_path: Path) -> None:
    need = tmp_path / "need.yaml"
    need.write_text(
        "name: n\nas_of: 2026-11-24\nvolume_per_day: 10\ntokens: {input: 800, output: 200}\n"
        "must: {context_tokens: 50000000}\n"
    )
    result = run("choose", need)
    assert result.return_value == 1
    assert "No model keeps every limit." in result.output
    assert "Smallest relaxations\n  must.context_tokens: 2,000,000  lets in grok-4" in result.output


@pytest.mark.parametrize("case", [GUIDE_CASE, MODERN_CASE])
def test_relaxing_as_told_lets_models_in(case: Path) -> None:
    catalog = load_bundled()
    vendors = {str(catalog.value(m, "vendor")) for m in catalog.models}
    need = load_need(case, Known(vendors=vendors, benchmarks={"gpqa-diamond"}))
    today = date(2026, 11, 24)
    decision = decide(need, offers(catalog, today), as_of=today, catalogue="t")
    assert all(r.admits for r in decision.relaxations)


def test_the_tours_needs_are_the_examples() -> None:
    files = ROOT / "src/pilothouse/tour/files"
    assert (files / "need-support-2025.yaml").read_bytes() == GUIDE_CASE.read_bytes()
    assert (files / "need-support-today.yaml").read_bytes() == MODERN_CASE.read_bytes()


def test_explain_lists_every_claim_and_why_one_wins() -> None:
    output = run("models", "explain", "gpt-4-1106-preview", "price_input_per_mtok").output
    assert "gpt-4-1106-preview price_input_per_mtok = 10" in output
    assert "because all " in output and "agree" in output
    assert output.count(": https://") == output.count("    as ") == output.count("licence MIT") >= 3


def test_list_can_be_cut_to_a_vendor_and_to_what_lives() -> None:
    every = json.loads(run("models", "list", "--vendor", "openai", "--json").output)
    alive = json.loads(run("models", "list", "--vendor", "openai", "--current", "--json").output)
    ids = {m["id"] for m in every}
    assert {m["vendor"] for m in every} == {"openai"}
    assert "gpt-4" in ids and "gpt-4" not in {m["id"] for m in alive}


def test_show_says_facts_with_their_sources() -> None:
    output = run("models", "show", "openai/gpt-4o-mini").output
    assert output.startswith("gpt-4o-mini (also gpt-4o-mini-2024-07-18)")
    assert "context_tokens" in output and "128,000" in output
