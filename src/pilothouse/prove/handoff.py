"""From a finished proof to a `pilothouse.yaml` that serves the winner, the others behind it."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from pilothouse.prove.report import Report
from pilothouse.prove.spec import Poc
from pilothouse.providers._config import anchored

ROUTER = "router.json"


def gateway_config(poc: Poc, report: Report, routed: str | None = None) -> str | None:
    """The file's text, or None when no candidate met every criterion.

    `routed`: what routing between the candidates by a learned router (`ROUTER`, beside the file) saves and promises;
    then there is a second route that does so.
    """
    if not report.passed:
        return None
    order = sorted(
        report.candidates,
        key=lambda c: (
            c.name not in report.passed,
            c.cost_per_request is None,
            c.cost_per_request or 0,
            -(c.accuracy.value if c.accuracy else 0.0),
        ),
    )
    here = poc.folder.absolute()  # the new file may be written elsewhere
    by_name = {c.name: c for c in poc.file.candidates}
    providers = {
        name: {k: v for k, v in _plain(anchored(config, here)).items() if v is not None}
        for name, config in poc.file.providers.items()
    }
    targets = {
        name: {k: v for k, v in _plain(by_name[name]).items() if v is not None and k != "name"}
        for name in (c.name for c in order)
    }
    name = _route_name(poc.file.name, targets)
    names = [c.name for c in order]
    routes: dict[str, Any] = {name: {"policy": "fallback", "targets": names}}
    if routed is not None:
        learned = {"policy": "learned", "targets": [*names], "learned": {"file": ROUTER}}
        routes[f"{name}-routed"] = learned
    config = {
        "providers": providers,
        "targets": targets,
        "routes": routes,
        "store": {"path": "pilothouse.db"},
        "server": {"host": "127.0.0.1", "port": 8790},
    }
    head = (
        f"# Made from the proof {report.run_id}: {', '.join(report.passed)} met every criterion.\n"
        "# The cheapest that passed comes first; the others answer when it cannot.\n"
    )
    if routed is not None:
        head += (
            f"# {name}-routed sends each question to the cheapest that answers it well: {routed}.\n"
        )
    return head + yaml.safe_dump(config, sort_keys=False, allow_unicode=True)


def _plain(value: Any) -> dict[str, Any]:
    return msgspec.to_builtins(value)


def _route_name(name: str, targets: dict[str, Any]) -> str:
    return f"{name}-route" if name in targets else name
