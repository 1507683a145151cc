"""The files of a report: HTML, Markdown, JSON, the configuration that serves the winner, and a router where it pays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pilothouse.prove.handoff import ROUTER, gateway_config
from pilothouse.prove.render.html import page
from pilothouse.prove.render.markdown import markdown
from pilothouse.prove.report import Report
from pilothouse.prove.spec import Poc

if TYPE_CHECKING:
    from pilothouse.route.table import Table


def write_report(
    poc: Poc, made: Report, out: Path, asked: str, table: Callable[[], Table]
) -> str | None:
    """Into the folder `out`. `asked`: when its answers came; `table`: what a router is learned from, read if needed.

    Says what routing between the candidates saves, or None where there is nothing to say.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.md").write_text(markdown(made), encoding="utf-8")
    (out / "report.html").write_text(page(made, asked), encoding="utf-8")
    encoded = msgspec.json.format(msgspec.json.encode(made), indent=2)
    (out / "report.json").write_bytes(encoded + b"\n")
    routed = _router(made, out, table) if made.passed else None
    config = gateway_config(poc, made, routed)
    if config is not None:
        (out / "pilothouse.yaml").write_text(config, encoding="utf-8")
    return routed


def _router(made: Report, out: Path, table: Callable[[], Table]) -> str | None:
    """Where a cheaper candidate than the best might answer some questions as well, a router is learned and written."""
    best = max(made.candidates, key=lambda c: c.accuracy.value if c.accuracy else -1.0)
    costs = [c.cost_per_request for c in made.candidates]
    if (
        len(costs) < 2
        or best.cost_per_request is None
        or min((c for c in costs if c is not None), default=best.cost_per_request)
        == best.cost_per_request
    ):
        return None
    from pilothouse.app.compose import now_us
    from pilothouse.learned.artefact import sealed

    try:
        from pilothouse.route.learn import learned
    except ImportError:
        return None  # the extra `route` is not there
    try:
        artefact = learned(table(), at_us=now_us())
    except ValueError:
        return None
    if artefact.advice != "route":
        return None
    (out / ROUTER).write_bytes(sealed(artefact))
    return artefact.why
