"""An evaluator with a judge from end to end: unproven, calibrated against people, and proven."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner, Result

from pilothouse.cli.judge import command as judge
from pilothouse.cli.prove import command as prove
from pilothouse.core.grade import Given
from pilothouse.prove.judge_labels import GradedLine
from pilothouse.scorers._judge_prompt import rubric_request
from pilothouse.scorers._rubric import find_rubric

POC = """\
name: help
cases: cases.jsonl
providers:
  recorded: {kind: replay, recording: said.jsonl}
candidates:
  - {name: small, provider: recorded, model: small}
judges:
  strict: {provider: recorded, model: judge-1}
scorer: {hallucination: {judge: JUDGE}}
scorers: {abuse: {safety: {}}}
criteria: {accuracy: ">= 0.7"}
"""
N = 120


def run(folder: Path, command: click.Command, *args: str) -> Result:
    store = ("--store", str(folder / "p.db"))
    done = CliRunner().invoke(command, [*args, *store, "--json"], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done


def wrote(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def files(folder: Path) -> None:
    """The judge passes nine of ten answers, and errs in no label."""
    rubric = find_rubric("hallucination", folder)
    labels: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    for i in range(N):
        case = {"id": str(i), "prompt": f"question {i}", "context": [f"fact {i}"]}
        labels.append({**case, "answer": f"answer {i}", "human": i % 10 != 0})
        line = GradedLine(**{**labels[-1], "context": tuple(case["context"])})
        asked = rubric_request(rubric, line.case, Given(text=line.answer), "ignore")
        verdict = {item.name: line.is_passed for item in rubric.items} | {"reason": "so"}
        question = asked.messages[-1].text
        said.append({"model": "judge-1", "prompt": question, "answer": json.dumps(verdict)})
        said.append({"model": "small", "prompt": line.prompt, "answer": line.answer})
    cases = [{key: row[key] for key in ("id", "prompt", "context")} for row in labels]
    for name, rows in (("labels", labels), ("said", said), ("cases", cases)):
        wrote(folder / f"{name}.jsonl", rows)


def test_a_judged_evaluator_is_unproven_until_it_was_compared_with_people(tmp_path: Path) -> None:
    files(tmp_path)
    poc = tmp_path / "poc.yaml"
    poc.write_text(POC.replace("JUDGE", "strict"), encoding="utf-8")
    done = run(tmp_path, prove, str(poc))
    made = json.loads(done.stdout)["candidates"][0]
    assert (made["right"], made["verdict"]) == (108, "not yet proven")
    assert "nobody has compared with people" in made["judged"][0]["why"]

    done = run(
        tmp_path, judge, "calibrate", str(tmp_path / "labels.jsonl"), "--judge-from", str(poc)
    )
    assert done.return_value == 0, done.output
    written = json.loads(done.stdout)["written"]

    calibrated = f"{{judges: [strict], calibration: {Path(written).relative_to(tmp_path)}}}"
    poc.write_text(POC.replace("JUDGE", calibrated), encoding="utf-8")
    made = json.loads(run(tmp_path, prove, str(poc)).stdout)["candidates"][0]
    assert made["verdict"] == "met"
    assert made["scorers"][0]["judged"]["labels"] == N
    assert made["scorers"][0]["words"].startswith("hallucination (judge:")
    assert made["scorers"][1]["judged"] is None
