"""`pilothouse prove` as a person runs it, over the shipped recording and over a file of their own."""

import json
import os
import signal
import subprocess
import sys
from importlib import resources
from math import isclose
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pilothouse.app.config import load_config
from pilothouse.cli.prove import command
from pilothouse.core.errors import InvalidInput

KNOWN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "known_answers" / "statistics.json").read_text()
)["gsm8k_paired"]
OWN = """\
name: own
cases: cases.jsonl
providers:
  mine: {kind: replay, recording: answers.jsonl}
candidates:
  - {name: m, provider: mine, model: m, catalog_model: gpt-4-1106-preview}
scorer: {number: {}}
criteria: {CRITERIA}
"""


def prove(folder: Path, poc: str, *options: str) -> Result:
    (folder / "poc.yaml").write_text(poc, encoding="utf-8")
    args = [str(folder / "poc.yaml"), "--store", str(folder / "a.db"), *options]
    return CliRunner().invoke(command, args, standalone_mode=False)


def shipped(name: str) -> str:
    return resources.files("pilothouse.tour").joinpath("files", name).read_text(encoding="utf-8")


def own_files(folder: Path, right: int, count: int, **recorded: object) -> None:
    cases = [{"id": i, "prompt": f"q{i}", "expected": i} for i in range(count)]
    answers = [
        {"model": "m", "prompt": f"q{i}", "answer": str(i if i < right else -1), **recorded}
        for i in range(count)
    ]
    for name, rows in (("cases.jsonl", cases), ("answers.jsonl", answers)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_the_published_scores_and_the_known_paired_figures_come_out(tmp_path: Path) -> None:
    done = prove(tmp_path, shipped("poc.yaml"), "--out", str(tmp_path / "proof"))
    assert done.return_value == 0, done.output
    made = json.loads((tmp_path / "proof" / "report.json").read_bytes())
    gpt4, mixtral = made["candidates"]
    assert (gpt4["right"], gpt4["answers"]) == (1130, 1319)
    assert (mixtral["right"], mixtral["answers"]) == (842, 1319)
    assert gpt4["label_differences"] == mixtral["label_differences"] == []
    paired = mixtral["against_baseline"]
    assert isclose(paired["difference"], KNOWN["difference"], abs_tol=1e-9)
    assert isclose(paired["standard_error"], KNOWN["se_paired"], abs_tol=1e-9)
    assert isclose(paired["interval"]["low"], KNOWN["ci95_normal"][0], abs_tol=1e-9)
    assert isclose(paired["interval"]["high"], KNOWN["ci95_normal"][1], abs_tol=1e-9)
    assert isclose(paired["mcnemar_p"], KNOWN["mcnemar_exact_p"], rel_tol=1e-9)
    for words in ("85.67 %", "63.84 %", "not recorded", "0 of 1319 answers differ", "estimated"):
        assert words in done.output


@pytest.mark.slow
def test_without_the_contaminated_prompts_1307_are_left(tmp_path: Path) -> None:
    done = prove(tmp_path, shipped("poc-clean.yaml"), "--json")
    assert done.return_value == 0, done.output
    made = json.loads(done.stdout)
    assert [(c["right"], c["answers"]) for c in made["candidates"]] == [(1121, 1307), (833, 1307)]


@pytest.mark.slow
def test_the_ready_configuration_is_accepted_with_the_winner_first(tmp_path: Path) -> None:
    out = tmp_path / "proof"
    prove(tmp_path, shipped("poc.yaml"), "--out", str(out))
    config = load_config(out / "pilothouse.yaml", os.environ)
    route = config.routes["gsm8k-support"]
    assert [t.name for t in route.targets] == ["gpt-4-1106-preview", "mixtral-8x7b"]


@pytest.mark.parametrize(
    ("right", "criterion", "code", "words"),
    [
        (120, '{accuracy: ">= 0.80"}', 0, "Proven: m meets every criterion."),
        (30, '{accuracy: ">= 0.80"}', 1, "No candidate meets every criterion."),
        (98, '{accuracy: ">= 0.80"}', 1, "about 2,257 answers would decide"),
        (96, '{accuracy: ">= 0.80"}', 1, "no number of cases would do"),
        (120, '{latency_p95_ms: "<= 2000"}', 1, "no times were recorded"),
    ],
)
def test_the_verdict_is_in_the_exit_code_and_in_words(
    tmp_path: Path, right: int, criterion: str, code: int, words: str
) -> None:
    own_files(tmp_path, right, 120)
    done = prove(tmp_path, OWN.replace("{CRITERIA}", criterion))
    assert done.return_value == code, done.output
    assert words in done.output


def test_recorded_times_are_judged(tmp_path: Path) -> None:
    own_files(tmp_path, 120, 120, latency_ms=900.0)
    done = prove(tmp_path, OWN.replace("{CRITERIA}", '{latency_p95_ms: "<= 2000"}'))
    assert done.return_value == 0, done.output
    assert "900 / 900" in done.output


def test_few_cases_are_warned_about(tmp_path: Path) -> None:
    own_files(tmp_path, 20, 20)
    done = prove(tmp_path, OWN.replace("{CRITERIA}", '{accuracy: ">= 0.80"}'))
    assert "only 20 cases" in done.output


def test_the_same_answers_give_the_same_bytes_from_any_folder(tmp_path: Path) -> None:
    own_files(tmp_path, 110, 120)
    reports: list[bytes] = []
    for out in ("a", "b"):
        prove(
            tmp_path,
            OWN.replace("{CRITERIA}", '{accuracy: ">= 0.8"}'),
            "--out",
            str(tmp_path / out),
        )
        reports.append((tmp_path / out / "report.json").read_bytes())
        reports.append((tmp_path / out / "report.md").read_bytes())
    assert reports[:2] == reports[2:]
    assert load_config(tmp_path / "b" / "pilothouse.yaml").providers["mine"].recording == str(
        tmp_path / "answers.jsonl"
    )


def test_a_recording_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    own_files(tmp_path, 1, 1)
    (tmp_path / "answers.jsonl").unlink()
    with pytest.raises(InvalidInput, match=r"answers\.jsonl: the recording cannot be read"):
        result = prove(tmp_path, OWN.replace("{CRITERIA}", '{accuracy: ">= 0.8"}'))
        assert result.exception is not None
        raise result.exception


@pytest.mark.slow
def test_a_killed_run_goes_on_and_its_report_is_the_same(tmp_path: Path) -> None:
    poc = shipped("poc.yaml").replace("concurrency: 64", "concurrency: 1")
    whole = prove(tmp_path, poc, "--json", "--limit", "150", "--store", str(tmp_path / "whole.db"))
    args = [sys.executable, "-m", "pilothouse", "prove", "poc.yaml", "--limit", "150", "--json"]
    process = subprocess.Popen(
        args, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    process.stderr.readline()  # the estimate: asking begins now
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = subprocess.run(args, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert json.loads(done.stdout) == json.loads(whole.stdout)
