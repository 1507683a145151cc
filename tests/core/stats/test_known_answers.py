"""Our statistics against figures computed independently (scipy, statsmodels)."""

import json
from math import isclose
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.stats.paired import mcnemar_exact, paired
from pilothouse.core.stats.proportion import (
    cases_needed,
    clopper_pearson,
    clopper_pearson_upper,
    wilson,
)
from pilothouse.core.stats.quantile import order_ranks

KNOWN: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "known_answers" / "statistics.json").read_text()
)
counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    "row", KNOWN["proportion_interval_95"], ids=lambda r: f"{r['k']} of {r['n']}"
)
def test_intervals_of_one_proportion(row: dict[str, Any]) -> None:
    w, cp = wilson(row["k"], row["n"]), clopper_pearson(row["k"], row["n"])
    for ours, theirs in zip((w.low, w.high), row["wilson"], strict=True):
        assert isclose(ours, theirs, abs_tol=1e-9)
    for ours, theirs in zip((cp.low, cp.high), row["clopper_pearson"], strict=True):
        assert isclose(ours, theirs, abs_tol=1e-9)


@pytest.mark.parametrize("row", KNOWN["clopper_pearson_upper_95"], ids=str)
def test_exact_upper_bounds(row: dict[str, Any]) -> None:
    assert isclose(clopper_pearson_upper(row["k"], row["n"]), row["upper"], abs_tol=1e-9)


@pytest.mark.parametrize("row", KNOWN["mcnemar_exact"], ids=str)
def test_mcnemar_exact(row: dict[str, Any]) -> None:
    assert isclose(mcnemar_exact(row["only_a"], row["only_b"]), row["p"], rel_tol=1e-9)


def test_the_paired_comparison_of_the_recorded_answers() -> None:
    row = KNOWN["gsm8k_paired"]
    a = [True] * (row["both"] + row["only_a"]) + [False] * (row["only_b"] + row["neither"])
    b = (
        [True] * row["both"]
        + [False] * row["only_a"]
        + [True] * row["only_b"]
        + [False] * row["neither"]
    )
    ours = paired(a, b)
    assert (ours.both, ours.only_a, ours.only_b, ours.neither) == (747, 95, 383, 94)
    assert isclose(ours.difference, row["difference"], abs_tol=1e-12)
    assert isclose(ours.standard_error, row["se_paired"], abs_tol=1e-9)
    assert isclose(ours.interval.low, row["ci95_normal"][0], abs_tol=1e-9)
    assert isclose(ours.interval.high, row["ci95_normal"][1], abs_tol=1e-9)
    assert isclose(ours.mcnemar_p, row["mcnemar_exact_p"], rel_tol=1e-9)


@pytest.mark.parametrize("row", KNOWN["quantile_order_statistics_95"], ids=str)
def test_ranks_of_quantile_bounds(row: dict[str, Any]) -> None:
    assert order_ranks(row["n"], row["p"]) == (row["lower_rank"], row["upper_rank"])


@given(counts)
def test_both_intervals_hold_the_estimate_and_stay_within_0_and_1(kn: tuple[int, int]) -> None:
    k, n = kn
    for interval in (wilson(k, n), clopper_pearson(k, n)):
        assert 0 <= interval.low <= k / n + 1e-12
        assert k / n - 1e-12 <= interval.high <= 1


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_does_not_care_who_is_called_a(a: int, b: int) -> None:
    assert mcnemar_exact(a, b) == mcnemar_exact(b, a)
    assert 0 <= mcnemar_exact(a, b) <= 1


def test_the_number_of_cases_needed_decides_and_one_case_fewer_does_not() -> None:
    n = cases_needed(0.85, 0.8)
    assert n is not None
    assert wilson(round(0.85 * n), n).low > 0.8
    assert cases_needed(0.8, 0.8) is None
