"""Total cost with its uncertainty and what it hangs on; own machines against an API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilothouse.money.break_even import BreakEven
from pilothouse.money.tco import Total
from pilothouse.plots.write import COLOURS, in_counts, in_dollars, new_figure


def plot_tco(found: Sequence[Total]) -> Any:
    """Bars of the parts' medians with p10-p90 of the whole, and the tornado of the cheapest."""
    figure, (left, right) = new_figure(1, 2)
    for at, one in enumerate(found):
        bottom = 0.0
        for colour, (part, spread) in zip(COLOURS, one.parts.items(), strict=False):
            height = float(spread.p50)
            label = part if at == 0 else None
            left.bar(at, height, bottom=bottom, color=colour, width=0.6, label=label)
            bottom += height
        middle = float(one.total.p50)
        below, above = middle - float(one.total.p10), float(one.total.p90) - middle
        left.errorbar(at, middle, yerr=[[below], [above]], color="black", capsize=5, lw=1.5)
    left.set_xticks(range(len(found)), [one.name for one in found])
    left.set_ylabel(f"USD over {found[0].months} months")
    left.set_title("Medians by part; whiskers p10-p90")
    left.legend(frameon=False)
    in_dollars(left.yaxis)
    first = found[0]
    swings = list(reversed(first.tornado))
    for at, swing in enumerate(swings):
        low, high = sorted((float(swing.low_usd), float(swing.high_usd)))
        right.barh(at, high - low, left=low, color=COLOURS[0], height=0.6)
    right.use_sticky_edges = False  # else a bar that starts leftmost is cut by the axis
    right.axvline(float(first.likely_usd), color="black", lw=1)
    right.set_yticks(range(len(swings)), [s.name.replace("_", " ") for s in swings])
    right.margins(x=0.06)
    in_dollars(right.xaxis)
    right.locator_params(axis="x", nbins=4)
    right.set_xlabel("USD, one input at its low and high; line: all likely")
    right.set_title(f"What the cost of {first.name} hangs on")
    return figure


def plot_break_even(
    found: BreakEven, own: str, api: str, other: tuple[str, BreakEven] | None = None
) -> Any:
    """Cost a month over requests a month, both by their logarithm. `other`: a second API's name and curve."""
    figure, axes = new_figure()
    requests = [p.requests_per_month for p in found.points]
    costs = [float(p.own_usd) for p in found.points]
    axes.step(requests, costs, where="post", color=COLOURS[0], label=own, lw=2)
    apis: list[tuple[str, BreakEven]] = [(api, found)]
    if other is not None:
        apis.append(other)
    for at, (name, curve) in enumerate(apis, 1):
        paid = [float(p.api_usd) for p in curve.points]
        axes.plot(requests, paid, color=COLOURS[at], label=name, ls="-" if at == 1 else "--")
    for at, (start, end) in enumerate(found.own_cheaper):
        label = f"own machines cost less than {api}" if at == 0 else None
        axes.axvspan(start, end or requests[-1], color=COLOURS[2], alpha=0.12, lw=0, label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.axvline(found.first_replica_full_at, color=COLOURS[6], ls=":", lw=1.2)
    _mark(axes, found.first_replica_full_at, 0.06, "first replica full")
    if found.crossings:
        _mark(axes, found.crossings[0], 0.14, "break-even", is_left=True)
    axes.set_xlim(requests[0], requests[-1])
    axes.set_xlabel("requests a month")
    axes.set_ylabel("USD a month")
    axes.set_title("Own machines against an API")
    in_dollars(axes.yaxis)
    in_counts(axes.xaxis)
    axes.legend(frameon=False, loc="upper left")
    return figure


def _mark(axes: Any, at: int, height: float, what: str, *, is_left: bool = False) -> None:
    """A note at a number of requests, `height` of the axes from below."""
    axes.annotate(
        f"{what}: {at:,}",
        (at, height),
        xycoords=("data", "axes fraction"),
        xytext=(-5 if is_left else 5, 0),
        textcoords="offset points",
        ha="right" if is_left else "left",
        fontsize=9,
        color=COLOURS[6],
    )
