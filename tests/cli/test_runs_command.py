"""Runs read again, compared, exported and imported, over the recorded GSM8K answers."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from pilothouse.cli.main import cli
from pilothouse.core.errors import PilothouseError

POC = """\
name: small
cases: {{file: "builtin:gsm8k", sample: 150}}
providers: {{recorded: {{kind: replay, recording: "builtin:gsm8k"}}}}
candidates:
  - {{name: {first}, provider: recorded, model: {first_model}, catalog_model: gpt-4-turbo}}
{second}
scorer: {{number: {{}}}}
criteria: {{accuracy: ">= 0.7"}}
"""
GPT4, MIXTRAL = "gpt-4-1106-preview", "mistralai/Mixtral-8x7B-Instruct-v0.1"
SECOND = f"  - {{name: small, provider: recorded, model: {MIXTRAL}, catalog_model: mixtral-8x7b}}"


def written(folder: Path, name: str, first: str, model: str, second: str = "") -> Path:
    path = folder / name
    path.write_text(POC.format(first=first, first_model=model, second=second), encoding="utf-8")
    return path


class Done(NamedTuple):
    exit_code: int
    stdout: str
    output: str


def invoke(*args: object) -> Done:
    """As the installed command does it."""
    done = CliRunner().invoke(cli, [str(a) for a in args], standalone_mode=False)
    if isinstance(done.exception, PilothouseError):
        return Done(2, done.stdout, str(done.exception))
    assert done.exception is None, done.exception
    return Done(int(done.return_value or 0), done.stdout, done.output)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    store = tmp_path / "a.db"
    both = written(tmp_path, "both.yaml", "big", GPT4, SECOND)
    assert invoke("prove", both, "--store", store).exit_code == 0
    return store


def test_a_run_is_listed_and_shown_as_it_was_reported(tmp_path: Path, store: Path) -> None:
    listed = json.loads(invoke("runs", "list", "--store", store, "--json").output)["runs"]
    assert [(r["name"], r["cases"], r["answers"]) for r in listed] == [("small", 150, 300)]
    again = invoke("prove", tmp_path / "both.yaml", "--store", store, "--json").stdout
    shown = invoke("runs", "show", listed[0]["run"][:8], "--store", store, "--json")
    assert json.loads(shown.stdout) == json.loads(again)
    out = tmp_path / "out"
    assert invoke("runs", "show", "last", "--store", store, "--out", out).exit_code == 0
    assert {p.name for p in out.iterdir()} >= {"report.html", "report.md", "report.json"}


def test_a_run_that_is_not_there_is_named(store: Path) -> None:
    done = invoke("runs", "show", "poc-none", "--store", store)
    assert done.exit_code == 2
    assert 'no run "poc-none"' in done.output


def test_two_runs_are_compared_case_by_case(tmp_path: Path) -> None:
    store = tmp_path / "a.db"
    invoke("prove", written(tmp_path, "old.yaml", "model", GPT4), "--store", store)
    old = json.loads(invoke("runs", "list", "--store", store, "--json").output)["runs"][0]["run"]
    invoke("prove", written(tmp_path, "new.yaml", "model", MIXTRAL), "--store", store)
    runs = json.loads(invoke("runs", "list", "--store", store, "--json").output)["runs"]
    new = next(r["run"] for r in runs if r["run"] != old)
    done = invoke("runs", "diff", old, new, "--store", store, "--json")
    assert done.exit_code == 1
    (candidate,) = json.loads(done.stdout)["candidates"]
    assert candidate["change"]["value"] < -0.1
    assert candidate["regressions"] and candidate["improvements"]
    assert "worse" in invoke("runs", "diff", old, new, "--store", store).output
    regressed = invoke("regress", old, new, "--store", store)
    assert regressed.exit_code == 1
    assert invoke("regress", new, old, "--store", store).exit_code == 0


def test_a_baseline_and_a_candidate_of_one_file_give_a_verdict_for_ci(
    tmp_path: Path, store: Path
) -> None:
    junit, summary = tmp_path / "junit.xml", tmp_path / "summary.md"
    done = invoke(
        *("regress", tmp_path / "both.yaml", "--store", store),
        *("--junit", junit, "--summary", summary),
    )
    assert done.exit_code == 1, done.output
    assert "<failure" in junit.read_text()
    assert summary.read_text().startswith("## ")
    same = invoke("regress", "last", "last", "--store", store)
    assert same.exit_code in (0, 3)


@pytest.mark.parametrize("form", ["inspect", "promptfoo"])
def test_a_run_goes_out_in_others_forms_and_comes_back(
    tmp_path: Path, store: Path, form: str
) -> None:
    out = tmp_path / "exported.json"
    done = invoke("runs", "export", "last", "--format", form, "--out", out, "--store", store)
    assert done.exit_code == 0, done.output
    back = tmp_path / "back"
    done = invoke("runs", "import", out, "--format", form, "--out", back)
    assert done.exit_code == 0, done.output
    assert len((back / "cases.jsonl").read_bytes().splitlines()) == 150
    poc = tmp_path / "again.yaml"
    model = json.loads((back / "answers.jsonl").read_bytes().splitlines()[0])["model"]
    poc.write_text(
        "name: again\ncases: back/cases.jsonl\n"
        "providers: {r: {kind: replay, recording: back/answers.jsonl}}\n"
        f"candidates: [{{name: big, provider: r, model: {json.dumps(model)}}}]\n"
        'scorer: {number: {}}\ncriteria: {accuracy: ">= 0.7"}\n'
    )
    again = invoke("prove", poc, "--store", tmp_path / "b.db", "--json")
    assert again.exit_code == 0, again.output


def test_an_estimate_asks_nothing(tmp_path: Path) -> None:
    poc = written(tmp_path, "both.yaml", "big", GPT4, SECOND)
    done = invoke("prove", poc, "--estimate", "--json", "--store", tmp_path / "a.db")
    figures = json.loads(done.stdout)
    assert float(figures["p10_usd"]) < float(figures["p50_usd"]) < float(figures["p90_usd"])
    assert figures["questions"] == 300
