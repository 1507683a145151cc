"""Which cascade is chosen, and when none is."""

from __future__ import annotations

import pytest
import synthetic_swe
from cascade_tables import table_of_counts
from msgspec.structs import replace

from pilothouse.core.errors import InvalidInput
from pilothouse.route.cascade import Planned, plan
from pilothouse.route.cascade_held_out import held_out
from pilothouse.route.cascade_outcome import Check, Plan
from pilothouse.route.cascade_words import because
from pilothouse.route.table import Table


def planned(table: Table, error: float = 0.1, usd: float = 0.0, longest: int = 3) -> Planned:
    check = Check(false_accept=error, false_reject=error, usd=usd)
    return plan(table, check, longest=longest, times=400)


@pytest.mark.parametrize(
    ("error", "score", "ratio"), [(0.0, 0.756, 0.466), (0.1, 0.735, 0.485), (0.2, 0.714, 0.505)]
)
def test_the_swe_bench_pair_and_its_order_are_found_on_synthetic_outcomes_with_its_marginals(
    error: float, score: float, ratio: float
) -> None:
    found = planned(synthetic_swe.table(), error)
    assert found.chosen is not None
    assert found.chosen.plan == Plan(kind="verifier", models=("gpt-5-mini", "sonnet-4-5"))
    assert found.chosen.score == pytest.approx(score, abs=0.0005)
    assert found.chosen.cost_ratio == pytest.approx(ratio, abs=0.0005)
    assert found.chosen.break_even_error == pytest.approx(25 / 104, abs=1e-6)
    assert because(found).startswith("Cascade gpt-5-mini -> sonnet-4-5: ")
    top = found.best_score
    assert top is not None and top.score >= found.chosen.score and top.cost_ratio <= 1


def test_a_check_that_is_too_often_wrong_pays_nothing_and_the_words_say_how_right_it_must_be() -> (
    None
):
    found = planned(synthetic_swe.table(), 0.45, longest=2)
    assert found.chosen is None
    assert because(found).startswith("Do not cascade: what costs less is worse; ")
    assert "would do with a check that is wrong at most " in because(found)


def test_the_baselines_are_every_model_the_best_the_cheapest_and_the_oracle() -> None:
    found = planned(synthetic_swe.table())
    assert [str(w.plan) for w in found.singles] == ["sonnet-4-5", "gpt-5", "gpt-5-mini"]
    assert str(found.best.plan) == "sonnet-4-5" and found.best.score == 0.706
    assert str(found.cheapest.plan) == "gpt-5-mini"
    assert found.oracle.score == 378 / 500
    assert found.oracle.cost_usd < found.best.cost_usd
    assert found.best.score_interval.low < 0.706 < found.best.score_interval.high


def test_a_third_model_is_taken_where_it_pays() -> None:
    counts = {(1, 1, 1): 100, (0, 1, 1): 50, (0, 0, 1): 20, (0, 1, 0): 10}
    found = planned(table_of_counts(counts, cost=(1, 4, 40)), 0.0)
    assert found.chosen is not None
    assert found.chosen.plan.models == ("mini", "other", "strong")
    two = planned(table_of_counts(counts, cost=(1, 4, 40)), 0.0, longest=2)
    assert two.chosen is not None and len(two.chosen.plan.models) == 2
    assert two.chosen.cost_usd > found.chosen.cost_usd


def test_a_dear_first_model_is_named_as_the_reason() -> None:
    found = planned(table_of_counts({(1, 1): 120, (0, 1): 180}, cost=(8, 10)), 0.0)
    assert found.chosen is None
    assert "mini, the cheapest, costs 0.80x of strong, and every escalation pays twice" in because(
        found
    )


def test_where_the_best_is_the_cheapest_there_is_nothing_to_save() -> None:
    found = planned(table_of_counts({(1, 1): 50, (0, 1): 50}, cost=(2, 1)))
    assert found.chosen is None
    assert "strong is the best and the cheapest" in because(found)


def test_too_few_cases_prove_nothing() -> None:
    found = planned(table_of_counts({(1, 1): 20, (0, 1): 5}, cost=(1, 20)), 0.0)
    assert found.chosen is None
    assert "25 independent cases prove nothing" in because(found)


def test_what_may_be_worse_than_allowed_is_not_proven() -> None:
    counts = {(1, 1): 40, (0, 1): 10, (1, 0): 3}
    found = planned(table_of_counts(counts, cost=(1, 20)), 0.2)
    assert found.chosen is None
    assert because(found).startswith("Do not cascade yet: mini -> strong comes nearest")
    assert "points worse (allowed: 1.0)" in because(found)


def test_a_check_that_takes_nothing_bad_before_the_best_model_cannot_be_worse() -> None:
    # With so few disagreements an interval from the sample alone would be wide.
    found = planned(table_of_counts({(1, 1): 40, (0, 1): 40}, cost=(1, 20)), 0.0)
    assert found.chosen is not None and found.chosen.difference_interval is not None
    assert found.chosen.difference_interval.low == 0


def test_a_cheaper_model_that_is_as_good_is_used_alone() -> None:
    found = planned(table_of_counts({(1, 1): 1500, (0, 0): 500}, cost=(1, 20)))
    # Both score alike: the cheaper one is the best single model already.
    assert str(found.best.plan) == "mini" and found.chosen is None
    found = planned(table_of_counts({(1, 1): 1500, (0, 1): 1, (0, 0): 500}, cost=(1, 20)), 0.3)
    assert found.chosen is not None and found.chosen.plan.kind == "single"
    assert because(found).startswith("Use mini alone: ")


def test_the_checks_own_price_is_counted_and_said() -> None:
    free, dear = planned(synthetic_swe.table()), planned(synthetic_swe.table(), usd=0.05)
    assert free.chosen is not None and dear.chosen is not None
    assert dear.chosen.cost_usd == pytest.approx(free.chosen.cost_usd + 0.05)
    assert "Checks are $0.050000 of its $" in because(dear)
    assert planned(synthetic_swe.table(), usd=0.5).chosen is None


def test_a_choice_on_one_half_is_measured_on_the_other() -> None:
    found = held_out(synthetic_swe.table(), lambda table: planned(table, 0.0))
    assert found is not None
    assert str(found.best) == "sonnet-4-5" and 200 < found.cases < 300
    assert found.difference_interval.low <= found.difference <= found.difference_interval.high
    assert found.cost_ratio_interval.high < 1
    assert held_out(synthetic_swe.table(), lambda table: planned(table, 0.5)) is None


def test_halves_that_are_too_small_are_not_compared() -> None:
    few = table_of_counts({(1, 1): 1, (0, 1): 1}, cost=(1, 2))
    assert held_out(few, planned) is None


def test_what_cannot_be_planned_is_refused_with_the_reason() -> None:
    two = table_of_counts({(1, 1): 2, (0, 1): 2}, cost=(1, 2))
    with pytest.raises(InvalidInput, match="two models and two cases"):
        plan(two, models=["mini"])
    with pytest.raises(InvalidInput, match="agreement needs three models"):
        plan(two, kinds=["agreement"])
    with pytest.raises(InvalidInput, match="costs nothing"):
        plan(replace(two, cost_usd=((0, 0),) * 4))
