"""What a plan comes to: by hand, by listing every way it can go, and by drawing."""

from __future__ import annotations

from itertools import product
from math import sqrt
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.errors import InvalidInput
from pilothouse.route.cascade_outcome import Check, Columns, Plan, columns, outcome
from pilothouse.route.cascade_replay import replayed
from pilothouse.route.table import Table

MODELS = ("small", "middle", "large")
COSTS = {"small": 1.0, "middle": 3.0, "large": 10.0}
rates = st.floats(0, 1)


def of_scores(*rows: tuple[float, ...]) -> Columns:
    names = MODELS[: len(rows[0])]
    return Columns(
        ids=tuple(str(i) for i in range(len(rows))),
        groups=tuple(str(i) for i in range(len(rows))),
        score={m: [row[i] for row in rows] for i, m in enumerate(names)},
        cost_usd={m: [COSTS[m]] * len(rows) for m in names},
        latency_ms={m: [100 * COSTS[m]] * len(rows) for m in names},
        answers={},
        left_out=0,
    )


def test_a_pair_by_hand() -> None:
    of = of_scores((1, 1), (0, 1), (1, 0), (0, 0))
    check = Check(false_accept=0.2, false_reject=0.1, usd=0.5, ms=50)
    found = outcome(of, Plan(kind="verifier", models=("small", "middle")), check)
    assert found.score == pytest.approx([1.0, 0.8, 0.9, 0.0])
    assert found.cost_usd == pytest.approx([1.5 + 3 * p for p in (0.1, 0.8, 0.1, 0.8)])
    assert found.latency_ms == pytest.approx([150 + 300 * p for p in (0.1, 0.8, 0.1, 0.8)])
    assert found.first_share == pytest.approx((0.9 + 0.2 + 0.9 + 0.2) / 4)
    assert found.check_usd == 0.5


def test_one_model_alone_is_never_checked() -> None:
    found = outcome(
        of_scores((0.3, 1), (1, 0)), Plan(kind="single", models=("small",)), Check(usd=9, ms=9)
    )
    assert (found.score, found.cost_usd, found.latency_ms) == ([0.3, 1], [1, 1], [100, 100])
    assert (found.first_share, found.check_usd) == (1.0, 0.0)


@given(st.tuples(rates, rates, rates), rates, rates)
def test_the_expectation_is_the_sum_over_every_way_it_can_go(
    scores: tuple[float, float, float], accept: float, reject: float
) -> None:
    check = Check(false_accept=accept, false_reject=reject, usd=0.25)
    found = outcome(of_scores(scores), Plan(kind="verifier", models=MODELS), check)
    score, cost = listed(scores, check)
    assert found.score[0] == pytest.approx(score, abs=1e-12)
    assert found.cost_usd[0] == pytest.approx(cost, abs=1e-12)


def listed(scores: tuple[float, ...], check: Check) -> tuple[float, float]:
    """Every combination of good or bad answers and right or wrong checks, with its probability."""
    score = cost = 0.0
    for goods in product((True, False), repeat=3):
        for mistakes in product((True, False), repeat=2):
            p = 1.0
            for g, s in zip(goods, scores, strict=True):
                p *= s if g else 1 - s
            for g, is_wrong in zip(goods, mistakes, strict=False):
                rate = check.false_reject if g else check.false_accept
                p *= rate if is_wrong else 1 - rate
            stop = next((i for i in (0, 1) if goods[i] != mistakes[i]), 2)
            score += p * goods[stop]
            cost += p * (sum(list(COSTS.values())[: stop + 1]) + check.usd * min(stop + 1, 2))
    return score, cost


@pytest.mark.parametrize("error", [0.0, 0.1, 0.3])
def test_what_is_replayed_is_what_was_expected(error: float) -> None:
    of = of_scores(*[((i % 3) / 2, (i % 5) / 4, float(i % 4 > 0)) for i in range(60)])
    plan = Plan(kind="verifier", models=MODELS)
    check = Check(false_accept=error, false_reject=error, usd=0.1)
    expected = outcome(of, plan, check)
    runs = [replayed(of, plan, check, seed) for seed in range(200)]
    pairs = (
        ([r.score for r in runs], fmean(expected.score)),
        ([r.cost_usd for r in runs], fmean(expected.cost_usd)),
        ([r.first_share for r in runs], expected.first_share),
    )
    for drawn, mean in pairs:
        assert abs(fmean(drawn) - mean) < 3.3 * stdev(drawn) / sqrt(len(drawn)) + 1e-12


def test_a_check_that_is_never_wrong_replays_to_the_very_figures() -> None:
    of = of_scores((1, 0), (0, 1), (0, 0))
    plan, check = (
        Plan(kind="verifier", models=("small", "middle")),
        Check(false_accept=0, false_reject=0),
    )
    found, drawn = outcome(of, plan, check), replayed(of, plan, check, 3)
    assert (drawn.score, drawn.cost_usd) == (fmean(found.score), fmean(found.cost_usd))


def test_the_same_seed_draws_the_same_and_another_one_does_not() -> None:
    of = of_scores(*[(0.5, 0.5)] * 50)
    plan = Plan(kind="verifier", models=("small", "middle"))
    runs = [replayed(of, plan, Check(), seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]
    with pytest.raises(ValueError, match="only a verifier"):
        replayed(of, Plan(kind="single", models=("small",)), Check())


def table(**changes: object) -> Table:
    given: dict[str, object] = {
        "name": "t",
        "models": MODELS,
        "ids": ("1", "2", "3"),
        "prompts": ("", "", ""),
        "tags": (None, None, None),
        "groups": ("1", "2", "3"),
        "score": ((1, 1, 0), (0, 1, 1), (0, 0, 1)),
        "cost_usd": ((1, 2, 10),) * 3,
        "latency_ms": ((5, 7, 100),) * 3,
        "answers": ((" B ", "b", "A"), ("A", "b", "C"), (None, None, "C")),
    }
    return Table(**{**given, **changes})  # pyright: ignore[reportArgumentType]


def test_two_that_say_the_same_are_believed_and_silence_is_no_agreement() -> None:
    found = outcome(columns(table()), Plan(kind="agreement", models=MODELS), Check(usd=9))
    assert found.score == [1, 1, 1]
    assert found.cost_usd == [3, 13, 13]
    assert found.latency_ms == [7, 107, 107]
    assert (found.first_share, found.check_usd) == (pytest.approx(1 / 3), 0.0)


def test_only_cases_with_every_score_and_cost_count() -> None:
    of = columns(
        table(
            score=((1, None, 0), (0, 1, 1), (0, 0, 1)), cost_usd=((1, 2, 3),) * 2 + ((1, 2, None),)
        )
    )
    assert (of.ids, of.left_out) == (("2",), 2)
    assert columns(table(latency_ms=((1, None, 2),) * 3)).latency_ms.keys() == {"small", "large"}
    assert columns(table(answers=())).answers == {}


def test_a_table_that_cannot_be_replayed_says_why() -> None:
    with pytest.raises(InvalidInput, match='no model "smal".*Did you mean "small"'):
        columns(table(), ["smal"])
    with pytest.raises(InvalidInput, match="what large costs"):
        columns(table(cost_usd=((1, 2, None),) * 3))
    assert columns(table(cost_usd=((1, 2, None),) * 3), ["small", "middle"]).left_out == 0
    with pytest.raises(InvalidInput, match="no case has a score and a cost of every"):
        columns(table(score=((None, 1, 1), (1, None, 1), (1, 1, None))))
