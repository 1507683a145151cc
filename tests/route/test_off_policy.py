"""Estimates of a policy that took no decision: by hand, against a known truth, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan, sqrt
from statistics import fmean, stdev

import off_policy_world as world
import pytest
from msgspec.structs import replace

from pilothouse.core.errors import InvalidInput
from pilothouse.route.off_policy import Estimated, OffPolicy, estimate
from pilothouse.route.off_policy_predictions import at_the_level_seen
from pilothouse.route.off_policy_terms import Logged, Method, Proposed


def row(chosen: str, propensity: float | None, reward: float, **more: object) -> Logged:
    values = {"id": f"{chosen}{propensity}{reward}{more}", "chosen": chosen, **more}
    return Logged(propensity=propensity, reward=reward, **values)  # type: ignore[arg-type]


def certain(model: str, **good: float) -> Proposed:
    return Proposed(chances={model: 1.0}, good=good)


def by(found: OffPolicy) -> Mapping[Method, Estimated]:
    return {e.method: e for e in found.quality.by}


TABLE = [
    (row("a", 0.8, 1.0, cost_usd=4.0), certain("a", a=0.9, b=0.5)),
    (row("a", 0.8, 0.0, cost_usd=4.0), certain("b", a=0.9, b=0.5)),
    (row("b", 0.2, 1.0, cost_usd=1.0), certain("b", a=0.9, b=0.5)),
    (row("b", 0.4, 0.5, cost_usd=1.0), Proposed(chances={"a": 0.5, "b": 0.5}, good={"a": 1, "b": 0.5})),
]  # fmt: skip


def test_a_small_table_by_hand() -> None:
    found = estimate([r for r, _ in TABLE], [p for _, p in TABLE])
    # Weights: 1/0.8 = 1.25, 0, 1/0.2 = 5, 0.5/0.4 = 1.25.
    ips = [1.25, 0, 5, 0.625]
    dr = [0.9 + 1.25 * 0.1, 0.5, 0.5 + 5 * 0.5, 0.75]
    methods = by(found)
    assert methods["IPS"].new.value == pytest.approx(fmean(ips))
    assert methods["IPS"].new.standard_error == pytest.approx(stdev(ips) / 2)
    assert methods["SNIPS"].new.value == pytest.approx(sum(ips) / 7.5)
    assert methods["DR"].new.value == pytest.approx(fmean(dr))
    assert methods["DR"].difference.value == pytest.approx(fmean(dr) - 0.625)
    apart = [x - r for x, r in zip(dr, (1, 0, 1, 0.5), strict=True)]
    assert methods["DR"].difference.standard_error == pytest.approx(stdev(apart) / 2)
    assert found.quality.own.value == 0.625
    assert found.quality.best.method == "DR"
    assert found.largest_weight == 5
    assert found.effective_rows == pytest.approx(7.5**2 / (1.25**2 + 25 + 1.25**2))
    assert found.support == pytest.approx(7.5 / 4)
    assert found.cost is not None
    assert {e.method: e.new.value for e in found.cost.by} == {
        "IPS": pytest.approx((5 + 0 + 5 + 1.25) / 4),
        "SNIPS": pytest.approx(11.25 / 7.5),
    }


def test_a_policy_that_is_the_logger_gets_its_own_mean_exactly() -> None:
    chances = {"a": 0.9, "b": 0.1}
    logged = [row("ab"[i % 10 == 0], (0.9, 0.1)[i % 10 == 0], i % 3 / 2, id=str(i)) for i in range(50)]  # fmt: skip
    found = estimate(logged, [Proposed(chances=chances)] * 50)
    own = found.quality.own
    for each in found.quality.by:
        assert each.new.value == pytest.approx(own.value, abs=1e-15)
        assert each.new.interval.low == pytest.approx(own.interval.low, abs=1e-12)
        assert each.difference.value == each.difference.standard_error == 0
    assert (found.verdict, found.strict_verdict, found.largest_weight) == (
        "not worse",
        "not worse",
        1,
    )


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "explore", "off"), [(800, 0.1, 0.0), (2000, 0.05, -0.4)])
def test_intervals_cover_the_truth_and_dr_varies_less_than_ips(
    rows: int, explore: float, off: float
) -> None:
    times = 300
    covers: dict[str, int] = {}
    values: dict[str, list[float]] = {}
    bounds: dict[str, int] = {}
    cost_covers = 0
    apart = world.TRUTH - world.own_truth(explore)
    for seed in range(times):
        logged, proposed = world.history(seed, rows, explore=explore, off=off)
        found = estimate(logged, at_the_level_seen(logged, proposed))
        for each in found.quality.by:
            m, of, less = each.method, each.new.interval, each.difference.interval
            covers[m] = covers.get(m, 0) + (of.low <= world.TRUTH <= of.high)
            covers[f"{m} less"] = covers.get(f"{m} less", 0) + (less.low <= apart <= less.high)
            values.setdefault(m, []).append(each.new.value)
            if each.new.bound is not None:
                inside = each.new.bound.low <= world.TRUTH <= each.new.bound.high
                bounds[m] = bounds.get(m, 0) + inside
        assert found.cost is not None
        usd = found.cost.by[0].new.interval
        cost_covers += usd.low <= world.TRUTH_USD <= usd.high
    # Three standard errors of 300 repeats are 0.04; IPS is the most skewed.
    assert covers["DR"] >= 0.93 * times and covers["DR less"] >= 0.93 * times
    assert covers["SNIPS"] >= 0.93 * times and covers["SNIPS less"] >= 0.93 * times
    assert covers["IPS"] >= 0.92 * times
    assert cost_covers >= 0.92 * times
    assert bounds == {"IPS": times, "DR": times}
    assert stdev(values["DR"]) < 0.6 * stdev(values["IPS"])
    assert stdev(values["DR"]) < 1.05 * stdev(values["SNIPS"])
    for m, tried in values.items():
        assert abs(fmean(tried) - world.TRUTH) < 3 * stdev(tried) / sqrt(times), m


@pytest.mark.parametrize(
    ("propensity", "why"),
    [
        (0.0, "its propensity is 0, not above 0"),
        (1.2, r"its propensity is 1\.2, not above 0 and at most 1"),
        (nan, "its propensity is nan"),
        (-0.1, r"its propensity is -0\.1"),
        (None, "its propensity is not known"),
    ],
)
def test_a_bad_propensity_is_refused_with_its_row(propensity: float | None, why: str) -> None:
    logged = [row("a", 0.5, 1.0), row("a", propensity, 1.0, id="R7")]
    with pytest.raises(InvalidInput, match=rf'row 2 \("R7"\): {why}'):
        estimate(logged, [certain("a")] * 2)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"reward": 1.5}, r"reward is 1\.5, not within 0-1"),
        ({"reward": nan}, "reward is nan"),
        ({"cost_usd": -1.0}, "cost is -1 USD"),
        ({"weight": 0.0}, "weight is 0, not above 0"),
    ],
)
def test_other_bad_values_are_refused_with_their_row(change: dict[str, float], why: str) -> None:
    with pytest.raises(InvalidInput, match=rf'row 1 \("x"\): its {why}'):
        estimate([replace(row("a", 0.5, 1.0, id="x"), **change)], [certain("a")])


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (Proposed(chances={"a": 0.5}), "chances add up to 0.5, not 1"),
        (Proposed(chances={}), "chances add up to 0, not 1"),
        (Proposed(chances={"a": 1.5, "b": -0.5}), "chance of a is 1.5"),
        (Proposed(chances={"a": nan}), "chance of a is nan"),
        (Proposed(chances={"a": 1}, good={"a": nan}), "prediction for a is nan"),
        (Proposed(chances={"a": 1}, cost_usd={"a": -1}), "predicted cost of a is -1 USD"),
    ],
)
def test_a_policy_that_is_none_is_refused_with_its_row(new: Proposed, why: str) -> None:
    with pytest.raises(InvalidInput, match=rf'row 1 \("x"\): the (new policy\'s )?{why}'):
        estimate([row("a", 0.5, 1.0, id="x")], [new])


def test_no_rows_rows_that_do_not_pair_and_a_margin_that_is_none_are_refused() -> None:
    with pytest.raises(InvalidInput, match="no logged decisions"):
        estimate([], [])
    with pytest.raises(InvalidInput, match="1 logged decisions, 0 proposed"):
        estimate([row("a", 1.0, 1.0)], [])
    with pytest.raises(InvalidInput, match="margin is -1"):
        estimate([row("a", 1.0, 1.0)], [certain("a")], margin=-1)


def test_choices_that_were_never_tried_are_not_identified() -> None:
    logged, proposed = world.history(1, 600)
    new = [replace(p, chances={"9": 1.0}) if i % 4 == 0 else p for i, p in enumerate(proposed)]
    found = estimate(logged, new)
    assert found.untried_share == pytest.approx(0.25)
    assert (found.verdict, found.strict_verdict) == ("not identified", "not identified")
    assert found.more_needed is None


def test_a_model_that_was_tried_but_never_where_the_new_policy_wants_it_is_found_out() -> None:
    """Model 2 was never drawn for kinds 0 and 2: the weights then add up to a third of what they should."""
    logged, proposed = world.history(1, 3000)
    found = estimate(logged, [replace(p, chances={"2": 1.0}) for p in proposed])
    assert found.untried_share == 0
    assert found.support_bound.high < 1
    assert found.verdict == "not identified"


def test_propensities_that_are_too_small_to_be_true_are_found_out() -> None:
    logged, _ = world.history(1, 600)
    logged = [replace(r, propensity=0.2) for r in logged]
    found = estimate(logged, [Proposed(chances={r.chosen: 1.0}) for r in logged])
    assert found.support_bound.low > 1
    assert found.verdict == "not identified"


def test_a_few_untried_choices_within_the_margin_count_as_the_worst_that_they_could_be() -> None:
    logged, proposed = drawn_evenly(better=0.9, worse=0.5)
    new = [replace(p, chances={"9": 1.0}) if i < 3 else p for i, p in enumerate(proposed)]
    found = estimate(logged, new, margin=0.01)
    assert 0 < found.untried_share <= 0.01
    assert found.verdict == "better"


def drawn_evenly(*, better: float, worse: float, rows: int = 1000) -> tuple[list[Logged], list[Proposed]]:  # fmt: skip
    """Two models by halves, the new policy always takes the first."""
    logged: list[Logged] = []
    for i in range(rows):
        k = i % 2
        share = (better, worse)[k]
        reward = float((i // 2 * 7919) % 100 < 100 * share)
        logged.append(row("ab"[k], 0.5, reward, id=str(i)))
    return logged, [certain("a")] * rows


@pytest.mark.parametrize(
    ("better", "worse", "verdict"),
    [
        (0.9, 0.5, "better"),
        (0.5, 0.9, "worse"),
        (0.75, 0.72, "not yet known"),
        (1.0, 1.0, "not worse"),
    ],
)
def test_verdicts(better: float, worse: float, verdict: str) -> None:
    found = estimate(*drawn_evenly(better=better, worse=worse))
    assert found.verdict == verdict
    assert (found.more_needed is not None) == (verdict == "not yet known")


def test_with_as_many_more_as_it_says_it_is_settled() -> None:
    found = estimate(*drawn_evenly(better=0.75, worse=0.72))
    assert found.more_needed is not None
    again = estimate(*drawn_evenly(better=0.75, worse=0.72, rows=2 * ((1000 + found.more_needed) // 2)))  # fmt: skip
    assert again.verdict in ("not worse", "better")


def test_nothing_is_known_while_what_differs_was_hardly_tried() -> None:
    """Every try of it went well, which makes the interval narrow and wrong."""
    logged = [row("a", 0.99, 0.9, id=str(i)) for i in range(1000)]
    logged += [row("b", 0.01, 1.0, id=f"b{i}") for i in range(10)]
    found = estimate(logged, [certain("b")] * 1010)
    assert found.quality.best.difference.interval.low > -1
    assert found.effective_switches == pytest.approx(10)
    assert found.verdict == "not yet known"
    assert found.more_needed is not None and found.more_needed >= 1010


def test_the_finite_sample_verdict_is_the_more_careful_one() -> None:
    few = estimate(*drawn_evenly(better=0.9, worse=0.5, rows=200))
    assert (few.verdict, few.strict_verdict) == ("better", "not yet known")
    many = estimate(*drawn_evenly(better=0.9, worse=0.5, rows=4000))
    without_predictions = next(e for e in many.quality.by if e.method == "IPS")
    assert without_predictions.difference.bound is not None
    assert without_predictions.difference.bound.low > 0


def test_a_row_that_stands_for_two_counts_as_two() -> None:
    pairs = [*TABLE, TABLE[2]]
    twice = estimate([r for r, _ in pairs], [p for _, p in pairs])
    logged = [replace(r, weight=2.0) if i == 2 else r for i, (r, _) in enumerate(TABLE)]
    once = estimate(logged, [p for _, p in TABLE])
    for a, b in zip(once.quality.by, twice.quality.by, strict=True):
        assert a.new.value == pytest.approx(b.new.value)
        assert a.difference.value == pytest.approx(b.difference.value)


def test_rows_of_one_group_are_no_more_than_one() -> None:
    logged, proposed = drawn_evenly(better=0.9, worse=0.5, rows=200)
    copies = [replace(r, group=r.id) for r in logged for _ in range(5)]
    alone = estimate(logged, proposed)
    together = estimate(copies, [proposed[0]] * 1000)
    assert together.groups == 200
    assert together.quality.best.new.interval.low == pytest.approx(
        alone.quality.best.new.interval.low
    )
    bounds = [by(f)["IPS"].new.bound for f in (alone, together)]
    assert bounds[0] is not None and bounds[1] is not None
    assert bounds[1].high == pytest.approx(bounds[0].high)


def test_one_group_alone_says_nothing() -> None:
    logged, proposed = drawn_evenly(better=0.9, worse=0.5, rows=100)
    found = estimate([replace(r, group="one") for r in logged], proposed)
    assert found.verdict == "not yet known"


def test_predictions_are_moved_to_what_the_other_half_saw() -> None:
    logged, proposed = world.history(3, 2000, off=-0.3)
    moved = at_the_level_seen(logged, proposed)
    first = [p for p, old in zip(moved, proposed, strict=True) if old.good["0"] > 0.55]
    assert fmean([p.good["0"] for p in first]) == pytest.approx(0.9, abs=0.04)
    doubled = [replace(p, cost_usd={k: 2 * usd for k, usd in p.cost_usd.items()}) for p in proposed]
    costs = at_the_level_seen(logged, doubled)
    assert [p.cost_usd["1"] for p in costs] == pytest.approx([2e-3] * 2000)


def test_a_row_does_not_move_its_own_prediction() -> None:
    logged, proposed = world.history(3, 40)
    changed = [replace(logged[0], reward=1 - logged[0].reward), *logged[1:]]
    before, after = (at_the_level_seen(rows, proposed) for rows in (logged, changed))
    assert before[0] == after[0]
    assert before[1] != after[1]
