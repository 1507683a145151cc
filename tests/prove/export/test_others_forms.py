"""A run written for Inspect or promptfoo and read back is the same questions and answers."""

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pilothouse import recordings
from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.core.grade import Given, Grade, ToolUse
from pilothouse.core.request import Message
from pilothouse.prove.cases import load_cases
from pilothouse.prove.evidence import CaseFact, Evidence, Kept, Outcome
from pilothouse.prove.export.inspect_import import read_inspect_log
from pilothouse.prove.export.inspect_log import inspect_log
from pilothouse.prove.export.promptfoo_import import read_promptfoo_json
from pilothouse.prove.export.promptfoo_json import promptfoo_json

CASES = {
    "a": Case(id="a", prompt="2+2?", expected="4", accepted=("four",), tags=("edge",)),
    "b": Case(id="b", prompt="3+3?", expected="6", messages=(Message.of_text("user", "Hi"),)),
}
TEXTS = {"a": "It is 4", "b": "It is 7"}


class Shelf:
    """Holds what the tests put there."""

    def __init__(self, kept: dict[str, Kept]) -> None:
        self._kept = kept

    def cases(self, ids: Sequence[str]) -> dict[str, Case]:
        return {i: CASES[i] for i in ids}

    def kept(self, call_ids: Sequence[str]) -> dict[str, Kept]:
        return {i: self._kept[i] for i in call_ids if i in self._kept}


def world() -> tuple[Evidence, Shelf]:
    """Two cases, two candidates, one answer right, one wrong; `down` never answers case b."""
    outcomes: list[Outcome] = []
    kept: dict[str, Kept] = {}
    for index, case_id in enumerate(CASES):
        for candidate, name in enumerate(("good", "down")):
            call = f"{case_id}-{name}"
            is_failed = (case_id, name) == ("b", "down")
            value = 1.0 if case_id == "a" else 0.0
            outcomes.append(
                Outcome(
                    case=index,
                    candidate=candidate,
                    repeat=0,
                    call_id=call,
                    at_us=1_700_000_000_000_000,
                    error_class="provider_down" if is_failed else None,
                    values=() if is_failed else (value, None),
                    cost_pico_usd=2_500_000,
                    latency_ms=1500.0,
                    input_tokens=10,
                    output_tokens=5,
                )
            )
            given = Given(text=TEXTS[case_id], tool_uses=(ToolUse("look", '{"x": 1}'),))
            kept[call] = Kept(
                case_id=case_id,
                candidate=name,
                repeat=0,
                given=None if is_failed else given,
                error="connection refused" if is_failed else None,
                grades={} if is_failed else {"exact": Grade(value=value, detail="read 4")},
            )
    evidence = Evidence(
        run_id="poc-1",
        cases=[CaseFact(id=i) for i in CASES],
        candidates=("good", "down"),
        scorers=("exact", "judge"),
        scorer_words=("exact", "judge"),
        outcomes=outcomes,
    )
    return evidence, Shelf(kept)


def written(candidate: str = "good") -> bytes:
    return inspect_log(*world(), candidate, task="poc", dataset="cases.jsonl")


def test_an_inspect_log_has_what_was_asked_answered_and_graded() -> None:
    log: dict[str, Any] = json.loads(written())
    assert (log["version"], log["status"], log["eval"]["model"]) == (2, "success", "good")
    exact, judge = log["results"]["scores"]
    assert exact["metrics"]["accuracy"]["value"] == 0.5
    assert exact["metrics"]["stderr"]["value"] == pytest.approx(0.5)  # pyright: ignore
    assert (judge["scored_samples"], judge["unscored_samples"]) == (0, 2)
    assert judge["metrics"] == {}
    first, second = log["samples"]
    assert first["target"] == ["4", "four"] and first["output"]["completion"] == "It is 4"
    assert first["output"]["usage"]["total_cost"] == 2.5e-6
    assert [m["role"] for m in second["messages"]] == ["user", "user", "assistant"]


def test_a_failure_stays_in_an_inspect_log_as_an_error() -> None:
    log: dict[str, Any] = json.loads(written("down"))
    assert log["results"]["completed_samples"] == 1
    assert log["samples"][1]["error"]["message"] == "connection refused"


def check_again(folder: Path, imported: Any, model: str) -> None:
    """The files that an import writes are read by the case reader and the replay provider."""
    (folder / "cases.jsonl").write_bytes(imported.case_file())
    (folder / "replay.jsonl").write_bytes(imported.replay_file())
    cases = load_cases("cases.jsonl", folder)
    answers = {
        (r.model, r.prompt): r.answer for r in recordings.answers(str(folder / "replay.jsonl"))
    }
    assert [case.expected for case in cases] == ["4", "6"]
    assert [answers[model, case.prompt] for case in cases] == ["It is 4", "It is 7"]
    assert cases[0].accepted == ("four",)


def test_an_inspect_log_is_read_back_as_cases_and_a_recording(tmp_path: Path) -> None:
    (tmp_path / "log.json").write_bytes(written())
    imported = read_inspect_log(tmp_path / "log.json")
    check_again(tmp_path, imported, "good")
    assert imported.recorded[0].latency_ms == 1500.0
    assert imported.recorded[0].input_tokens == 10


def test_a_packed_inspect_log_is_read_too(tmp_path: Path) -> None:
    log: dict[str, Any] = json.loads(written("down"))
    samples = log.pop("samples")
    with zipfile.ZipFile(tmp_path / "log.eval", "w") as file:
        file.writestr("header.json", json.dumps(log))
        for sample in samples:
            file.writestr(f"samples/{sample['id']}_epoch_1.json", json.dumps(sample))
    imported = read_inspect_log(tmp_path / "log.eval")
    assert (len(imported.cases), len(imported.recorded)) == (2, 1)
    assert "1 samples have no answer" in imported.notes[0]


def test_promptfoo_results_have_every_candidate_and_count_failures_apart() -> None:
    out: dict[str, Any] = json.loads(promptfoo_json(*world(), name="poc"))
    summary = out["results"]
    assert summary["version"] == 3
    stats = summary["stats"]
    assert (stats["successes"], stats["failures"], stats["errors"]) == (2, 1, 1)
    assert [p["provider"] for p in summary["prompts"]] == ["good", "down"]
    assert summary["prompts"][1]["metrics"]["testErrorCount"] == 1
    failed = summary["results"][3]
    assert (failed["failureReason"], failed["error"]) == (2, "connection refused")
    assert summary["results"][0]["gradingResult"]["reason"] == "read 4"


def test_promptfoo_results_are_read_back_as_cases_and_a_recording(tmp_path: Path) -> None:
    (tmp_path / "out.json").write_bytes(promptfoo_json(*world(), name="poc"))
    imported = read_promptfoo_json(tmp_path / "out.json")
    check_again(tmp_path, imported, "good")
    assert any("1 results have no answer" in note for note in imported.notes)


@pytest.mark.parametrize("read", [read_inspect_log, read_promptfoo_json])
@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"eval": 3, "results": 4}'])
def test_what_is_no_run_is_refused_with_its_file(tmp_path: Path, read: Any, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InvalidInput, match=r"x\.json: not an? "):
        read(tmp_path / "x.json")
