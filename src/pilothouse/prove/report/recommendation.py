"""What to do, why, and what the data do not show. Made from verdicts and intervals, never from taste.

Of the candidates that meet every criterion the cheapest is named; where money is not known of all of
them, the most accurate.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pilothouse.core.criterion import Judged
from pilothouse.prove.report.comparisons import Comparison
from pilothouse.prove.report.criteria import CandidateVerdict
from pilothouse.prove.report.figures import CandidateFigures
from pilothouse.prove.report.frontier import Frontier
from pilothouse.prove.report.numbers import measured, points, points_range
from pilothouse.prove.report.warnings import Caveat


class Recommendation(Struct, frozen=True, kw_only=True):
    """`choice` is None when no candidate has met every criterion."""

    headline: str
    choice: str | None
    fallback: str | None
    """Who should answer when the choice cannot."""
    reasons: tuple[str, ...]
    not_proven: tuple[str, ...]
    next_steps: tuple[str, ...]


def recommend(
    candidates: Sequence[CandidateFigures],
    verdicts: Sequence[CandidateVerdict],
    comparisons: Sequence[Comparison],
    frontier: Frontier,
    caveats: Sequence[Caveat],
) -> Recommendation:
    """From the figures of the candidates and the verdict of each, in the same order."""
    state = {v.candidate: v for v in verdicts}
    passed = _best_first([c for c in candidates if state[c.name].verdict == "met"])
    open_ones = [c for c in candidates if state[c.name].verdict == "not yet proven"]
    choice = passed[0] if passed else None
    others = sorted(
        _best_first([c for c in candidates if c not in passed]), key=lambda c: c not in open_ones
    )
    rest = [*passed[1:], *others]
    fallback = rest[0].name if choice is not None and rest else None
    return Recommendation(
        headline=_headline(choice, passed, open_ones),
        choice=choice.name if choice else None,
        fallback=fallback,
        reasons=tuple(_reasons(choice, passed, state, comparisons, frontier)),
        not_proven=tuple(_not_proven(candidates, verdicts, comparisons, caveats)),
        next_steps=tuple(_next_steps(choice, fallback, open_ones, state)),
    )


def _best_first(candidates: Sequence[CandidateFigures]) -> list[CandidateFigures]:
    is_priced = all(c.costs.is_complete for c in candidates)
    return sorted(
        candidates,
        key=lambda c: (
            (c.costs.per_request_usd or 0) if is_priced else 0,
            -(c.accuracy.value if c.accuracy else 0.0),
        ),
    )


def _headline(
    choice: CandidateFigures | None,
    passed: Sequence[CandidateFigures],
    open_ones: Sequence[CandidateFigures],
) -> str:
    if choice is not None:
        if len(passed) == 1:
            return f"Use {choice.name}: it alone meets every criterion."
        is_priced = all(c.costs.is_complete for c in passed)
        why = "the cheapest" if is_priced else "the most accurate"
        return f"Use {choice.name}: {why} of the {len(passed)} that meet every criterion."
    if open_ones:
        names = ", ".join(c.name for c in open_ones)
        return f"No recommendation yet: {names} may still meet every criterion; more cases decide."
    return "Use none of them as they are: no candidate meets every criterion."


def _reasons(
    choice: CandidateFigures | None,
    passed: Sequence[CandidateFigures],
    state: dict[str, CandidateVerdict],
    comparisons: Sequence[Comparison],
    frontier: Frontier,
) -> list[str]:
    if choice is None:
        return [
            f"{name} does not meet {_named(j)}: {_measured(j)}"
            for name, verdict in state.items()
            for j in verdict.judged
            if j.verdict == "not met"
        ]
    found = [f"{choice.name} meets {_named(j)}: {_measured(j)}" for j in state[choice.name].judged]
    for other, verdict in state.items():
        found += [
            f"{other} does not meet {_named(j)}: {_measured(j)}"
            for j in verdict.judged
            if j.verdict == "not met"
        ]
    found += [_against(choice.name, c) for c in comparisons if choice.name in (c.a, c.b)]
    for other in passed[1:]:
        if choice.costs.per_request_usd and other.costs.per_request_usd:
            times = other.costs.per_request_usd / choice.costs.per_request_usd
            found.append(f"{other.name} meets every criterion too, at {times:.2f} times the cost")
    point = next((p for p in frontier.points if p.candidate == choice.name), None)
    if point is not None and len(frontier.points) > 1 and len(frontier.dimensions) > 1:
        what = " and ".join(frontier.dimensions)
        found.append(
            f"no other candidate is as good in {what} together"
            if point.is_on_frontier
            else f"by the point figures {', '.join(point.dominated_by)} is at least as good in {what}"
        )
    return found


def _against(name: str, c: Comparison) -> str:
    sign = 1 if c.a == name else -1
    other = c.b if sign == 1 else c.a
    low, high = sorted((sign * c.interval.low, sign * c.interval.high))
    by = sign * c.difference
    what = "more" if by > 0 else "less"
    words = "a difference beyond chance" if c.is_real else "which may be chance"
    return (
        f"{name} is {100 * abs(by):.2f} points {what} accurate than {other} "
        f"({points(low)} to {points(high)}), {words}"
    )


def _not_proven(
    candidates: Sequence[CandidateFigures],
    verdicts: Sequence[CandidateVerdict],
    comparisons: Sequence[Comparison],
    caveats: Sequence[Caveat],
) -> list[str]:
    found = [
        f"that {v.candidate} meets, or does not meet, {_named(j)}: {j.why}"
        for v in verdicts
        for j in v.judged
        if j.verdict == "not yet proven"
    ]
    found += [
        f"that {c.a} and {c.b} differ in accuracy ({points_range(c.interval)} points)"
        for c in comparisons
        if not c.is_real
    ]
    found += [
        f"anything about the {what} of {c.name}: it was not {verb}"
        for c in candidates
        for what, verb, known in (
            ("speed", "recorded", bool(c.latency.recorded)),
            ("cost", "wholly priced", c.costs.is_complete),
        )
        if not known
    ]
    found += [c.unproven for c in caveats if c.unproven]
    return list(dict.fromkeys(found))


def _next_steps(
    choice: CandidateFigures | None,
    fallback: str | None,
    open_ones: Sequence[CandidateFigures],
    state: dict[str, CandidateVerdict],
) -> list[str]:
    if choice is not None:
        behind = f", with {fallback} behind it" if fallback else ""
        if fallback and state[fallback].verdict == "not met":
            behind += " (it misses a criterion, which is better than no answer)"
        return [
            f"serve {choice.name}{behind}: the ready pilothouse.yaml does so",
            "start it as a shadow or a small share, and let the rollout's guards watch it",
        ]
    found: list[str] = []
    for candidate in open_ones:
        needed = [more for more in state[candidate.name].further if more is not None]
        if needed:
            found.append(
                f"ask {candidate.name} about {max(needed):,} more cases: that would decide"
            )
    return found or ["try other candidates, another prompt, or other criteria"]


def _named(judged: Judged) -> str:
    return f"{judged.criterion.name} {judged.criterion.text}"


def _measured(judged: Judged) -> str:
    return judged.why if judged.value is None else measured(judged)
