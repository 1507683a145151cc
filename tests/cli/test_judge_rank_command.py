"""`pilothouse judge rank`: the answers of a proof, two and two, before a recorded judge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from pilothouse.cli.judge import command
from pilothouse.cli.main import cli
from pilothouse.core.case import Case
from pilothouse.core.grade import Given
from pilothouse.prove.calibrating import judges_of
from pilothouse.prove.calibration import Calibration, judge_digest
from pilothouse.prove.pairwise import HELPFUL, PairJudge
from pilothouse.prove.spec import load_poc
from pilothouse.scorers._judge_prompt import pair_request

POC = """\
name: help
cases: cases.jsonl
providers:
  recorded: {kind: replay, recording: said.jsonl}
candidates:
  - {name: left, provider: recorded, model: left}
  - {name: right, provider: recorded, model: right}
judges:
  strict: {provider: recorded, model: judge-1}
scorer: {exact: {}}
criteria: {accuracy: ">= 0.1"}
"""
N = 12


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished proof; the judge prefers `left` on 8 cases of 12, in both orders, and wavers on one."""
    monkeypatch.chdir(tmp_path)
    said: list[dict[str, Any]] = []
    cases: list[dict[str, Any]] = []
    for i in range(N):
        case = Case(id=f"{i:02}", prompt=f"question {i}", expected="x")
        cases.append({"id": case.id, "prompt": case.prompt, "expected": "x"})
        left, right = f"left says {i}", f"right says {i} and more"
        said += [
            {"model": "left", "prompt": case.prompt, "answer": left},
            {"model": "right", "prompt": case.prompt, "answer": right},
        ]
        wins = ("A", "A") if i == N - 1 else ("A", "B") if i < 8 else ("B", "A")
        orders = [(left, right), (right, left)]
        for (one, two), winner in zip(orders, wins, strict=True):
            answers = Given(text=one), Given(text=two)
            asked = pair_request(HELPFUL, case, *answers, "ignore", may_tie=True)
            verdict = json.dumps({"reason": "", "winner": winner})
            said.append({"model": "judge-1", "prompt": asked.messages[-1].text, "answer": verdict})
    for name, rows in (("cases", cases), ("said", said)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    (tmp_path / "poc.yaml").write_text(POC, encoding="utf-8")
    proved = CliRunner().invoke(cli, ["prove", "poc.yaml", "--store", "p.db"])
    assert "Traceback" not in proved.output
    return tmp_path


def rank(*args: str) -> Result:
    return CliRunner().invoke(
        command, ["rank", "last", "--store", "p.db", *args], standalone_mode=False
    )


def calibrated(folder: Path, *, digest: str | None = None) -> str:
    specs = judges_of(load_poc(folder / "poc.yaml"))
    held = Calibration(
        judge="strict",
        models=("recorded/judge-1",),
        prompt_digest=digest or judge_digest(PairJudge(judges=("strict",)), specs),
        kind="pair",
        counts={"a": {"a": 40, "b": 3, "tie": 2}, "b": {"a": 2, "b": 40, "tie": 3}},
        ungraded=0,
        created="2026-11-25",
    )
    (folder / "c.json").write_bytes(msgspec.json.encode(held))
    return "c.json"


def test_a_judge_that_nobody_validated_does_not_rank_and_is_not_paid(folder: Path) -> None:
    done = rank()
    assert done.return_value == 1
    assert "may not rank: the judge was never compared with people" in done.output
    other = rank("--calibration", calibrated(folder, digest="another"))
    assert other.return_value == 1
    assert "another wording" in other.output


def test_a_validated_judge_ranks_the_candidates_of_a_run(folder: Path) -> None:
    done = rank("--calibration", calibrated(folder))
    assert done.return_value == 0, done.output
    assert "24 questions to judges" in done.output
    assert "8/1/3" in done.output
    assert done.output.index("\nleft ") < done.output.index("\nright ")


def test_told_to_trust_it_ranks_and_says_that_it_is_not_validated(folder: Path) -> None:
    done = rank("--trust-unvalidated", "--limit", "11", "--json")
    found = json.loads(done.output[done.output.index("{") :])
    [rate] = found["win_rates"]
    assert (rate["a"], rate["wins"], rate["ties"], rate["losses"]) == ("left", 8, 0, 3)
    assert found["ranked"][0]["name"] == "left"
    assert "never compared" in found["why_unvalidated"]


def test_when_one_wins_all_there_are_win_rates_and_no_ranking(folder: Path) -> None:
    done = rank("--trust-unvalidated", "--limit", "8")
    assert done.return_value == 0
    assert "no ranking: some only win or only lose" in done.output
    assert "100.0%" in done.output
