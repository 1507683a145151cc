"""How figures are written: shares, points, money, times."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from pilothouse.core.criterion import Judged
from pilothouse.core.stats.proportion import Interval
from pilothouse.core.stats.quantile import Quantile

NOT_RECORDED = "not recorded"


def share(value: float) -> str:
    """0.8567 as `85.67 %`."""
    return f"{100 * value:.2f} %"


def points(value: float) -> str:
    """-0.2183 as `-21.83`."""
    return f"{100 * value:+.2f}"


def share_range(interval: Interval) -> str:
    """`83.68 % to 87.46 %`."""
    return f"{share(interval.low)} to {share(interval.high)}"


def points_range(interval: Interval) -> str:
    """`-24.88 to -18.79`."""
    return f"{points(interval.low)} to {points(interval.high)}"


def dollars(value: float | Decimal | None) -> str:
    """Dollars to four figures that count: `0.004163`, `12.34`."""
    if value is None:
        return "not priced"
    number = float(value)
    if number == 0:
        return "0"
    if number >= 1:
        return f"{number:,.2f}"
    return f"{number:.6f}" if number >= 0.0001 else f"{number:.3g}"


def milliseconds(value: float) -> str:
    """`850 ms`, `12.4 s`."""
    return f"{value:.0f} ms" if value < 10_000 else f"{value / 1000:.1f} s"


def quantile_range(found: Quantile | None) -> str:
    """`900 ms (880 ms to 950 ms)`; no finite bound is said in words."""
    if found is None:
        return NOT_RECORDED
    low = "no lower bound" if found.low is None else milliseconds(found.low)
    high = "no upper bound" if found.high is None else milliseconds(found.high)
    return f"{milliseconds(found.value)} ({low} to {high})"


def measured(judged: Judged) -> str:
    """A criterion's value and interval in the unit of its metric: `85.67 % (83.66 % to 87.52 %)`."""
    if judged.value is None or judged.interval is None:
        return NOT_RECORDED
    write = _writer(judged.criterion.metric)
    interval = judged.interval
    return f"{write(judged.value)} ({write(interval.low)} to {write(interval.high)})"


def p_value(p: float) -> str:
    """`p = 0.03`, `p < 1e-99`."""
    return "p < 1e-99" if p < 1e-99 else f"p = {p:.3g}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 case`, `12,000 cases`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _writer(metric: str) -> Callable[[float], str]:
    if metric.startswith("cost"):
        return lambda value: f"{dollars(value)} USD"
    if metric.startswith(("latency", "ttft")):
        return milliseconds
    if metric.startswith("accuracy_loss"):
        return lambda value: f"{points(value)} points"
    return share
