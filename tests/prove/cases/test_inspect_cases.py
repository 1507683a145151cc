"""Inspect's samples as cases."""

import json
from pathlib import Path

import pytest

from pilothouse.core.errors import InvalidInput
from pilothouse.core.request import MediaPart, ToolCallPart
from pilothouse.prove.cases import load_cases, open_cases

SAMPLE = {
    "id": "s1",
    "input": "Which?",
    "target": ["B", "b"],
    "choices": ["red", "blue"],
    "metadata": {"level": 3, "deep": {"x": 1}},
}


def test_a_sample_is_a_case(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps([SAMPLE]))
    (case,) = load_cases("s.json", tmp_path)
    assert (case.id, case.prompt, case.expected, case.accepted) == ("s1", "Which?", "B", ("b",))
    assert case.choices == ("red", "blue")
    assert case.variables == {"level": "3"}
    assert case.details == {"metadata": SAMPLE["metadata"]}


def test_samples_of_lines_and_tables_are_read_as_inspect_reads_them(tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_text('{"input": "q", "target": 4, "choices": "a, b,"}\n')
    (tmp_path / "s.csv").write_text('input,target,id,metadata\nq,4,,"{""k"": ""v""}"\n')
    (line,) = load_cases("s.jsonl", tmp_path)
    assert (line.expected, line.choices) == ("4", ("a", "b"))
    (row,) = load_cases("s.csv", tmp_path)
    assert (row.expected, row.variables) == ("4", {"k": "v"})


def test_messages_tools_and_images_of_a_sample_are_kept(tmp_path: Path) -> None:
    (tmp_path / "dot.png").write_bytes(b"png")
    call = {"id": "c", "function": "look", "arguments": {"at": 1}, "type": "function"}
    text, image = {"type": "text", "text": "And this?"}, {"type": "image", "image": "dot.png"}
    turns = [
        {"role": "system", "content": "Brief."},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "found", "tool_call_id": "c", "function": "look"},
        {"role": "user", "content": [image, text]},
    ]
    (tmp_path / "s.jsonl").write_text(json.dumps({"input": turns, "target": "x"}) + "\n")
    (case,) = load_cases("s.jsonl", tmp_path)
    assert case.prompt == "And this?"
    calls = [p for p in case.messages[1].parts if isinstance(p, ToolCallPart)]
    assert (calls[0].name, json.loads(calls[0].arguments)) == ("look", {"at": 1})
    picture = case.messages[-1].parts[0]
    assert isinstance(picture, MediaPart) and picture.mime == "image/png"


def test_what_a_sample_wants_besides_a_model_is_named(tmp_path: Path) -> None:
    lines = [{"id": i, "input": "q", "target": "x", "sandbox": "docker"} for i in range(3)]
    lines.append({"id": 9, "input": "q", "target": "x", "files": {"a": "b"}, "setup": "run"})
    (tmp_path / "s.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    source = open_cases("s.jsonl", tmp_path)
    assert len(list(source)) == 4
    said = "\n".join(source.notes)
    assert "3 samples have `sandbox` (first 1), which is not supported" in said
    assert "1 samples have `files` (first 4)" in said and "`setup`" in said


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"input": ""}, "a sample without `input`"),
        (
            {"input": "q", "tarlet": "x", "target": "y"},
            'unknown field `tarlet`. Did you mean "target"',
        ),
        ({"input": [{"role": "user"}]}, "input[0]: a message without content"),
        ({"input": [{"role": "x", "content": "y"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": [{"type": "audio"}]}]}, 'content "audio" is not'),
        ({"input": "q", "metadata": [1]}, "metadata: not an object"),
        (7, "sample 1: not an object"),
    ],
)
def test_a_fault_of_a_sample_is_said(tmp_path: Path, record: object, message: str) -> None:
    (tmp_path / "s.json").write_text(json.dumps([record, SAMPLE]))
    with pytest.raises(InvalidInput) as caught:
        list(open_cases(_inspect("s.json"), tmp_path))
    assert "s.json: sample 1: " in str(caught.value)
    assert message in str(caught.value)


def _inspect(file: str):
    from pilothouse.prove.cases import CasesFrom

    return CasesFrom(file=file, format="inspect")
