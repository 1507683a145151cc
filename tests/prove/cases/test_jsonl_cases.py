"""JSON lines hold all that a case can be, and each fault is said with its place."""

import base64
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.errors import InvalidInput
from pilothouse.core.request import MediaPart, ToolCallPart, ToolResultPart
from pilothouse.prove.cases import CasesFrom, load_cases, open_cases
from pilothouse.prove.cases.sample import limit, rank

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def write(folder: Path, *lines: object) -> Path:
    path = folder / "cases.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def fault(folder: Path, *lines: object) -> str:
    write(folder, *lines)
    with pytest.raises(InvalidInput) as caught:
        load_cases("cases.jsonl", folder)
    return str(caught.value)


def test_every_field_of_a_case_can_be_written(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "id": 7,
            "prompt": "Which?",
            "expected": True,
            "accepted": [1, 2.5, "x"],
            "choices": ["a", "b"],
            "context": "one document",
            "variables": {"tone": "dry", "n": 3},
            "then": ["And now?"],
            "tools": [{"type": "function", "function": {"name": "look", "parameters": {}}}],
            "tags": ["edge"],
            "cluster": 12,
            "synthetic": True,
            "details": {"tests": ["assert f()"]},
        },
    )
    (case,) = load_cases("cases.jsonl", tmp_path)
    assert (case.id, case.expected, case.accepted) == ("7", "true", ("1", "2.5", "x"))
    assert (case.choices, case.context, case.then) == (
        ("a", "b"),
        ("one document",),
        ("And now?",),
    )
    assert case.variables == {"tone": "dry", "n": "3"}
    assert (case.tools[0].name, case.tags, case.cluster) == ("look", ("edge",), "12")
    assert case.is_synthetic and case.details == {"tests": ["assert f()"]}


def test_a_conversation_ends_with_the_prompt(tmp_path: Path) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Where is it?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "on the shelf"},
    ]
    asked = {"role": "user", "content": "Sure?"}
    write(tmp_path, {"messages": [*turns, asked]}, {"messages": turns})
    with_prompt, with_tool = load_cases("cases.jsonl", tmp_path)
    assert with_prompt.prompt == "Sure?"
    assert isinstance(with_prompt.messages[2].parts[0], ToolCallPart)
    assert with_tool.prompt == ""
    assert isinstance(with_tool.messages[-1].parts[0], ToolResultPart)


def test_images_beside_the_file_are_read_and_addresses_are_kept(tmp_path: Path) -> None:
    (tmp_path / "dot.png").write_bytes(PNG)
    picture = {"type": "image_url", "image_url": {"url": "dot.png"}}
    text = {"type": "text", "text": "What is it?"}
    write(
        tmp_path,
        {"prompt": "What is it?", "images": ["dot.png", "https://x.example/a.jpg"]},
        {"messages": [{"role": "user", "content": [picture, text]}]},
        {"messages": [{"role": "user", "content": [text, picture, text]}]},
    )
    listed, inline, between = load_cases("cases.jsonl", tmp_path)
    file, address = listed.messages[0].parts
    assert isinstance(file, MediaPart) and isinstance(address, MediaPart)
    assert base64.b64decode(file.data or "") == PNG and file.mime == "image/png"
    assert address.url == "https://x.example/a.jpg"
    assert inline.prompt == "What is it?" and inline.messages[0].parts == (file,)
    assert between.prompt == "" and len(between.messages[0].parts) == 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"prompt": "q", "expected": " "}, "`expected` is empty"),
        ({"id": "a", "prompt": "q", "expected": ""}, '`expected` of case "a" is empty'),
        ({"prompt": "q", "expcted": "4"}, 'unknown field `expcted` Did you mean "expected"?'),
        ({"prompt": "q", "images": ["no.png"]}, "no.png: there is no such file"),
        ({"prompt": "q", "images": ["a.exe"]}, "does not end as an image does"),
        ({"prompt": "q", "images": ["data:x"]}, "a data URL is"),
        (
            {"messages": [{"role": "assistant", "content": "x"}]},
            "ends with a turn of the assistant",
        ),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages[0]"),
        ({"prompt": "q", "tools": [{"type": "function"}]}, "tools[0]"),
        ({"id": "", "prompt": "q"}, "the id is empty"),
    ],
)
def test_a_fault_of_a_field_is_said(tmp_path: Path, line: object, message: str) -> None:
    said = fault(tmp_path, {"id": "first", "prompt": "fine"}, line)
    assert "cases.jsonl:2: " in said
    assert message in said


def test_all_problems_are_said_at_once_up_to_twenty(tmp_path: Path) -> None:
    said = fault(tmp_path, {"prompt": "q"}, {"prompt": ""}, {"prompt": "r"}, {}).splitlines()
    assert [line.split(".jsonl:")[1][0] for line in said] == ["2", "4"]
    many = fault(tmp_path, *({"id": 1} for _ in range(30))).splitlines()
    assert len(many) == 21 and "first 20" in many[-1]


