"""What routing gives for what it costs, and whether what it says of itself is so."""

from __future__ import annotations

from typing import Any

from pilothouse.plots.write import COLOURS, in_dollars, new_figure
from pilothouse.route.evaluate import Evaluation


def plot_routing(found: Evaluation) -> Any:
    """Score over cost for each way, single models as dots; and P(good) said against what happened."""
    figure, (left, right) = new_figure(1, 2)
    for row in found.rows:
        if row.quality is not None:
            left.plot(row.cost_usd, row.quality, "o", color="black", ms=4)
            left.annotate(
                row.name,
                (row.cost_usd, row.quality),
                (4, -9),
                textcoords="offset points",
                fontsize=7,
            )
    ways = [row for row in found.rows if row.curve]
    for colour, row in zip(COLOURS, ways, strict=False):
        points = sorted(set(row.curve))
        style = ":" if row.name.startswith("(") else "-"
        left.plot(*zip(*points, strict=True), style, color=colour, label=row.name, lw=1.5)
    left.set_xlabel("USD a case")
    left.set_ylabel("score")
    left.set_title(f"{found.table}: {found.test_cases} cases, {found.splits} splits")
    left.legend(frameon=False, fontsize=8)
    in_dollars(left.xaxis)
    left.locator_params(axis="x", nbins=5)
    right.plot((0, 1), (0, 1), color="black", lw=1)
    for colour, row in zip(COLOURS, ways, strict=False):
        bins = [(said, seen) for said, seen, share in row.reliability if share >= 0.01]
        if bins:
            right.plot(*zip(*bins, strict=True), "o-", color=colour, label=row.name, ms=4)
    right.set_xlabel("P(good) said")
    right.set_ylabel("share that were good")
    right.set_title("Calibration on cases not learned from")
    right.legend(frameon=False, fontsize=8)
    return figure
