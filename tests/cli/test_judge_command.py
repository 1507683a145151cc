"""`pilothouse judge`: calibrated against people with a recorded judge, and with verdicts that labels hold."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pilothouse.cli.judge import command
from pilothouse.core.errors import InvalidInput
from pilothouse.core.grade import Given
from pilothouse.core.ports import CallFilter
from pilothouse.prove.calibration import load_calibration, may_rank
from pilothouse.prove.judge_labels import GradedLine, PairLine
from pilothouse.prove.pairwise import HELPFUL
from pilothouse.scorers._judge_prompt import pair_request, rubric_request
from pilothouse.scorers._rubric import find_rubric
from pilothouse.stores.sqlite import SqliteStore

POC = """\
name: help
cases: cases.jsonl
providers:
  recorded: {kind: replay, recording: said.jsonl}
candidates:
  - {name: small, provider: recorded, model: small}
judges:
  strict: {provider: recorded, model: judge-1}
scorer: {judge: {judges: [strict], rubric: helpfulness, pass_at: 0.75}}
criteria: {accuracy: ">= 0.8"}
"""


def run(*args: str) -> Result:
    return CliRunner().invoke(command, list(args), standalone_mode=False)


def wrote(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def label(i: int, *, human: bool) -> dict[str, Any]:
    answer = f"answer {i}" + " and more" * (i % 5)
    return {"id": str(i), "prompt": f"question {i}", "answer": answer, "human": human}


def folder_with(tmp_path: Path, *, error_rate: float, nonsense: int = 0, n: int = 80) -> Path:
    """A poc.yaml, labels, and a recording of a judge that errs so often."""
    rng = random.Random(2)
    (tmp_path / "poc.yaml").write_text(POC, encoding="utf-8")
    labels = [label(i, human=i % 3 != 0) for i in range(n)]
    wrote(tmp_path / "labels.jsonl", labels)
    rubric = find_rubric("helpfulness", tmp_path)
    said: list[dict[str, Any]] = []
    for i, row in enumerate(labels):
        line = GradedLine(**row)
        asked = rubric_request(rubric, line.case, Given(text=line.answer), "ignore")
        is_passed = line.is_passed != (rng.random() < error_rate)
        verdict = json.dumps({"reason": "so", "rating": 5 if is_passed else 2})
        words = "Who can say." if i < nonsense else verdict
        said.append({"model": "judge-1", "prompt": asked.messages[-1].text, "answer": words})
    wrote(tmp_path / "said.jsonl", said)
    return tmp_path


def calibrate(folder: Path, *args: str) -> Result:
    return run(
        "calibrate",
        str(folder / "labels.jsonl"),
        "--judge-from",
        str(folder / "poc.yaml"),
        "--store",
        str(folder / "p.db"),
        *args,
    )


def test_a_good_judge_is_calibrated_and_may_rank(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder_with(tmp_path, error_rate=0.08))
    done = calibrate(tmp_path)
    assert done.return_value == 0, done.output
    assert "beside people on 80 labels" in done.output
    assert "may rank candidates" in done.output
    assert "80 answers could not be priced" in done.output
    held = load_calibration(tmp_path / "judges" / "strict.calibration.json")
    assert (held.n, held.models, held.kind) == (80, ("recorded/judge-1",), "grade")
    assert may_rank(held, held.prompt_digest) is None
    assert may_rank(held, "another") is not None


def test_what_the_judge_said_is_kept_and_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder_with(tmp_path, error_rate=0.08))
    first = calibrate(tmp_path, "--json")
    (tmp_path / "said.jsonl").write_text("")
    (tmp_path / "said.jsonl").write_text(
        json.dumps({"model": "judge-1", "prompt": "x", "answer": "y"}) + "\n"
    )
    again = calibrate(tmp_path, "--json")
    was, now = json.loads(first.output), json.loads(again.output)
    assert (was.pop("unpriced"), now.pop("unpriced")) == (80, 0)
    assert was == now
    store = SqliteStore(tmp_path / "p.db")
    calls = list(store.calls(CallFilter()))
    assert len(calls) == 80
    assert {call.source for call in calls} == {"judge"}


def test_a_judge_that_says_nothing_on_some_labels_has_them_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder_with(tmp_path, error_rate=0.0, nonsense=7))
    done = calibrate(tmp_path)
    assert "beside people on 73 labels" in done.output
    assert "ungraded: 0: " in done.output
    assert "ungraded: 2 more" in done.output


def test_a_judge_that_guesses_may_not_rank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder_with(tmp_path, error_rate=0.4))
    done = calibrate(tmp_path)
    assert done.return_value == 1
    assert "may not rank: the judge agrees too little with people" in done.output


def test_a_judge_without_a_pass_mark_is_refused_before_money_is_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder_with(tmp_path, error_rate=0.0))
    (tmp_path / "poc.yaml").write_text(POC.replace(", pass_at: 0.75", ""))
    done = calibrate(tmp_path)
    assert isinstance(done.exception, InvalidInput)
    assert "give it a pass mark (pass_at)" in str(done.exception)


def test_a_judge_of_pairs_is_asked_in_both_orders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "poc.yaml").write_text(POC, encoding="utf-8")
    labels: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    for i in range(60):
        row = {"id": str(i), "prompt": f"q {i}", "answer_a": f"first {i}", "answer_b": "second"}
        labels.append({**row, "human": "a" if i % 2 else "b"})
        pair = PairLine(**labels[-1]).pair
        sides = [(pair.answer_a, pair.answer_b), (pair.answer_b, pair.answer_a)]
        wins = ("A", "B") if i % 2 else ("B", "A")
        for (one, two), winner in zip(sides, wins, strict=True):
            asked = pair_request(HELPFUL, pair.case, one, two, "ignore", may_tie=True)
            answer = "[[A]]" if i < 6 else json.dumps({"reason": "", "winner": winner})
            said.append({"model": "judge-1", "prompt": asked.messages[-1].text, "answer": answer})
    wrote(tmp_path / "labels.jsonl", labels)
    wrote(tmp_path / "said.jsonl", said)
    done = calibrate(tmp_path, "--json")
    found = json.loads(done.output)
    assert found["calibration"]["counts"]["a"] == {"a": 27, "b": 0, "tie": 3}
    assert found["calibration"]["counts"]["b"] == {"a": 0, "b": 27, "tie": 3}
    biases = {b["name"]: b for b in found["biases"]}
    assert biases["consistency"]["value"] == 0.9
    assert biases["first position"]["value"] == 0.55


def test_verdicts_that_the_labels_hold_need_no_judge(tmp_path: Path) -> None:
    rows = [{**label(i, human=i % 2 == 0), "judge": i % 2 == 0 or i == 1} for i in range(60)]
    found = json.loads(run("calibrate", str(wrote(tmp_path / "l.jsonl", rows)), "--json").output)
    assert found["calibration"]["counts"] == {
        "fail": {"fail": 29, "pass": 1},
        "pass": {"fail": 0, "pass": 30},
    }
    assert found["written"] is None


def test_a_rate_is_corrected_for_the_judges_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder_with(tmp_path, error_rate=0.08))
    calibrate(tmp_path)
    path = str(tmp_path / "judges" / "strict.calibration.json")
    done = run("correct", path, "--passed", "172", "--of", "200")
    assert done.return_value == 0, done.output
    assert "by the judge: 172 of 200 = 86.0%" in done.output
    assert "80 labels" in done.output
    held = json.loads(run("correct", path, "--passed", "172", "--of", "200", "--json").output)
    assert held["interval"]["low"] < held["value"] < held["interval"]["high"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no label in this file"),
        ('{"id": "1"}\n', r"l\.jsonl:1: not a label"),
        ("nonsense\n", r"l\.jsonl:1: not a label"),
        (
            '{"id": "1", "answer": "a", "humann": true}\n',
            r'l\.jsonl:1: unknown key "humann"\. Did you mean "human"',
        ),
        ('{"id": "1", "answer": "a", "human": 7}\n', r"l\.jsonl:1: not a label"),
        (
            '{"id": "1", "answer": "a", "human": true}\n{"id": "1", "answer": "a", "human": 0}\n',
            r'l\.jsonl:2: the id "1" is used twice \(first on line 1\)',
        ),
        (
            '{"id": "1", "answer": "a", "human": true}\n'
            '{"id": "2", "answer_a": "a", "answer_b": "b", "human": "a"}\n',
            r"l\.jsonl:2: graded answers and pairs",
        ),
        ('{"id": "1", "answer": "a", "human": "pass"}\n', "add `judge`, or say whom to ask"),
    ],
)
def test_labels_that_cannot_be_used_are_said_with_file_and_line(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "l.jsonl"
    path.write_text(text, encoding="utf-8")
    done = run("calibrate", str(path))
    assert isinstance(done.exception, InvalidInput)
    with pytest.raises(InvalidInput, match=message):
        raise done.exception


def test_a_file_that_names_no_judge_says_so(tmp_path: Path) -> None:
    folder_with(tmp_path, error_rate=0.0)
    poc = POC.replace(
        "{judge: {judges: [strict], rubric: helpfulness, pass_at: 0.75}}", "{exact: {}}"
    )
    (tmp_path / "poc.yaml").write_text(poc, encoding="utf-8")
    assert "no scorer of the file is a judge" in str(calibrate(tmp_path).exception)
    assert "is no judge of the file" in str(calibrate(tmp_path, "--scorer", "x").exception)