def test_a_case_without_an_id_is_named_by_its_content(tmp_path: Path) -> None:
    write(tmp_path, {"prompt": "q"}, {"prompt": "r"})
    before = [case.id for case in load_cases("cases.jsonl", tmp_path)]
    write(tmp_path, {"prompt": "r", "tags": ["later"]}, {"prompt": "q", "cluster": "c"})
    assert [case.id for case in load_cases("cases.jsonl", tmp_path)] == before[::-1]
    said = fault(tmp_path, {"prompt": "q"}, {"prompt": "q"})
    assert "cases.jsonl:2: the same case stands on line 1" in said


def test_packed_lines_just_work_and_a_broken_pack_is_said(tmp_path: Path) -> None:
    packed = gzip.compress(write(tmp_path, {"prompt": "q"}).read_bytes())
    (tmp_path / "c.jsonl.gz").write_bytes(packed)
    assert len(load_cases("c.jsonl.gz", tmp_path)) == 1
    for broken in (packed[:-6], b"no gzip at all"):
        (tmp_path / "c.jsonl.gz").write_bytes(broken)
        with pytest.raises(InvalidInput, match="not a whole gzip file"):
            load_cases("c.jsonl.gz", tmp_path)


def test_a_mark_at_the_start_of_the_file_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_bytes(b'\xef\xbb\xbf{"prompt": "q"}\n')
    assert load_cases("cases.jsonl", tmp_path)[0].prompt == "q"


def test_fields_may_be_named_otherwise_and_deep(tmp_path: Path) -> None:
    write(tmp_path, {"q": "2+2?", "answers": {"text": ["4"]}, "other": {"x": 1}})
    fields = {"prompt": "q", "expected": "answers.text"}
    (case,) = load_cases(CasesFrom(file="cases.jsonl", fields=fields), tmp_path)
    assert (case.prompt, case.expected) == ("2+2?", "4")
    asked = CasesFrom(file="cases.jsonl", fields={"prompt": "quest"})
    with pytest.raises(InvalidInput, match=r"no column \"quest\"\. .*there are: q, answers, other"):
        load_cases(asked, tmp_path)


def test_a_stream_can_be_read_again_and_knows_places(tmp_path: Path) -> None:
    write(tmp_path, {"id": "a", "prompt": "q"}, {"id": "b", "prompt": "q"})
    source = open_cases("cases.jsonl", tmp_path)
    assert [case.id for case in source] == [case.id for case in source] == ["a", "b"]
    assert (source.place("b") or "").endswith("cases.jsonl:2")
    assert source.place("c") is None


def test_a_sample_hardly_changes_when_cases_are_added(tmp_path: Path) -> None:
    write(tmp_path, *({"id": i, "prompt": "q"} for i in range(200)))
    asked = CasesFrom(file="cases.jsonl", sample=20, seed=4)
    first = {case.id for case in load_cases(asked, tmp_path)}
    write(tmp_path, *({"id": i, "prompt": "q"} for i in reversed(range(220))))
    second = {case.id for case in load_cases(asked, tmp_path)}
    assert len(first) == len(second) == 20
    assert {i for i in second - first if int(i) < 200} == set()
    assert len(first & second) >= 12


@given(st.sets(st.text(max_size=5), min_size=1, max_size=40), st.integers(1, 50), st.integers())
def test_a_sample_has_the_size_asked_for(ids: set[str], size: int, seed: int) -> None:
    most = limit(ids, size, seed)
    assert sum(rank(i, seed) <= most for i in ids) == min(size, len(ids))


def test_tags_choose_and_exclude(tmp_path: Path) -> None:
    tags = (["a"], ["b"], ["a", "b"], [])
    write(tmp_path, *({"id": i, "prompt": "q", "tags": t} for i, t in enumerate(tags)))

    def ids(**asked: list[str]) -> list[str]:
        given = CasesFrom(file="cases.jsonl", **asked)  # pyright: ignore[reportArgumentType]
        return [case.id for case in load_cases(given, tmp_path)]

    assert ids(tags=["a"]) == ["0", "2"]
    assert ids(exclude_tags=["a"]) == ["1", "3"]
    assert ids(tags=["a"], exclude_tags=["b"]) == ["0"]
    with pytest.raises(InvalidInput, match='no case is left that carries "z"'):
        ids(tags=["z"])


def test_all_cases_can_be_declared_made_up(tmp_path: Path) -> None:
    write(tmp_path, {"prompt": "q"})
    (case,) = load_cases(CasesFrom(file="cases.jsonl", synthetic=True), tmp_path)
    assert case.is_synthetic


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (CasesFrom(), "either `file` or `suite`"),
        (CasesFrom(file="a", suite="b"), "either `file` or `suite`"),
        (CasesFrom(file="a", path="b"), "cases.path"),
        (CasesFrom(file="builtin:gsm8k", split="test"), "cases.split"),
        (CasesFrom(file="cases.jsonl", split="test"), "no Hugging Face folder"),
        ("", "name a file"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, given: str | CasesFrom, message: str
) -> None:
    write(tmp_path, {"prompt": "q"})
    with pytest.raises(InvalidInput, match=message):
        open_cases(given, tmp_path)
