"""What was found of cascades, said in sentences: what to do, and why."""

from __future__ import annotations

from pilothouse.route.cascade import LEAST_GROUPS, Planned, Worth
from pilothouse.route.cascade_outcome import Check


def because(found: Planned) -> str:
    """The choice with its figures, or why not to cascade."""
    if found.chosen is not None:
        return _chosen(found, found.chosen)
    best, cheapest = found.best, found.cheapest
    name = str(best.plan)
    if found.groups < LEAST_GROUPS:
        return (
            f"Do not cascade yet: {found.groups} independent cases prove nothing; "
            f"give {LEAST_GROUPS} at least."
        )
    if cheapest.plan == best.plan:
        return f"Do not cascade: {name} is the best and the cheapest; there is nothing to save."
    open_ = [w for w in (*found.singles, *found.cascades) if w.difference_interval is not None]
    if open_:
        return _not_proven(found, max(open_, key=_low))
    cheaper = [w for w in found.cascades if w.cost_ratio < 1]
    if not cheaper:
        return (
            f"Do not cascade: {cheapest.plan}, the cheapest, costs {times(cheapest.cost_ratio)} of {name}, "
            f"and every escalation pays twice; no cascade costs less than {name} alone."
        )
    return _worse(found, max(cheaper, key=lambda w: (w.score, -w.cost_usd)))


def check_in_words(check: Check) -> str:
    """How wrong, and at what price."""
    if check.false_accept == check.false_reject:
        text = f"wrong {share(check.false_accept)} of the time, both ways"
    else:
        text = f"takes {share(check.false_accept)} of bad answers, refuses {share(check.false_reject)} of good ones"
    return f"{text}, ${check.usd:g} a check"


def share(value: float) -> str:
    return f"{100 * value:.1f} %"


def times(ratio: float) -> str:
    return f"{ratio:.2f}x"


def points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _chosen(found: Planned, chosen: Worth) -> str:
    best = found.best
    against = (
        f"{share(chosen.score)} at {times(chosen.cost_ratio)} the cost of {best.plan} alone "
        f"({share(best.score)})"
    )
    if chosen.plan.kind == "single":
        return f"Use {chosen.plan} alone: {against}. No cascade that pays costs less."
    text = f"Cascade {chosen.plan}: {against}."
    if chosen.check_usd:
        text += f" Checks are ${chosen.check_usd:.6f} of its ${chosen.cost_usd:.6f} a case."
    if chosen.break_even_error is not None:
        error = share(chosen.break_even_error)
        text += f" It scores no less and costs less while the check is wrong at most {error} of the time."
    return text


def _not_proven(found: Planned, nearest: Worth) -> str:
    assert nearest.difference_interval is not None and nearest.cost_ratio_interval is not None
    doubts: list[str] = []
    if nearest.difference_interval.low < -found.margin:
        doubts.append(
            f"its score may be {-100 * nearest.difference_interval.low:.1f} points worse "
            f"(allowed: {100 * found.margin:.1f})"
        )
    if nearest.cost_ratio_interval.high >= 1:
        doubts.append(f"its cost may be {times(nearest.cost_ratio_interval.high)}")
    return (
        f"Do not cascade yet: {nearest.plan} comes nearest, {share(nearest.score)} at {times(nearest.cost_ratio)}, "
        f"but {' and '.join(doubts)}. More cases may decide."
    )


def _worse(found: Planned, nearest: Worth) -> str:
    text = (
        f"Do not cascade: what costs less is worse; {nearest.plan} comes nearest, {share(nearest.score)} at "
        f"{times(nearest.cost_ratio)} against {share(found.best.score)} of {found.best.plan}."
    )
    able = [w for w in found.cascades if w.break_even_error is not None]
    if able:
        most = max(able, key=lambda w: w.break_even_error or 0.0)
        error = share(most.break_even_error or 0.0)
        text += f" {most.plan} would do with a check that is wrong at most {error} of the time."
    return text


def _low(worth: Worth) -> float:
    return worth.difference_interval.low if worth.difference_interval else -1.0
