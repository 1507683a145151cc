"""How far a proof is: a line on standard error, rewritten on a terminal, every ten seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import click

from pilothouse.prove.ledger import Progress


def progress_line() -> Callable[[Progress], None]:
    """Give this to whoever runs the proof."""
    is_terminal = sys.stderr.isatty()
    started_s = time.monotonic()
    last_s = started_s

    def show(progress: Progress) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        is_last = progress.done == progress.total
        if not is_last and now_s - last_s < (0.1 if is_terminal else 10):
            return
        last_s = now_s
        asked = progress.done - progress.kept_before
        left_s = (progress.total - progress.done) * (now_s - started_s) / max(1, asked)
        line = (
            f"{progress.done}/{progress.total} answers, {progress.spent_usd:.4f} USD, "
            f"{left_s:.0f} s left"
        )
        if progress.is_over_budget:
            line += ", budget reached"
        if progress.waits_s is not None:
            line += f", the next hour of the schedule is in {progress.waits_s / 60:.0f} min"
        click.echo(f"\r{line}" if is_terminal else line, err=True, nl=not is_terminal or is_last)

    return show
