"""Simulated (or summed exactly): every interval that is printed holds the truth, and verdicts err rarely."""

import random
from collections.abc import Iterator
from functools import cache
from math import exp, lgamma, log, prod

import pytest

from pilothouse.core.criterion import judge, parse_criterion
from pilothouse.core.stats.betting import BettingSequence
from pilothouse.core.stats.bootstrap import paired_bootstrap
from pilothouse.core.stats.difference import difference
from pilothouse.core.stats.judge_error import (
    JudgeCounts,
    corrected_rate,
    prediction_powered_mean,
)
from pilothouse.core.stats.mean_interval import exact_of, mean_interval
from pilothouse.core.stats.pass_at_k import mean_over_cases, pass_at_k, pass_hat_k
from pilothouse.core.stats.proportion import Interval
from pilothouse.core.stats.quantile import quantile


@cache
def exact(k: int, n: int) -> Interval:
    return exact_of(k / n, n)


pytestmark = pytest.mark.slow
LEAST = 0.94


def chances(n: int, p: float) -> Iterator[tuple[int, float]]:
    """(k, its chance), binomial."""
    for k in range(n + 1):
        choose = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
        yield k, exp(choose + k * log(p) + (n - k) * log(1 - p))


@pytest.mark.parametrize("n", [100, 200, 1000])
@pytest.mark.parametrize("p", [0.5, 0.8, 0.9, 0.95, 0.98, 0.99])
def test_the_interval_of_a_share(n: int, p: float) -> None:
    covered = 0.0
    for k, chance in chances(n, p):
        if chance > 1e-7:
            around = mean_interval([1.0] * k + [0.0] * (n - k)).interval
            covered += chance * (around.low <= p <= around.high)
    assert covered >= LEAST


@pytest.mark.parametrize("n", [100, 200, 1000])
@pytest.mark.parametrize("limit", [0.5, 0.8, 0.95, 0.98])
@pytest.mark.parametrize("off", [0.0, 0.01, 0.03])
def test_a_verdict_is_wrong_at_most_one_time_in_twenty(n: int, limit: float, off: float) -> None:
    """True rate below the floor: how often "met"; above or on it: how often "not met"."""
    floor = parse_criterion("accuracy", f">= {limit}")
    wrongly_met = wrongly_not = 0.0
    for below in (True, False):
        p = min(0.999, max(0.001, limit - off if below else limit + off))
        for k, chance in chances(n, p):
            if chance < 1e-7:
                continue
            verdict = judge(floor, k / n, exact(k, n), "").verdict
            if below and verdict == "met":
                wrongly_met += chance
            if not below and verdict == "not met":
                wrongly_not += chance
    assert wrongly_met <= 0.05
    assert wrongly_not <= 0.05


@pytest.mark.parametrize("groups", [20, 50, 100])
@pytest.mark.parametrize("p", [0.5, 0.8, 0.95])
def test_shares_in_clusters(groups: int, p: float) -> None:
    draw, covered, times = random.Random(f"{groups}{p}"), 0, 500
    for _ in range(times):
        values: list[float] = []
        clusters: list[int] = []
        for group in range(groups):
            own = draw.betavariate(p * 7 / 3, (1 - p) * 7 / 3)
            for _ in range(draw.randint(1, 7)):
                values.append(float(draw.random() < own))
                clusters.append(group)
        around = mean_interval(values, clusters).interval
        covered += around.low <= p <= around.high
    assert covered / times >= LEAST - 0.02  # two errors of 500 draws


@pytest.mark.parametrize("repeats", [3, 5])
def test_repeats_of_a_case_are_no_new_cases(repeats: int) -> None:
    draw, covered, times, p = random.Random(repeats), 0, 500, 0.8
    for _ in range(times):
        values: list[float] = []
        clusters: list[int] = []
        for case in range(100):
            own = draw.betavariate(0.8, 0.2)
            values += [float(draw.random() < own) for _ in range(repeats)]
            clusters += [case] * repeats
        around = mean_interval(values, clusters).interval
        covered += around.low <= p <= around.high
    assert covered / times >= LEAST - 0.02


