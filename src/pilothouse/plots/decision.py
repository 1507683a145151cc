"""A decision as a picture: quality over cost with the frontier, and how the first place depends on the weights."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from pilothouse.choose.decision import Decision, Pick
from pilothouse.plots.write import COLOURS, in_dollars, new_figure

_LABELLED = 10


def plot_decision(decision: Decision) -> Any:
    """Left: the frontier. Right: shares of weightings won and the probability of being best."""
    figure, (left, right) = new_figure(1, 2)
    ranked = [*decision.shortlist, *decision.runners_up]
    _frontier(left, decision, ranked)
    _shares(right, [p for p in ranked if p.id not in decision.unscored][:8])
    figure.suptitle(f"{decision.need.name}, as of {decision.as_of}")
    return figure


def _frontier(axes: Any, decision: Decision, ranked: Sequence[Pick]) -> None:
    points = [
        (pick.id, float(pick.cost_per_request_usd), quality)
        for pick in ranked
        if pick.cost_per_request_usd is not None
        and (quality := pick.values.get("quality")) is not None
    ]
    chosen = {p.id for p in decision.shortlist}
    costs = [cost for _, cost, _ in points]
    low, high = min(costs, default=1.0), max(costs, default=1.0)
    placed: list[tuple[float, float]] = []
    for name, cost, quality in points:
        is_chosen = name in chosen
        colour = COLOURS[1] if is_chosen else COLOURS[6]
        axes.scatter(cost, quality, color=colour, s=45 if is_chosen else 22, zorder=3)
        if is_chosen or len(placed) < _LABELLED:
            below = sum(abs(quality - y) < 0.03 and 0.5 < x / cost < 2 for x, y in placed)
            is_right = cost * cost > low * high  # in the right half: the name goes to the left
            axes.annotate(
                name,
                (cost, quality),
                xytext=(-6 if is_right else 6, 4 - 12 * below),
                textcoords="offset points",
                ha="right" if is_right else "left",
                fontsize=8,
                color=colour,
            )
            placed.append((cost, quality))
    axes.set_xscale("log")
    axes.margins(x=0.2, y=0.12)
    axes.set_xlabel("USD a request")
    locators = import_module("matplotlib.ticker")
    steps = (1, 2, 5) if high < 10 * low else (1, 3) if high < 100 * low else (1,)
    axes.xaxis.set_major_locator(locators.LogLocator(subs=steps))
    in_dollars(axes.xaxis)
    axes.set_ylabel(f"quality ({decision.quality_by or 'not known'})")
    axes.set_title("On the frontier; shortlist in orange")


def _shares(axes: Any, ranked: Sequence[Pick]) -> None:
    names = [p.id for p in reversed(ranked)]
    places = range(len(names))
    wins = [p.wins for p in reversed(ranked)]
    best = [p.standing.p_best if p.standing else 0.0 for p in reversed(ranked)]
    axes.barh(
        [p + 0.18 for p in places], wins, height=0.34, color=COLOURS[0], label="of all weightings"
    )
    axes.barh(
        [p - 0.18 for p in places],
        best,
        height=0.34,
        color=COLOURS[4],
        label="P(best), your weights",
    )
    axes.set_yticks(list(places), names)
    axes.set_xlim(0, 1)
    axes.set_xlabel("share")
    axes.set_title("Who comes first")
    axes.legend(frameon=False, loc="lower right")
