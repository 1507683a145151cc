"""An off-policy estimate in a sentence, and what to bear in mind with it."""

from __future__ import annotations

from collections.abc import Callable

from pilothouse.core.stats.proportion import Interval
from pilothouse.route.cascade_words import points, share
from pilothouse.route.off_policy import LEAST_SWITCHES, OffPolicy
from pilothouse.route.off_policy_log import Counts


def because(found: OffPolicy) -> str:
    """The verdict, with its figures and what would settle it."""
    less = found.quality.best.difference
    apart = f"{points(less.value)} points ({between(less.interval, points)}, {found.quality.best.method})"
    margin = f"the margin of {100 * found.margin:g} points"
    match found.verdict:
        case "better":
            return f"Better: {apart} than the policy that took the decisions."
        case "not worse":
            return (
                f"Not worse: {apart} against the policy that took the decisions, within {margin}."
            )
        case "worse":
            return f"Worse: {apart}, beyond {margin}."
        case "not identified":
            return _unidentified(found)
        case _:
            more = found.more_needed
            need = (
                f"about {_rounded(more):,} more would settle it"
                if more
                else "nobody can say how many would"
            )
            few = (
                f"; what it would do differently was tried {found.effective_switches:.0f} times, "
                f"{LEAST_SWITCHES} are the least"
                if found.effective_switches < LEAST_SWITCHES
                else ""
            )
            return f"Not yet known: {apart}, against {margin}; {need}{few}."


def _unidentified(found: OffPolicy) -> str:
    if found.untried_share > found.margin:
        return (
            f"Not identified: {share(found.untried_share)} of the new policy's choices are of models that were "
            "never tried. Explore with them first."
        )
    if found.support_bound.high < 1:
        return (
            f"Not identified: about {share(1 - found.support)} of the new policy's choices were never tried on such "
            "requests. Explore further, or tolerate less."
        )
    return (
        f"Not identified: the weights are {found.support:.2f} on average where they should be 1, so the recorded "
        "chances are not those that decided."
    )


def warnings(counts: Counts) -> tuple[str, ...]:
    """Where those that were used may not be like the others."""
    found: list[str] = []
    if counts.not_drawn:
        found.append(
            f"{counts.not_drawn} requests were not drawn (one model was tolerated, a picture, an answer elsewhere); "
            "nothing is said of them"
        )
    if counts.without_question:
        found.append(
            f"{counts.without_question} of {counts.drawn} drawn requests have no kept question and are left out: "
            "where the sampling was not the same for all, the others are not like them"
        )
    if counts.not_scored:
        shares = ", ".join(f"{name} {share(s)}" for name, s in counts.scored_share.items())
        found.append(
            f"{counts.not_scored} have no score; each scored answer stands for the others of its model ({shares}), "
            "which is right only where who scores does not depend on how good it was"
        )
    return tuple(found)


def between(interval: Interval, words: Callable[[float], str]) -> str:
    """Both ends."""
    return f"{words(interval.low)} to {words(interval.high)}"


def _rounded(count: int) -> int:
    """To two figures: it is a guess."""
    return round(count, 2 - len(str(count)))