@pytest.mark.parametrize(("repeats", "k"), [(3, 2), (10, 5)])
@pytest.mark.parametrize(("good", "bad"), [(1, 1), (8, 2), (2, 8), (0.4, 0.1)])
def test_what_k_tries_come_to(repeats: int, k: int, good: float, bad: float) -> None:
    """A case's chance to pass is Beta(good, bad), so both truths are products."""
    draw, times, cases = random.Random(f"{repeats}{good}"), 400, 50
    everything = good + bad
    hat = prod((good + i) / (everything + i) for i in range(k))
    at = 1 - prod((bad + i) / (everything + i) for i in range(k))
    covered = [0, 0]
    for _ in range(times):
        chances_ = [draw.betavariate(good, bad) for _ in range(cases)]
        right = [sum(draw.random() < p for _ in range(repeats)) for p in chances_]
        for i, (chance, truth) in enumerate(((pass_at_k, at), (pass_hat_k, hat))):
            around = mean_over_cases([chance(repeats, c, k) for c in right]).interval
            covered[i] += around.low <= truth <= around.high
    assert min(covered) / times >= LEAST - 0.02


@pytest.mark.parametrize("n", [100, 200])
@pytest.mark.parametrize(("only_a", "only_b"), [(0.02, 0.02), (0.1, 0.05), (0.2, 0.1), (0.0, 0.02)])
def test_the_difference_of_two_on_the_same_cases(n: int, only_a: float, only_b: float) -> None:
    draw, covered, times = random.Random(f"{n}{only_a}{only_b}"), 0, 800
    for _ in range(times):
        a: list[float] = []
        b: list[float] = []
        for _ in range(n):
            u = draw.random()
            a.append(float(u < only_a or u > 0.4))
            b.append(float(only_a <= u < only_a + only_b or u > 0.4))
        around = difference(a, b).interval
        covered += around.low <= only_a - only_b <= around.high
    assert covered / times >= LEAST - 0.01


@pytest.mark.parametrize("labels", [100, 200, 500])
@pytest.mark.parametrize("p", [0.5, 0.8, 0.95])
def test_a_rate_behind_a_judge_with_ten_percent_errors(labels: int, p: float) -> None:
    draw, covered, times = random.Random(f"{labels}{p}"), 0, 1000
    powered = 0
    for _ in range(times):
        passes = sum(draw.random() < p for _ in range(labels))
        judge_counts = JudgeCounts(
            passes=passes,
            pass_as_pass=sum(draw.random() < 0.9 for _ in range(passes)),
            fails=labels - passes,
            fail_as_fail=sum(draw.random() < 0.9 for _ in range(labels - passes)),
        )
        rest = [float((draw.random() < 0.9) == (draw.random() < p)) for _ in range(400)]
        try:
            around = corrected_rate(int(sum(rest)), 400, judge_counts).interval
        except ValueError:  # too few labels of one kind: it refuses
            covered += 1
            powered += 1
            continue
        covered += around.low <= p <= around.high
        human = [1.0] * passes + [0.0] * (labels - passes)
        same = [1.0] * judge_counts.pass_as_pass
        same += [0.0] * (passes - judge_counts.pass_as_pass + judge_counts.fail_as_fail)
        same += [1.0] * (labels - len(same))
        around = prediction_powered_mean(human, same, rest).interval
        powered += around.low <= p <= around.high
    assert covered / times >= LEAST - 0.01
    assert powered / times >= LEAST - 0.02


def test_quantiles() -> None:
    draw, covered, times = random.Random(4), 0, 1000
    for _ in range(times):
        found = quantile([draw.expovariate(1.0) for _ in range(200)], 0.95)
        assert found.low is not None and found.high is not None
        covered += found.low <= -log(0.05) <= found.high
    assert covered / times >= LEAST


@pytest.mark.parametrize("p", [0.3, 0.9])
def test_a_confidence_sequence_may_be_looked_at_all_the_time(p: float) -> None:
    draw, left, times = random.Random(str(p)), 0, 150
    for _ in range(times):
        sequence = BettingSequence(grid=100)
        for _ in range(300):
            sequence.add(float(draw.random() < p))
            around = sequence.interval
            if not around.low <= p <= around.high:
                left += 1
                break
    assert left / times <= 0.05


def test_the_bootstrap_agrees_with_the_formula() -> None:
    draw = random.Random(7)
    a = [float(draw.random() < 0.8) for _ in range(300)]
    b = [float(draw.random() < 0.7) for _ in range(300)]
    ours = difference(a, b).interval
    drawn = paired_bootstrap(a, b, draw, times=1000)
    assert drawn.low == pytest.approx(ours.low, abs=0.02)
    assert drawn.high == pytest.approx(ours.high, abs=0.02)
