"""Our statistics against figures computed independently (scipy, statsmodels)."""

import json
from math import comb, isclose
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.stats.agreement import fleiss_kappa, kappa_of_table
from pilothouse.core.stats.bradley_terry import bradley_terry
from pilothouse.core.stats.calibration import brier, expected_calibration_error
from pilothouse.core.stats.clusters import clustered_error
from pilothouse.core.stats.judge_error import prediction_powered_mean, rogan_gladen
from pilothouse.core.stats.multiple import benjamini_hochberg, holm
from pilothouse.core.stats.newcombe import newcombe
from pilothouse.core.stats.paired import mcnemar_exact, paired
from pilothouse.core.stats.pass_at_k import pass_at_k, pass_hat_k
from pilothouse.core.stats.power import (
    cases_for_half_width,
    half_width,
    minimal_detectable_difference,
    paired_cases_needed,
)
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


def test_an_error_that_clusters_share() -> None:
    row = KNOWN["clustered_se"]
    ours = clustered_error(row["x"], row["cluster"], is_adjusted=False)
    assert isclose(ours, row["se_clustered"], abs_tol=1e-9)


@pytest.mark.parametrize("row", KNOWN["newcombe_difference_95"], ids=str)
def test_the_difference_of_two_independent_shares(row: dict[str, Any]) -> None:
    ours = newcombe(row["k1"], row["n1"], row["k2"], row["n2"])
    assert isclose(ours.low, row["ci"][0], abs_tol=1e-9)
    assert isclose(ours.high, row["ci"][1], abs_tol=1e-9)


@pytest.mark.parametrize("row", KNOWN["sample_size_paired"], ids=str)
def test_cases_needed_to_compare_two(row: dict[str, Any]) -> None:
    needed = paired_cases_needed(row["p_only_a"], row["p_only_b"], power=row["power"])
    assert needed == row["n"]
    apart = row["p_only_a"] + row["p_only_b"]
    shown = minimal_detectable_difference(row["n"], apart)
    assert shown <= row["p_only_a"] - row["p_only_b"] + 1e-9


@pytest.mark.parametrize("row", KNOWN["mde_one_proportion"], ids=str)
def test_half_widths_before_the_run(row: dict[str, Any]) -> None:
    assert isclose(half_width(row["p"], row["n"]), row["half_width_wilson_95"], abs_tol=1e-9)
    if row["p"] * row["n"] == round(row["p"] * row["n"]):
        assert cases_for_half_width(row["p"], row["half_width_wilson_95"] + 1e-12) == row["n"]


def test_many_comparisons() -> None:
    row = KNOWN["multiple_comparisons"]
    assert holm(row["p"]) == pytest.approx(row["holm"], abs=1e-12)
    assert benjamini_hochberg(row["p"]) == pytest.approx(row["benjamini_hochberg"], abs=1e-12)


@pytest.mark.parametrize("row", KNOWN["pass_at_k"], ids=str)
def test_pass_at_k(row: dict[str, Any]) -> None:
    n, c, k = row["n"], row["c"], row["k"]
    assert isclose(pass_at_k(n, c, k), row["value"], abs_tol=1e-9)
    assert isclose(pass_hat_k(n, c, k), comb(c, k) / comb(n, k), abs_tol=1e-9)


@pytest.mark.parametrize("row", KNOWN["cohen_kappa"], ids=str)
def test_cohens_kappa(row: dict[str, Any]) -> None:
    assert isclose(kappa_of_table(row["table"]).value, row["kappa"], abs_tol=1e-9)


def test_fleiss_kappa() -> None:
    row = KNOWN["fleiss_kappa"]
    assert isclose(fleiss_kappa(row["table"]), row["kappa"], abs_tol=1e-9)


@pytest.mark.parametrize("row", KNOWN["rogan_gladen"], ids=str)
def test_a_rate_corrected_for_its_judge(row: dict[str, Any]) -> None:
    ours = rogan_gladen(row["apparent"], row["sensitivity"], row["specificity"])
    assert isclose(ours, row["corrected"], abs_tol=1e-9)


def test_the_prediction_powered_mean() -> None:
    row = KNOWN["prediction_powered_mean"]
    rest = [int(x) for x in row["judge_on_unlabelled"]]
    ours = prediction_powered_mean(row["human"], row["judge_on_same"], rest)
    assert isclose(ours.value, row["estimate"], abs_tol=1e-9)
    assert isclose(ours.standard_error, row["se"], abs_tol=1e-9)


def test_bradley_terry() -> None:
    row = KNOWN["bradley_terry"]
    ours = bradley_terry(row["wins"])
    assert [s.log_strength for s in ours[1:]] == pytest.approx(
        row["log_strength_minus_first"], abs=1e-6
    )
    assert [s.elo for s in ours[1:]] == pytest.approx(row["elo_scale"], abs=1e-3)


def test_calibration() -> None:
    row = KNOWN["brier"]
    assert isclose(brier(row["p"], row["y"]), row["value"], abs_tol=1e-9)
    row = KNOWN["ece_5_bins"]
    assert isclose(expected_calibration_error(row["p"], row["y"], 5), row["value"], abs_tol=1e-9)
