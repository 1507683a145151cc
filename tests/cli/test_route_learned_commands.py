"""From a proof to a certified route by commands alone, on recorded answers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "route"))

from learned_tables import skills

from pilothouse.cli.main import cli

POC = """\
name: sums
cases: "builtin:gsm8k"
providers:
  recorded: {kind: replay, recording: "builtin:gsm8k"}
candidates:
  - {name: strong, provider: recorded, model: gpt-4-1106-preview}
  - name: weak
    provider: recorded
    model: mistralai/Mixtral-8x7B-Instruct-v0.1
    catalog_model: mixtral-8x7b
scorer: {number: {take: last_digits}}
criteria: {accuracy: ">= 0.80"}
concurrency: 64
"""


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, args, standalone_mode=False)
    if result.exception is not None:
        return 2, str(result.exception)
    return int(result.return_value or 0), result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("learned")
    (folder / "poc.yaml").write_text(POC)
    code, said = run(
        "prove", str(folder / "poc.yaml"), "--limit", "500", "--store", str(folder / "p.db")
    )
    assert code in (0, 1), said
    return folder


@pytest.mark.slow
def test_a_proof_becomes_a_router_that_explains_itself(folder: Path) -> None:
    store, out = str(folder / "p.db"), str(folder / "router.json")
    code, said = run("route", "learn", "last", "--store", store, "--out", out, "--json")
    found = json.loads(said)
    assert code in (0, 1)
    assert found["reference"] == "strong" and found["models"]["strong"] > 0.8
    assert [c["epsilon"] for c in found["certificates"]] == [0.01, 0.02, 0.05, 0.1]
    assert all(c["upper_bound"] <= c["epsilon"] for c in found["certificates"])
    code, said = run("route", "learn", "last", "--store", store, "--out", out)
    assert "answers when in doubt" in said and "written: " in said
    code, said = run("route", "explain", out, "How many eggs are left of 12?", "--tolerance", "0.5")
    assert code == 0
    assert "P(good)" in said and "gate: " in said and "tolerance: 0.5" in said
    code, said = run("route", "explain", out, "How many eggs are left of 12?", "--json")
    assert json.loads(said)["models"] == ["strong", "weak"]


@pytest.mark.slow
def test_a_proof_is_judged_and_planned(folder: Path) -> None:
    store = str(folder / "p.db")
    code, said = run("route", "eval", "last", "--store", store, "--splits", "1", "--json")
    assert code in (0, 1), said
    rows = {row["name"]: row for row in json.loads(said)["evaluation"]["rows"]}
    assert rows["strong"]["quality"] > rows["weak"]["quality"]
    assert rows["(oracle)"]["aiq"] > rows["learned, text"]["aiq"] > rows["weak"]["aiq"]
    code, said = run("route", "eval", "last", "--store", store, "--splits", "1")
    assert "(no router: hull of single models)" in said
    code, said = run("route", "plan", "last", "--store", store, "--check-error", "0.05")
    assert code in (0, 1)
    assert "weak -> strong" in said


def test_what_cannot_be_learned_from_is_said(tmp_path: Path) -> None:
    store = str(tmp_path / "p.db")
    table = tmp_path / "t.jsonl"
    table.write_text('{"prompt": "a", "scores": {"one": 1}}\n')
    assert run("route", "learn", str(table), "--store", store) == (
        2,
        f"{table}: there is one model (one): a choice needs two in the same proof",
    )
    table.write_text('{"prompt": "a", "scores": {"one": 1, "two": 3}}\n')
    code, said = run("route", "learn", str(table), "--store", store)
    assert (code, "the score of two is 3, not within 0-1" in said) == (2, True)
    table.write_text('{"prompt": "a", "scores": {"one": 1, "two": 1}}\n')
    assert "fewer than two cases" in run("route", "learn", str(table))[1]
    assert "costs are not known" in run("route", "eval", str(table))[1]
    assert run("route", "explain", str(tmp_path / "no.json"), "a")[0] == 2


def test_routes_is_still_a_name_of_the_command() -> None:
    assert "learn " in run("routes", "--help")[1]


@pytest.mark.slow
def test_the_proofs_own_configuration_routes_where_that_pays(tmp_path: Path) -> None:
    (tmp_path / "poc.yaml").write_text(POC)
    out, store = tmp_path / "proof", str(tmp_path / "p.db")
    code, said = run("prove", str(tmp_path / "poc.yaml"), "--store", store, "--out", str(out))
    assert code == 0
    assert "Routing between the candidates pays: saves" in said
    config = str(out / "pilothouse.yaml")
    assert run("check", config)[0] == 0
    question = "Tom has 3 apples and buys 4 more. How many apples does he have?"
    code, said = run("route", "explain", config, "sums-routed", "--text", question, "--json")
    found = json.loads(said)
    assert (code, found["policy"], found["targets"]) == (0, "learned", ["weak", "strong"])
    assert "learned: weak, P(good) 0." in found["why"]
    assert run("runs", "show", "last", "--store", store, "--out", str(tmp_path / "again"))[0] == 0
    one, other = ((folder / "router.json").read_bytes() for folder in (out, tmp_path / "again"))
    assert json.loads(one)["terms"] == json.loads(other)["terms"]


def test_promises_are_made_anew_from_newer_cases(tmp_path: Path) -> None:
    def written(name: str, count: int, seed: int) -> str:
        table = skills(count, seed)
        lines = [
            {
                "prompt": p,
                "tag": t,
                "scores": dict(zip(table.models, s, strict=True)),
                "cost_usd": {"cheap": 0.001, "dear": 0.02},
            }
            for p, t, s in zip(table.prompts, table.tags, table.score, strict=True)
        ]
        path = tmp_path / name
        path.write_text("\n".join(json.dumps(line) for line in lines))
        return str(path)

    router, old, new = (
        str(tmp_path / "r.json"),
        written("old.jsonl", 200, 3),
        written("new.jsonl", 900, 4),
    )
    run("route", "learn", old, "--out", router)
    code, said = run("route", "certify", router, new, "--json")
    found = json.loads(said)
    assert (code, found["advice"]) == (0, "route")
    assert {c["cases"] for c in found["certificates"]} == {900}
    assert "Promised: of requests like" in run("route", "certify", router, new)[1]
    code, said = run("route", "certify", router, old)
    assert (code, "the router was learned from it" in said) == (2, True)
    other = tmp_path / "other.jsonl"
    other.write_text('{"prompt": "a", "scores": {"one": 1, "two": 1}}\n')
    assert "the router's model cheap is not in it" in run("route", "certify", router, str(other))[1]
