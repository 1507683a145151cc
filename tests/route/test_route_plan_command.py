"""`pilothouse route plan`, until it hangs in its group: run as it is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import synthetic_swe
from click.testing import CliRunner

from pilothouse.app.config import load_config
from pilothouse.cli.route_plan import plan
from pilothouse.core.errors import InvalidInput
from pilothouse.route.cascade_outcome import Plan
from pilothouse.route.cascade_served import route_yaml


@pytest.fixture(scope="module")
def swe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    table = synthetic_swe.table()
    path = tmp_path_factory.mktemp("swe") / "swe.jsonl"
    rows = zip(table.ids, table.score, table.cost_usd, strict=True)
    lines = [
        {"id": i, "prompt": i, "scores": named(table.models, s), "cost_usd": named(table.models, c)}
        for i, s, c in rows
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def named(models: tuple[str, ...], values: tuple[float | None, ...]) -> dict[str, float | None]:
    return dict(zip(models, values, strict=True))


def run(*args: object) -> tuple[int, str]:
    result = CliRunner().invoke(plan, [str(a) for a in args], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.output


def test_it_says_which_cascade_pays_how_wrong_the_check_may_be_and_what_a_replay_gave(
    swe: Path,
) -> None:
    code, said = run(swe, "--check-error", "0.2")
    assert code == 0
    assert (
        "Cascade gpt-5-mini -> sonnet-4-5: 71.4 % at 0.50x the cost of sonnet-4-5 alone (70.6 %)"
        in said
    )
    assert "while the check is wrong at most 24.0 % of the time" in said
    assert re.search(r"Replayed 20 times with drawn errors: 71\.\d %", said)
    assert re.search(r"^sonnet-4-5 +70\.6 %.* best$", said, re.MULTILINE)
    assert "luck included" in said
    assert "assumed" not in said


def test_a_check_error_that_nobody_gave_is_said_to_be_assumed(swe: Path) -> None:
    assert (
        "wrong 10.0 % of the time, both ways, $0 a check (assumed; say --check-error)"
        in run(swe)[1]
    )


def test_the_two_errors_can_differ(swe: Path) -> None:
    said = run(swe, "--false-accept", "0.3", "--false-reject", "0.05")[1]
    assert "takes 30.0 % of bad answers, refuses 5.0 % of good ones" in said


def test_exit_1_when_nothing_pays(swe: Path) -> None:
    code, said = run(swe, "--check-error", "0.45")
    assert code == 1
    assert "Do not cascade" in said


def test_json_has_every_plan_the_choice_and_what_it_was_measured_with(swe: Path) -> None:
    code, said = run(swe, "--check-error", "0.1", "--longest", "2", "--json")
    found: dict[str, Any] = json.loads(said)
    assert code == 0
    assert found["plan"]["chosen"]["plan"] == {
        "kind": "verifier",
        "models": ["gpt-5-mini", "sonnet-4-5"],
    }
    assert len(found["plan"]["cascades"]) == 6 == found["plan"]["tried"]
    low, high = found["replayed"]["score_range"].values()
    assert low <= found["plan"]["chosen"]["score"] <= high
    assert found["held_out"]["cost_ratio"] < 1
    assert found["plan"]["check"]["false_accept"] == 0.1


def test_only_the_models_asked_for(swe: Path) -> None:
    said = run(swe, "--model", "gpt-5", "--model", "gpt-5-mini", "--check-error", "0")[1]
    assert "sonnet" not in said
    with pytest.raises(InvalidInput, match='no model "gpt-6"'):
        run(swe, "--model", "gpt-6")


def test_latency_is_shown_where_it_is_known_with_what_was_left_out(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = ["q,1,1,0.01,1,100,900", "q,0,1,0.01,1,100,900"] * 40
    head = "prompt,a,b,a|cost_usd,b|cost_usd,a|latency_ms,b|latency_ms"
    path.write_text("\n".join([head, *rows, "q,1,,0.01,1,100,900"]))
    said = run(path, "--check-error", "0", "--check-ms", "50")[1]
    assert "80 cases (1 left out: not every model has a score and a cost)" in said
    assert re.search(r"^a -> b .* 600 +yes$", said, re.MULTILINE), said


def test_agreement_needs_answers(swe: Path) -> None:
    with pytest.raises(InvalidInput, match="agreement needs three models, and the `answers`"):
        run(swe, "--check", "agreement")


def test_help_has_an_example() -> None:
    result = CliRunner().invoke(plan, ["--help"])
    assert result.exit_code == 0
    assert re.search(r"Example:\n +pilothouse route plan table\.jsonl", result.output)
    assert "--json" in result.output


def test_it_ends_with_a_route_that_the_gateway_can_serve(swe: Path, tmp_path: Path) -> None:
    _, said = run(swe, "--check-error", "0.2")
    route = said[said.index("routes:\n") :]
    assert "    targets: [gpt-5-mini, sonnet-4-5]\n" in route
    assert "# your check, wrong for at most 24.0 % of answers" in route
    models = "".join(f"  {m}: {{provider: v, model: {m}}}\n" for m in ("gpt-5-mini", "sonnet-4-5"))
    vendor = 'providers:\n  v: {kind: openai_compatible, base_url: "http://127.0.0.1:1/v1"}\n'
    path = tmp_path / "pilothouse.yaml"
    path.write_text(f"{vendor}targets:\n{models}{route}")
    spec = load_config(path).routes["cascade"]
    assert spec.check is not None and [t.name for t in spec.targets] == ["gpt-5-mini", "sonnet-4-5"]
    assert json.loads(run(swe, "--check-error", "0.2", "--json")[1])["route"] == route.strip()


def test_an_agreement_is_served_by_a_target_beside_the_route() -> None:
    route = route_yaml(Plan(kind="agreement", models=("a", "b:7b", "c")), None)
    assert route is not None and route.splitlines()[3:] == [
        "    targets: [a, c]",
        '    check: {agree_with: "b:7b"}',
    ]
    assert route_yaml(Plan(kind="single", models=("a",)), None) is None


def test_nothing_to_serve_where_nothing_pays(swe: Path) -> None:
    assert "routes:" not in run(swe, "--check-error", "0.5")[1]
