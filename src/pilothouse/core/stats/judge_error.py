"""The true pass rate behind a judge that errs, with an interval that holds the judge's error too.

Rogan and Gladen, American Journal of Epidemiology 107 (1978), with the variance of all three rates and the
small-sample correction of Z. Lang and J. Reiczigel (Preventive Veterinary Medicine 113, 2014); and the
prediction-powered mean: A. Angelopoulos et al., Science 382 (2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from msgspec import Struct

from pilothouse.core.stats.proportion import Interval, normal_interval
from pilothouse.core.stats.student import t_quantile


class Corrected(Struct, frozen=True, kw_only=True):
    """A share corrected for the judge's error."""

    value: float
    standard_error: float
    interval: Interval


class JudgeCounts(Struct, frozen=True, kw_only=True):
    """A judge against people: `pass_as_pass` of `passes` that people pass, and so on."""

    passes: int
    pass_as_pass: int
    fails: int
    fail_as_fail: int

    @property
    def sensitivity(self) -> float:
        """Of what people pass, the part that it passes."""
        return self.pass_as_pass / self.passes

    @property
    def specificity(self) -> float:
        """Of what people fail, the part that it fails."""
        return self.fail_as_fail / self.fails


def rogan_gladen(apparent: float, sensitivity: float, specificity: float) -> float:
    """(apparent + specificity - 1) / (sensitivity + specificity - 1), not clipped.

    Raises `ValueError` when the judge is no better than a coin.
    """
    better = sensitivity + specificity - 1
    if better <= 0:
        raise ValueError("a judge whose sensitivity and specificity sum to 1 or less says nothing")
    return (apparent + specificity - 1) / better


def corrected_rate(k: int, n: int, judge: JudgeCounts, confidence: float = 0.95) -> Corrected:
    """k of n passed by the judge. Raises `ValueError`: a useless judge, no labels of one kind."""
    if judge.passes == 0 or judge.fails == 0:
        raise ValueError("calibration needs items that people pass and items that people fail")
    # Student's t for the rarer kind of label: with 10 fails among the labels the normal one covers 93 %.
    z = t_quantile(confidence, 2 * min(judge.passes, judge.fails))
    value = rogan_gladen(k / n, judge.sensitivity, judge.specificity)
    # Lang-Reiczigel: adjusted counts for the rate, plus-one counts for the judge.
    rate, size = (k + z * z / 2) / (n + z * z), n + z * z
    se = (judge.pass_as_pass + 1) / (judge.passes + 2)
    sp = (judge.fail_as_fail + 1) / (judge.fails + 2)
    better = se + sp - 1
    if better <= 0:
        raise ValueError("a judge whose sensitivity and specificity sum to 1 or less says nothing")
    middle = (rate + sp - 1) / better
    kept = min(1.0, max(0.0, middle))
    parts = rate * (1 - rate) / size
    parts += kept**2 * se * (1 - se) / (judge.passes + 2)
    parts += (1 - kept) ** 2 * sp * (1 - sp) / (judge.fails + 2)
    error = sqrt(parts) / better
    shift = (
        2
        * z
        * z
        * (
            kept * se * (1 - se) / (judge.passes + 2)
            - (1 - kept) * sp * (1 - sp) / (judge.fails + 2)
        )
    )
    low, high = middle + shift - z * error, middle + shift + z * error
    return Corrected(
        value=min(1.0, max(0.0, value)),
        standard_error=error,
        interval=Interval(min(1.0, max(0.0, low)), min(1.0, max(0.0, high))),
    )


def prediction_powered_mean(
    human: Sequence[float],
    judge_on_same: Sequence[float],
    judge_on_rest: Sequence[float],
    confidence: float = 0.95,
) -> Corrected:
    """The mean of what people would say, from a few human labels and many of the judge's."""
    if len(human) < 2 or len(human) != len(judge_on_same) or len(judge_on_rest) < 2:
        raise ValueError("two or more human labels, with the judge's, and two or more others")
    rectifier = [h - j for h, j in zip(human, judge_on_same, strict=True)]
    many, few = _mean_and_variance(judge_on_rest), _mean_and_variance(rectifier)
    value = many[0] + few[0]
    error = sqrt(many[1] / len(judge_on_rest) + few[1] / len(human))
    return Corrected(
        value=value, standard_error=error, interval=normal_interval(value, error, confidence)
    )


def _mean_and_variance(values: Sequence[float]) -> tuple[float, float]:
    """The variance with divisor n, as the source has it."""
    mean = sum(values) / len(values)
    return mean, sum([(v - mean) ** 2 for v in values]) / len(values)
