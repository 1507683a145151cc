"""Whether a better answer says anything else: rather "another" than wrongly "the same"."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse import recordings
from pilothouse.client.same_answer import is_same
from pilothouse.core.answer import Answer, Candidate
from pilothouse.core.request import RefusalPart, TextPart, ToolCallPart
from pilothouse.scorers.number import NumberScorer

SAME = [
    ("Paris.", "paris"),
    ("It is **Paris**!", "It is\n\nPARIS"),
    ("“Yes”, he said.", '"yes" he said'),
    ("The answer is (B).", "Because of light, it must be so.\n\nAnswer: B"),
    ("B", "(b)."),
    ("18 eggs a day, so she makes $18.", "She sells 9 at $2 each.\n#### 18"),
    ("Therefore x = 5. The answer is 5.", r"So \boxed{5}"),
    ("That makes $1,200.00 in all.", "It comes to 1200 dollars."),
    ('{"city": "Paris", "n": 1}', '{ "n":1, "city":"Paris" }'),
    ("```python\nx = 1\n```", "```python\nx  =  1\n```"),
    ("", ""),
]
OTHER = [
    ("Paris", "Lyon"),
    ("It is -5.", "It is 5."),
    ("The answer is B.", "The answer is C."),
    ("Answer: 5", "Answer: 6"),
    ("Answer: 5", "Answer: unknown"),
    ('{"city": "Paris"}', '{"city": "Lyon"}'),
    ('{"city": "Paris"}', "Paris"),
    ("```\nx = a + b\n```", "```\nx = a - b\n```"),
    ("```\nreturn X\n```", "```\nreturn x\n```"),
    ("Yes", ""),
    ("I can help with that.", "You should restart the router."),
    (
        "The house was built by her grandfather, who came from Kiel with his two brothers and a "
        "great deal of luggage, some time around 1900",
        "Nobody in the family knows any longer who built the house or why it looks as it does, but the "
        "deed was signed by somebody in 1900",
    ),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_in_other_dress(one: str, other: str) -> None:
    assert is_same(Answer.of_text(one), Answer.of_text(other))
    assert is_same(Answer.of_text(other), Answer.of_text(one))


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_answer(one: str, other: str) -> None:
    assert not is_same(Answer.of_text(one), Answer.of_text(other))
    assert not is_same(Answer.of_text(other), Answer.of_text(one))


def calls(name: str, arguments: str) -> Answer:
    part = ToolCallPart(id="x", name=name, arguments=arguments)
    return Answer(candidates=(Candidate(parts=(part,)),))


def test_calls_of_tools_are_compared_by_name_and_arguments_not_by_id_or_order_of_keys() -> None:
    one = calls("weather", '{"city": "Paris", "day": 1}')
    assert is_same(one, calls("weather", '{"day":1,"city":"Paris"}'))
    assert not is_same(one, calls("weather", '{"city": "Oslo", "day": 1}'))
    assert not is_same(one, calls("time", '{"city": "Paris", "day": 1}'))
    assert not is_same(one, Answer.of_text(""))
    assert is_same(calls("weather", "{broken"), calls("weather", "{broken"))


def test_a_refusal_is_words_like_any_other() -> None:
    refused = Answer(candidates=(Candidate(parts=(RefusalPart("I cannot."),)),))
    said = Answer(candidates=(Candidate(parts=(TextPart("i cannot"),)),))
    assert is_same(refused, said)


@given(st.text(max_size=80), st.text(max_size=80))
def test_it_is_symmetric_knows_itself_and_takes_any_text(one: str, other: str) -> None:
    a, b = Answer.of_text(one), Answer.of_text(other)
    assert is_same(a, a)
    assert is_same(a, b) == is_same(b, a)


@pytest.mark.slow
def test_of_two_models_on_gsm8k_it_never_takes_two_results_for_one_and_misses_few() -> None:
    scorer = NumberScorer()
    same = missed = wrong = 0
    for question in recordings.questions("builtin:gsm8k"):
        one, other = question.answers.values()
        has_one_result = scorer.number_in(one) == scorer.number_in(other)
        found = is_same(Answer.of_text(one), Answer.of_text(other))
        same += has_one_result
        missed += has_one_result and not found
        wrong += found and not has_one_result
    assert wrong == 0
    assert (missed, same) == (9, 794), "1.1 % are paid for as if they had changed"
