"""The number scorer: how a number is read, and the published GSM8K labels reproduced from text."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse import recordings
from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers.number import NumberScorer

GPT4, MIXTRAL = "gpt-4-1106-preview", "mistralai/Mixtral-8x7B-Instruct-v0.1"


def is_right(text: str, expected: str, **options: object) -> bool:
    case = Case(id="a", prompt="q", expected=expected)
    return NumberScorer(**options).score(Given(text=text), case).value == 1.0


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("She makes $1,234.50", "1234.5"),
        ("The answer is 64.", "64"),
        ("**64**", "64"),
        ("$64 for the 16 glasses", "16"),
        ("#### 64", "64"),
        ("It is -3 degrees", "-3"),
        ("It is −3 degrees", "-3"),
        ("He lost -$5", "-5"),
        ("He lost $-5", "-5"),
        ("- 64", "64"),
        ("7 - 64", "64"),
        ("10-64", "64"),
        ("half, so 1/2", "0.5"),
        ("1/3", "1/3"),
        ("on 12/25/2024", "2024"),
        ("2/0", "0"),
        ("50 %", "50"),
        ("20.00", "20"),
        ("1, 2,3", "3"),
        (".5", "0.5"),
        ("1,000,000", "1000000"),
    ],
)
def test_the_last_number_is_read_as_a_person_reads_it(text: str, number: str) -> None:
    case = Case(id="a", prompt="q", expected=number)
    assert NumberScorer().score(Given(text=text), case) == Grade(value=1.0, detail=number)


def test_an_answer_without_a_number_is_wrong_and_says_so() -> None:
    assert NumberScorer().score(
        Given(text="I do not know"), Case(id="a", prompt="q", expected="3")
    ) == Grade(value=0.0, detail="no number")


def test_a_case_that_expects_no_number_cannot_be_graded() -> None:
    with pytest.raises(ValueError, match="case a: expected"):
        NumberScorer().check(Case(id="a", prompt="q", expected="three"))


def test_the_marked_number_wins_over_a_later_one() -> None:
    text = "#### 64\nThat is $64 for the 16 glasses"
    assert is_right(text, "16", take="marked")
    assert is_right("so\n#### 64", "64", take="marked")
    assert not is_right("#### 64 dollars, none for 16", "64", take="last")


def test_tolerance_is_exact_at_its_edge() -> None:
    assert is_right("0.3", "0.2", tolerance=Decimal("0.1"))
    assert not is_right("0.3000001", "0.2", tolerance=Decimal("0.1"))


@given(st.decimals(-(10**9), 10**9, places=2), st.booleans())
def test_any_amount_is_read_back(amount: Decimal, has_commas: bool) -> None:
    written = f"{amount:,}" if has_commas else f"{amount}"
    assert is_right(f"The total is {written}.", str(amount))


@pytest.mark.parametrize(("model", "whole", "clean"), [(GPT4, 1130, 1121), (MIXTRAL, 842, 833)])
def test_the_published_labels_are_reproduced_from_the_text_of_every_answer(
    model: str, whole: int, clean: int
) -> None:
    scorer = NumberScorer(take="last_digits")
    asked = recordings.questions("builtin:gsm8k")
    cases = recordings.cases("builtin:gsm8k")
    right = [
        scorer.score(Given(text=q.answers[model]), c).value == 1.0
        for q, c in zip(asked, cases, strict=True)
    ]
    assert len(right) == 1319
    assert [q.id for q, r in zip(asked, right, strict=True) if r != q.labels[model]] == []
    assert sum(right) == whole
    kept = [r for r, c in zip(right, cases, strict=True) if "contaminated" not in c.tags]
    assert (sum(kept), len(kept)) == (clean, 1307)


@pytest.mark.parametrize(
    ("model", "right", "label_wrong", "label_right"),
    [(GPT4, 1171, 42, 1), (MIXTRAL, 839, 2, 5)],
)
def test_where_a_persons_reading_differs_from_the_published_labels(
    model: str, right: int, label_wrong: int, label_right: int
) -> None:
    scorer = NumberScorer(take="last")
    pairs = [
        (scorer.score(Given(text=q.answers[model]), c).value == 1.0, q.labels[model])
        for q, c in zip(
            recordings.questions("builtin:gsm8k"), recordings.cases("builtin:gsm8k"), strict=True
        )
    ]
    assert sum(ours for ours, _ in pairs) == right
    assert sum(ours and not label for ours, label in pairs) == label_wrong
    assert sum(label and not ours for ours, label in pairs) == label_right
