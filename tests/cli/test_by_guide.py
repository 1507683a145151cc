"""`choose --by guide`, against an extract of the guide made apart from ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from pilothouse.cli.main import cli

SPEC: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[1] / "known_answers/guide_spec.yaml").read_text(encoding="utf-8")
)
CASES: list[dict[str, Any]] = SPEC["use_cases"]


def choose(*args: str) -> Result:
    return CliRunner().invoke(cli, ["choose", *args, "--by", "guide"], standalone_mode=False)


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_a_template_by_the_guide_names_the_guides_best_on_its_day(case: dict[str, Any]) -> None:
    name = case["id"].replace("_", "-")
    found = json.loads(choose("--template", name, "--as-of", "2025-12-31", "--json").output)
    named = {part["when"]: [m["model"] for m in part["models"]] for part in found["named"]}
    if isinstance(case["best"], dict):
        wanted = {k.replace("_", " "): v for k, v in case["best"].items()}
        assert named == wanted
    else:
        assert named["best"] == case["best"]
    held = {fares["model"] for fares in found["limits"]}
    assert all(set(models) <= held for models in named.values())


@pytest.mark.parametrize(
    ("flags", "node", "models"),
    [
        (["--deployment", "self_hosted"], "privacy", ["llama-3.1-405b", "llama-3.1-70b"]),
        (["--context", "200k"], "very_long_input", ["claude-3.5-sonnet"]),
        (["--reads", "video"], "very_long_input", ["gemini-1.5-pro"]),
        (["--within", "0.4", "--weigh", "quality=2"], "latency", ["gpt-4o-mini", "claude-3-haiku"]),
        (["--task", "code"], "code", ["claude-3.5-sonnet"]),
        (["--reads", "audio"], "voice", ["gpt-4o", "gpt-4-turbo"]),
        (["--requests-per-day", "2M"], "cost", ["gpt-3.5-turbo", "claude-3-haiku"]),
        (["--weigh", "quality=5"], "max_reasoning", ["gpt-4", "claude-3-opus"]),
        (["--weigh", "quality=5", "--task", "creative_writing"], "max_reasoning", ["claude-3-opus"]),
        (["--weigh", "cost=5", "--requests-per-day", "200k"], "high_volume_simple",
         ["claude-3-haiku", "gpt-3.5-turbo"]),
        ([], "general", ["gpt-4-turbo", "claude-3.5-sonnet"]),
    ],
)  # fmt: skip
def test_a_need_answers_each_of_the_nine_nodes(
    flags: list[str], node: str, models: list[str]
) -> None:
    enough = ["--requests-per-day", "1000", "--input-tokens", "800", "--output-tokens", "200"]
    found = json.loads(choose(*enough, *flags, "--as-of", "2025-12-31", "--json").output)
    assert found["walk"]["node"] == node
    assert [m["model"] for m in found["models"]] == models


def test_two_hard_limits_are_both_held_against_the_guides_models() -> None:
    enough = ["--requests-per-day", "1000", "--input-tokens", "800", "--output-tokens", "200"]
    given = ["--deployment", "self_hosted", "--reads", "video", "--as-of", "2025-12-31"]
    said = choose(*enough, *given).output
    assert "never came to very_long_input" in said
    [llama] = [line for line in said.splitlines() if line.startswith("  llama-3.1-405b:")]
    assert "whether it reads video" in llama
    assert "the tree cannot express two constraints at once" in said


def test_today_the_guides_models_give_way_and_the_limits_are_asked_of_the_new_ones() -> None:
    said = choose("--template", "legal-document-analysis", "--as-of", "2026-11-24").output
    assert "best: claude-sonnet-5, claude-opus-4-8" in said
    assert "claude-3.5-sonnet retired 2025-10-28" in said
    assert "claude-sonnet-5: keeps all" in said
