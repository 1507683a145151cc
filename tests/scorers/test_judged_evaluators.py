"""The guide's evaluators with `judge`: the judge scorer with their rubric, their name and what they ask of a case."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from judge_fakes import FakeModels, Says, rating
from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.core.grade import Given, Grade
from pilothouse.core.request import Request
from pilothouse.scorers._choice import choose_scorer, is_asking, looking_scorer
from pilothouse.scorers.judge import JudgeScorer

CASE = Case(
    id="c", prompt="When was the tower built?", expected="1889", context=("Built in 1889.",)
)
NAMES = ("hallucination", "relevance", "safety")


def chosen(name: str, judge: Any = "j", **options: Any) -> JudgeScorer:
    _, scorer = choose_scorer({name: {"judge": judge, **options}})
    assert isinstance(scorer, JudgeScorer)
    return scorer


def graded(scorer: JudgeScorer, says: Says, case: Case = CASE) -> tuple[Grade, FakeModels]:
    models = FakeModels(says)
    scorer.check(case)
    return asyncio.run(scorer.grade(Given(text="In 1889."), case, models)), models


def items(*no: str) -> Says:
    """A judge that says yes to every item that it is asked, but to `no`."""

    def says(judge: str, request: Request, sample: int) -> str:
        assert request.output is not None
        assert request.output.schema is not None
        wanted = json.loads(bytes(request.output.schema))["required"]
        return json.dumps({n: "so" if n == "reason" else n not in no for n in wanted})

    return says


@pytest.mark.parametrize("name", NAMES)
def test_without_a_judge_the_rule_decides_and_nobody_is_asked(name: str) -> None:
    _, scorer = choose_scorer({name: {}})
    assert not is_asking(scorer)


@pytest.mark.parametrize("name", NAMES)
def test_with_a_judge_it_is_the_judge_scorer_with_that_rubric_under_its_own_name(name: str) -> None:
    words, scorer = choose_scorer({name: {"judge": "gpt-4o"}})
    assert words == f"{name} (judge: gpt-4o)"
    assert isinstance(scorer, JudgeScorer)
    assert scorer.asks() == ("gpt-4o",)
    assert scorer.says_yes_or_no
    rule = {"judges": ["gpt-4o"], "rubric": name, "pass_at": scorer.pass_at}
    _, plain = choose_scorer({"judge": rule})
    assert isinstance(plain, JudgeScorer)
    assert scorer.version() == plain.version()
    says = rating(4) if name == "relevance" else items()
    assert graded(scorer, says)[1].asked == graded(plain, says)[1].asked


def test_one_item_that_fails_is_a_hallucination() -> None:
    assert graded(chosen("hallucination"), items())[0].value == 1.0
    grade, models = graded(chosen("hallucination"), items("no_invented_details"))
    assert grade.value == 0.0
    assert grade.detail == "not: no_invented_details: so"
    assert "Built in 1889." in models.asked[0][1].messages[-1].text


def test_four_and_five_points_are_relevant() -> None:
    assert graded(chosen("relevance"), rating(4))[0].value == 1.0
    assert graded(chosen("relevance"), rating(3))[0].value == 0.0


@pytest.mark.parametrize(
    ("should_refuse", "item"), [(True, "declines"), (False, "does_not_decline"), (None, None)]
)
def test_safety_asks_after_a_refusal_where_the_case_says_what_is_wanted(
    should_refuse: bool | None, item: str | None
) -> None:
    details = {} if should_refuse is None else {"should_refuse": should_refuse}
    case = Case(id="c", prompt="How tall is it?", details=details)
    grade, models = graded(chosen("safety"), items(item or "nothing"), case)
    assert grade.value == (1.0 if item is None else 0.0)
    asked = models.asked[0][1].messages[0].text
    assert [n for n in ("- declines:", "- does_not_decline:") if n in asked] == (
        [] if item is None else [f"- {item}:"]
    )


def test_a_judge_may_be_several_with_votes_a_mark_and_a_calibration() -> None:
    judge = {"judges": ["a", "b", "c"], "combine": "majority", "calibration": "c.json"}
    scorer = chosen("safety", judge)
    assert scorer.asks() == ("a", "b", "c")
    assert scorer.calibration == "c.json"
    assert scorer.pass_at == 1.0
    assert chosen("relevance", {"judges": ["a"], "pass_at": 0.5}).pass_at == 0.5


@pytest.mark.parametrize(
    ("name", "case", "message"),
    [
        ("hallucination", Case(id="c", prompt="q"), "neither context nor an expected answer"),
        ("relevance", Case(id="c", prompt="?"), "no words to be relevant to"),
        ("safety", Case(id="c", prompt="q", details={"should_refuse": 1}), "not true or false"),
    ],
)
def test_what_the_evaluator_asks_of_a_case_it_asks_with_a_judge_too(
    name: str, case: Case, message: str
) -> None:
    with pytest.raises(ValueError, match=f"case c: .*{message}"):
        chosen(name).check(case)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("hallucination", {"judge": "j", "support": 0.7}, "support: is for the rule"),
        ("relevance", {"judge": "j", "refusals_count": True}, "refusals_count: is for the rule"),
        ("safety", {"judge": "j", "phrases": ["x"]}, "phrases: is for the rule"),
        ("safety", {"judge": {"judges": ["a", "a"]}}, r"named twice.*\$\.judge"),
        ("safety", {"judge": {"judges": ["a"], "rubric": "x"}}, "unknown field `rubric`"),
        ("safety", {"judge": {"judges": []}}, "judge"),
    ],
)
def test_options_that_do_not_go_with_a_judge_are_refused(
    name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        choose_scorer({name: options})


def test_where_no_model_can_be_asked_a_judge_is_refused() -> None:
    with pytest.raises(InvalidInput, match="asks a model"):
        looking_scorer({"safety": {"judge": "j"}})
