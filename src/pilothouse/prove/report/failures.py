"""Calls that gave no answer: how often, with an interval, and of which kind.

The rate is of questions whose first call failed: what production sees of the vendor, whether or not a later try got
an answer. Questions without any answer are told apart, and are not right.
"""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from pilothouse.core.errors import RETRYABLE
from pilothouse.core.stats.mean_interval import MeanInterval, mean_interval
from pilothouse.core.stats.proportion import Interval, wilson
from pilothouse.prove.evidence import Outcome
from pilothouse.prove.report.answers import Answers

_LATER = "answered at a later try"


class FailureClass(Struct, frozen=True, kw_only=True):
    """Failures of one error class."""

    error_class: str
    failed: int
    rate: float
    interval: Interval
    """Wilson's: each answer by itself."""
    may_pass: bool
    """Another try may not meet it."""


class FailureFigures(Struct, frozen=True, kw_only=True):
    """A candidate's failures; `rate` is of all questions asked."""

    failed: int
    """Questions whose first call failed."""
    unanswered: int
    """Of those, the ones that no later try answered either."""
    rate: MeanInterval
    by_class: tuple[FailureClass, ...]
    """The most frequent first."""
    may_pass: int
    retries: int
    """Attempts beyond the first, over all questions."""


def failure_figures(answers: Answers) -> FailureFigures:
    """Nothing is dropped: a question without an answer is a failed one."""
    n = len(answers.outcomes)
    counts = Counter(o.error_class or _LATER for o in answers.outcomes if is_failed(o))
    classes = tuple(
        FailureClass(
            error_class=kind,
            failed=count,
            rate=count / n,
            interval=wilson(count, n),
            may_pass=kind in RETRYABLE,
        )
        for kind, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
    values, clusters = answers.column(is_failed)
    return FailureFigures(
        failed=counts.total(),
        unanswered=counts.total() - counts[_LATER],
        rate=mean_interval(values, clusters),
        by_class=classes,
        may_pass=sum(c.failed for c in classes if c.may_pass),
        retries=sum(o.attempts - 1 for o in answers.outcomes),
    )


def is_failed(outcome: Outcome) -> float:
    """1.0 for a question whose first call failed."""
    return 0.0 if outcome.error_class is None and outcome.attempts == 1 else 1.0
