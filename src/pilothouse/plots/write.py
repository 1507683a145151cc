"""A figure into a file: SVG or PNG by its name, the same bytes every time."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from pilothouse.core.errors import InvalidInput

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555")
"""Okabe and Ito's: told apart by colour-blind people."""


def new_figure(rows: int = 1, columns: int = 1, height: float = 4.8) -> tuple[Any, Any]:
    """A figure and its axes. Raises `InvalidInput` when matplotlib is not installed."""
    try:
        matplotlib = import_module("matplotlib")
    except ImportError:
        raise InvalidInput(
            "--plot needs matplotlib: pip install 'pilothouse[plot]', or leave --plot out"
        ) from None
    matplotlib.use("Agg")
    matplotlib.rcParams.update(
        {
            "svg.hashsalt": "pilothouse",
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
        }
    )
    pyplot = import_module("matplotlib.pyplot")
    return pyplot.subplots(rows, columns, figsize=(9, height), layout="constrained")


def in_dollars(axis: Any) -> None:
    """Ticks as `$0.004` and `$12,000`, with few of them between the decades of a logarithmic axis."""
    ticker = import_module("matplotlib.ticker")
    axis.set_major_formatter(ticker.FuncFormatter(_dollars))
    axis.set_minor_formatter(ticker.NullFormatter())


def in_counts(axis: Any) -> None:
    """Ticks as `10k`, `3M`."""
    ticker = import_module("matplotlib.ticker")
    axis.set_major_formatter(ticker.FuncFormatter(_count))
    axis.set_minor_formatter(ticker.NullFormatter())


def _count(amount: float, _: object) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if amount >= size:
            return f"{amount / size:g}{letter}"
    return f"{amount:g}"


def _dollars(amount: float, _: object) -> str:
    return f"${amount:,.0f}" if abs(amount) >= 10 or amount == 0 else f"${amount:g}"


def write(figure: Any, path: Path) -> None:
    """Raises `InvalidInput` for a name that ends neither in .svg nor in .png, or that cannot be written."""
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("svg", "png"):
        raise InvalidInput(f"--plot {path}: give a name that ends in .svg or .png")
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format=kind, dpi=150, metadata=metadata)
    except OSError as error:
        raise InvalidInput(f"--plot {path}: cannot be written: {error.strerror}") from None
    import_module("matplotlib.pyplot").close(figure)
