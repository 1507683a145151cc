"""What k tries come to, where a scorer says pass or fail: pass@k (one of them is right) and pass^k (all are)."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from pilothouse.core.stats.mean_interval import MeanInterval
from pilothouse.core.stats.pass_at_k import mean_over_cases, pass_at_k, pass_hat_k
from pilothouse.prove.report.answers import Answers, score


class Passes(Struct, frozen=True, kw_only=True):
    """Means over cases of both chances."""

    k: int
    cases: int
    """Those with at least k graded answers; the others say nothing of k tries."""
    pass_at_k: MeanInterval
    pass_hat_k: MeanInterval


def passes(answers: Answers, scorer: int, mean: MeanInterval | None) -> tuple[Passes, ...]:
    """For k = 1 up to the most repeats of a case; k = 1 is the scorer's `mean` itself.

    Empty without repeats, and for a scorer that gives values between. A failed attempt is no pass.
    """
    counts: dict[int, tuple[int, int]] = {}
    for outcome in answers.outcomes:
        value = score(outcome, scorer)
        if value is None:
            continue
        if value not in (0.0, 1.0):
            return ()
        asked, right = counts.get(outcome.case, (0, 0))
        counts[outcome.case] = (asked + 1, right + int(value))
    most = max((asked for asked, _ in counts.values()), default=0)
    if mean is None or most < 2:
        return ()
    first = Passes(k=1, cases=len(counts), pass_at_k=mean, pass_hat_k=mean)
    return (first, *(_of(answers, counts, k) for k in range(2, most + 1)))


def _of(answers: Answers, counts: dict[int, tuple[int, int]], k: int) -> Passes:
    held = {case: found for case, found in counts.items() if found[0] >= k}
    clusters = None if answers.case_keys is None else [answers.case_keys[case] for case in held]

    def mean(chance: Callable[[int, int, int], float]) -> MeanInterval:
        chances = {found: chance(*found, k) for found in set(held.values())}
        return mean_over_cases([chances[found] for found in held.values()], clusters)

    return Passes(k=k, cases=len(held), pass_at_k=mean(pass_at_k), pass_hat_k=mean(pass_hat_k))
