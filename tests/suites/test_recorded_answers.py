"""Published scores come out of recorded answers of real models, or of recorded verdicts where no answer was kept."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pilothouse import registry
from pilothouse.core.case import Case
from pilothouse.core.grade import Given
from pilothouse.core.stats.proportion import wilson
from pilothouse.scorers._choice import choose_scorer

RECORDED = Path(__file__).parent / "recorded"
PRO: dict[str, Any] = json.loads(gzip.decompress((RECORDED / "mmlu_pro.json.gz").read_bytes()))
COUNTS = json.loads((RECORDED / "verdict_counts.json").read_text())
ITEMS = [(i, category) for category, first, last in PRO["ranges"] for i in range(first, last + 1)]
OTHER_KEY = {(model, i): answer for model, i, answer in PRO["other_key"]}
FAULTY, ONE_TEMPLATE = "high_school_mathematics", "moral_scenarios"

FEWER_BY_THE_KEY = {
    "gemini-1.5-flash-002": -22,
    "gemini-1.5-pro-002": -17,
    "jamba-1.5-large": -16,
    "Meta-Llama-3_1-70B-Instruct": -3,
    "Meta-Llama-3_1-8B-Instruct": -3,
    "mathstral-7B": -3,
    "Meta-Llama-3_1-70B": -1,
    "Meta-Llama-3_1-8B": -1,
}
"""Right answers by the key of most runs less those by each run's own: the source changed 33 right letters."""


def scorer_of_mmlu_pro() -> Any:
    suite: Any = registry.plugin("suites", "mmlu_pro")
    return choose_scorer(suite.scorers["accuracy"])[1]


def test_every_recorded_letter_of_mmlu_pro_is_graded_as_its_source_did() -> None:
    scorer, differences = scorer_of_mmlu_pro(), list[tuple[str, int, str]]()
    ours, theirs = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    cases = [
        Case(id=str(i), expected=right) for (i, _), right in zip(ITEMS, PRO["key"], strict=True)
    ]
    said = {x: Given(text=f"Let me think. The answer is ({x}).") for x in "ABCDEFGHIJ"}
    said["-"] = Given(text="")  # the source read nothing
    answers = 0
    for model, letters in PRO["letters"].items():
        for (i, category), case, got in zip(ITEMS, cases, letters, strict=True):
            if got == " ":  # never asked
                continue
            answers += 1
            value = scorer.score(said[got], case).value
            verdict = got == OTHER_KEY.get((model, i), case.expected)
            for counts, is_right in ((ours, value == 1.0), (theirs, verdict)):
                counts[model, "all"] += is_right
                counts[model, category] += is_right
            if verdict != (value == 1.0):
                differences.append((model, i, got))
    assert answers == 347_215
    assert {(model, i) for model, i, _ in differences} <= set(OTHER_KEY)
    assert (len(differences), len({i for _, i, _ in differences})) == (82, 31)
    far = {at: ours[at] - theirs[at] for at in theirs if ours[at] != theirs[at]}
    assert {model: n for (model, of), n in far.items() if of == "all"} == FEWER_BY_THE_KEY
    assert [at for at, n in far.items() if at[1] != "all" and n < -2] == [
        ("gemini-1.5-flash-002", "math"),
        ("gemini-1.5-pro-002", "math"),
        ("jamba-1.5-large", "math"),
    ]
    assert theirs["gemini-1.5-pro-002", "all"] == 8_444


def test_whole_answers_of_mmlu_pros_models_are_read_as_its_source_reads_them() -> None:
    scorer = scorer_of_mmlu_pro()
    read = [
        (scorer.score(Given(text=text), Case(id=str(i), expected=right)).detail, pred)
        for _, i, right, pred, text in PRO["texts"]
    ]
    assert len(read) == 116
    # Nothing (None) is what the source's older runs read where its rule of today finds a lone letter.
    assert [(got, pred) for got, pred in read if pred is not None and got != pred] == []


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("The answer is (A).\n\nQuestion: 2?\nThe answer is (B).", "A"),
        ("Answer: C or Answer: D\nAnswer: E", "D"),
        ("first B, then (C)", "C"),
        ("nothing", "no choice"),
        ("Answer " * 40_000, "no choice"),  # quadratic with the source's pattern
    ],
)
def test_mmlu_pros_rule_takes_the_first_answer_as_its_source_does(text: str, read: str) -> None:
    grade = scorer_of_mmlu_pro().score(Given(text=text), Case(id="c", expected="A"))
    assert grade.detail == read


@pytest.mark.parametrize(
    ("left_out", "strong", "weak"),
    [
        ((), 80.58, 68.08),
        ((FAULTY,), 82.10, 68.79),
        ((ONE_TEMPLATE,), 80.56, 69.79),
        ((FAULTY, ONE_TEMPLATE), 82.19, 70.58),
    ],
)
def test_mmlus_recorded_verdicts_average_to_the_published_scores(
    left_out: tuple[str, ...], strong: float, weak: float
) -> None:
    counts = [c for subject, c in COUNTS["mmlu"].items() if subject not in left_out]
    asked, *right = (sum(column) for column in zip(*counts, strict=True))
    assert [round(100 * r / asked, 2) for r in right] == [strong, weak]
    for r in right:
        held = wilson(r, asked)
        assert held.low < r / asked < held.high < held.low + 0.02


def test_mmlus_faulty_subject_is_seen_in_its_verdicts() -> None:
    asked, strong, weak = COUNTS["mmlu"][FAULTY]
    assert round(100 * strong / asked, 1) == 3.0
    assert wilson(strong, asked).high < wilson(weak, asked).low


@pytest.mark.parametrize(
    ("model", "published"),
    [("claude-3-5-sonnet-20241022", 96.66), ("gpt-4o-2024-08-06", 96.21)],
)
def test_zeroevals_recorded_verdicts_average_to_the_published_scores(
    model: str, published: float
) -> None:
    asked, right = COUNTS["zeroeval_gsm"][model]
    assert round(100 * right / asked, 2) == published
