"""The files of a report: HTML, Markdown, JSON, and the configuration that serves the winner."""

from __future__ import annotations

from pathlib import Path

import msgspec

from pilothouse.prove.handoff import gateway_config
from pilothouse.prove.render.html import page
from pilothouse.prove.render.markdown import markdown
from pilothouse.prove.report import Report
from pilothouse.prove.spec import Poc


def write_report(poc: Poc, made: Report, out: Path, asked: str) -> None:
    """Into the folder `out`. `asked`: when its answers came."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.md").write_text(markdown(made), encoding="utf-8")
    (out / "report.html").write_text(page(made, asked), encoding="utf-8")
    encoded = msgspec.json.format(msgspec.json.encode(made), indent=2)
    (out / "report.json").write_bytes(encoded + b"\n")
    config = gateway_config(poc, made)
    if config is not None:
        (out / "pilothouse.yaml").write_text(config, encoding="utf-8")
