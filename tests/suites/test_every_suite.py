"""Every suite: its items become cases that its own scorers can grade, and its facts are told."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pilothouse import registry
from pilothouse.cli.main import cli
from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput, NotFound
from pilothouse.core.grade import Given
from pilothouse.prove.cases.source import load_cases
from pilothouse.scorers._choice import choose_scorer
from pilothouse.suites._open import open_suite

NAMES = registry.names("suites")
BUNDLED = {
    "bbh": 6511,
    "gsm8k": 1319,
    "truthfulqa": 817,
    "ifeval": 541,
    "mt_bench": 80,
    "humaneval": 164,
}
ITEMS: dict[str, list[dict[str, Any]]] = {
    "mmlu": [
        {"question": "1+1?", "choices": ["1", "2", "3", "4"], "answer": 1, "subject": "maths"}
    ],
    "mmlu_pro": [
        {
            "question_id": 7,
            "question": "q",
            "options": ["a", "b"],
            "answer_index": 1,
            "category": "law",
        }
    ],
    "arc": [
        {
            "id": "x",
            "question": "q",
            "choices": {"text": ["a", "b"], "label": ["1", "2"]},
            "answerKey": "2",
        }
    ],
    "hellaswag": [{"ind": 1, "ctx": "He", "endings": ["a", "b", "c", "d"], "label": 1}],
    "medqa": [{"question": "q", "options": {"A": "x", "B": "y"}, "answer_idx": "B"}],
    "pubmedqa": [
        {"pubid": 1, "question": "q?", "context": {"contexts": ["d"]}, "final_decision": "yes"}
    ],
    "legalbench": [{"index": 1, "text": "t", "answer": "Yes"}],
    "finqa": [
        {
            "id": "f",
            "pre_text": ["t"],
            "table": [["a", "1"]],
            "qa": {"question": "q", "exe_ans": 0.5},
        }
    ],
    "sciq": [
        {
            "question": "q",
            "correct_answer": "r",
            "distractor1": "a",
            "distractor2": "b",
            "distractor3": "c",
        }
    ],
    "math": [
        {"problem": "p", "solution": r"so \boxed{\frac{1}{2}}", "level": "Level 1", "type": "A"}
    ],
    "drop": [{"passage": "p", "question": "q", "answers_spans": {"spans": ["3", "three"]}}],
}
RIGHT = {
    **dict.fromkeys(("mmlu", "mmlu_pro", "arc", "hellaswag", "medqa"), "The answer is (B)."),
    "pubmedqa": "I think yes.",
    "legalbench": "yes",
    "finqa": "#### 0.501",
    "math": r"\boxed{0.5}",
    "drop": "3",
}


@pytest.mark.parametrize("name", sorted(BUNDLED))
def test_shipped_items_are_all_there_and_can_be_graded(name: str) -> None:
    opened = open_suite(name)
    found = list(opened.cases())
    assert len(found) == len({c.id for c in found}) == BUNDLED[name]
    for given in opened.suite.scorers.values():
        scorer: Any = choose_scorer(given)[1]
        for case in found:
            scorer.check(case)


@pytest.mark.parametrize("name", sorted(ITEMS))
def test_a_publishers_file_becomes_cases_and_the_right_answer_is_right(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "test.jsonl").write_text("".join(json.dumps(i) + "\n" for i in ITEMS[name]))
    opened = open_suite(name, tmp_path)
    (case,) = opened.cases()
    scorer: Any = choose_scorer(opened.suite.scorers["accuracy"])[1]
    scorer.check(case)
    answer = RIGHT.get(name) or f"The answer is ({case.expected})."
    assert scorer.score(Given(text=answer), case).value == 1.0
    assert scorer.score(Given(text="The answer is (Z). 17"), case).value == 0.0


def test_items_that_are_not_shipped_are_asked_for() -> None:
    with pytest.raises(InvalidInput, match=r"items of MMLU are not shipped .* Get "):
        open_suite("mmlu")
    with pytest.raises(NotFound, match='Did you mean "mmlu"'):
        open_suite("mmul")


def test_a_row_without_its_field_is_named(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text('{"question": "q"}\n')
    with pytest.raises(InvalidInput, match=r"test\.jsonl:1: no field answer"):
        list(open_suite("mmlu", tmp_path).cases())


@pytest.mark.parametrize(
    "name",
    [
        "direct-boolean_expressions",
        "cot-boolean_expressions",
        "direct-date_understanding",
        "cot-date_understanding",
    ],
)
def test_bbhs_published_figures_come_out_of_its_recorded_answers(name: str) -> None:
    data = gzip.decompress((Path(__file__).parent / "recorded" / "bbh.json.gz").read_bytes())
    recorded = json.loads(data)[name]
    scorer: Any = choose_scorer({"benchmark_answer": {"rule": "bbh"}})[1]
    right = sum(
        scorer.score(Given(text=said), Case(id="c", expected=wanted)).value
        for said, wanted in recorded["outputs"]
    )
    assert 100 * right / len(recorded["outputs"]) == pytest.approx(recorded["published"], abs=1e-9)


@pytest.mark.parametrize(
    ("rule", "text", "expected", "is_right"),
    [
        ("math", r"Thus \boxed{\dfrac{3}{4}}", r"\boxed{\frac34}", True),
        ("math", r"\boxed{x = 5}", r"\boxed{5}", True),
        ("math", r"\boxed{1{,}000}", r"\boxed{1000}", False),
        ("math", r"\boxed{1,000}", r"\boxed{1000}", True),
        ("math", r"\boxed{\text{east}}", r"\boxed{east}", True),
        ("math", "no box: 5", r"\boxed{5}", False),
        ("mmlu_pro", "Answer: C. But the answer is (D).", "D", True),
        ("mmlu_pro", "A or B? I say B", "B", True),
        ("zeroeval", '{"reasoning": "r", "answer": "B"}', "B", True),
        ("drop", "the Bears", "Bears", True),
        ("finqa", "So #### 12.1%", "0.12", True),
        ("finqa", "#### no", "yes", False),
    ],
)
def test_published_rules_read_as_they_say(
    rule: str, text: str, expected: str, is_right: bool
) -> None:
    scorer: Any = choose_scorer({"benchmark_answer": {"rule": rule}})[1]
    assert scorer.score(Given(text=text), Case(id="c", expected=expected)).value == float(is_right)


ASKED: list[tuple[str, dict[str, Any], str, str]] = [
    ("keywords:existence", {"keywords": ["sun"]}, "The Sun", "The moon"),
    ("keywords:frequency", {"keyword": "a", "frequency": 2, "relation": "at least"}, "a a", "b"),
    ("keywords:forbidden_words", {"forbidden_words": ["no"]}, "nothing", "no"),
    (
        "keywords:letter_frequency",
        {"letter": "e", "let_frequency": 2, "let_relation": "less than"},
        "e",
        "ee",
    ),
    (
        "language:response_language",
        {"language": "de"},
        "Das ist ein Satz und der Hund",
        "This is the dog of you and me",
    ),
    (
        "length_constraints:number_sentences",
        {"num_sentences": 2, "relation": "at least"},
        "One. Two.",
        "One.",
    ),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "a\n***\nb", "a"),
    (
        "length_constraints:number_words",
        {"num_words": 3, "relation": "less than"},
        "one two",
        "one two three",
    ),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "so"},
        "a\n\n*So* it is",
        "a\n\nThus",
    ),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}, "[a] [b]", "[a]"),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}, "x\nP.S. y", "x"),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "* a\n- b", "* a"),
    ("detectable_format:constrained_response", {}, "My answer is no.", "No."),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 1}, "*a*", "a"),
    (
        "detectable_format:multiple_sections",
        {"section_spliter": "Section", "num_sections": 2},
        "Section 1 a\nSection 2 b",
        "Section 1",
    ),
    ("detectable_format:json_format", {}, '```json\n{"a": 1}\n```', "a"),
    ("detectable_format:title", {}, "<<T>>\nx", "T"),
    ("combination:two_responses", {}, "a\n******\nb", "a"),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Do it."}, "Do it. Done", "Done"),
    ("startend:end_checker", {"end_phrase": "bye"}, "so Bye", "bye now"),
    ("startend:quotation", {}, '"all"', "all"),
    (
        "change_case:capital_word_frequency",
        {"capital_frequency": 1, "capital_relation": "at least"},
        "A WORD",
        "a word",
    ),
    ("change_case:english_capital", {}, "ALL OF THE WORDS ARE BIG", "Not all"),
    ("change_case:english_lowercase", {}, "all of the words are small", "Not all"),
    ("punctuation:no_comma", {}, "a b", "a, b"),
]


@pytest.mark.parametrize(("kind", "options", "kept", "broken"), ASKED, ids=[a[0] for a in ASKED])
def test_each_instruction_is_seen_kept_and_broken(
    kind: str, options: dict[str, Any], kept: str, broken: str
) -> None:
    case = Case(id="c", prompt="p", details={"instructions": [{"id": kind, **options}]})
    scorer: Any = choose_scorer({"ifeval": {}})[1]
    scorer.check(case)
    assert scorer.score(Given(text=kept), case).value == 1.0
    assert scorer.score(Given(text=broken), case).value == 0.0


def test_all_twenty_five_kinds_of_the_shipped_prompts_are_tested() -> None:
    kinds = Counter(
        i["id"] for c in open_suite("ifeval").cases() for i in c.details["instructions"]
    )
    assert set(kinds) == {a[0] for a in ASKED}
    assert len(kinds) == 25


def test_a_scenario_is_a_benchmark_without_code(tmp_path: Path) -> None:
    (tmp_path / "items.jsonl").write_text(
        "".join(
            json.dumps({"id": n, "text": f"t{n}", "kind": "a", "area": "x"}) + "\n"
            for n in range(3)
        )
    )
    file = tmp_path / "mine.yaml"
    file.write_text(
        "title: Mine\nitems: items.jsonl\ninstructions: Name it.\nquestion: 'Text: {text}'\nexpected: kind\n"
        "shots: 1\ntags: [area]\nscorer: {exact: {}}\n"
    )
    opened = open_suite(f"scenario:{file}")
    first, second = opened.cases()
    assert first.prompt == "Name it.\n\nText: t0\na\n\nText: t1"
    assert (second.expected, second.tags) == ("a", ("x",))
    file.write_text(file.read_text().replace("{text}", "{txt}"))
    with pytest.raises(InvalidInput, match="no field 'txt'"):
        list(open_suite(f"scenario:{file}").cases())


def test_a_suite_is_what_cases_may_name_and_its_case_file_reads_back(tmp_path: Path) -> None:
    out = tmp_path / "cases.jsonl"
    command = ["suites", "cases", "truthfulqa", "--limit", "9", "--out", str(out)]
    assert CliRunner().invoke(cli, command).exit_code == 0
    direct = load_cases("suite:truthfulqa", tmp_path)[:9]
    assert load_cases(str(out), tmp_path) == direct


@pytest.mark.parametrize("name", NAMES)
def test_every_suite_tells_its_protocol_and_a_skeleton(name: str) -> None:
    shown = json.loads(CliRunner().invoke(cli, ["suites", "show", name, "--json"]).output)
    assert shown["protocol"]["name"] and shown["licence"] and shown["measures"]
    assert CliRunner().invoke(cli, ["suites", "poc", name]).output.startswith("# ")
