"""Shadows of a gateway that runs: told in `/metrics`, and one budget across a changed configuration."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))

from running import CONFIG, QUESTIONS, Gateway, ask, served, within_10_s

pytestmark = pytest.mark.slow
SHADOWED = CONFIG.replace(
    "  support: {targets: [small]}",
    "  support: {targets: [small], shadow: {targets: copy, share: 1, budget_usd_per_day: %s}}",
).replace(
    "routes:",
    "  copy: {provider: recorded, model: gpt-4-1106-preview, catalog_model: gpt-4-turbo}\nroutes:",
)


def metric(gateway: Gateway, name: str) -> float:
    lines = [x for x in gateway.admin("/metrics")[1].splitlines() if x.startswith(name)]
    return float(lines[0].split(" ")[-1]) if lines else 0.0


def test_copies_are_counted_and_a_reload_does_not_renew_the_days_budget(tmp_path: Path) -> None:
    config = tmp_path / "pilothouse.yaml"
    config.write_text(SHADOWED % 100)
    answered = 'pilothouse_shadow_copies_total{route="support",outcome="answered"}'
    shed = 'pilothouse_shadow_shed_total{route="support",reason="budget"}'
    spent = 'pilothouse_shadow_spent_today_usd{route="support"}'
    with served(config) as gateway:
        assert ask(gateway.url, QUESTIONS[0]) == 200
        within_10_s(lambda: metric(gateway, answered) == 1, "no copy")
        assert metric(gateway, spent) > 0

        def requests(source: str) -> list[str]:
            calls = gateway.admin(f"/admin/calls?source={source}")[1]["calls"]
            return [call["request_id"] for call in calls]

        within_10_s(lambda: len(requests("shadow")) == 1, "the copy's row is not written")
        assert requests("shadow") == requests("serve")
        [route] = [
            r for r in gateway.admin("/admin/routes")[1]["routes"] if r["route"] == "support"
        ]
        assert route["shadows"] == ["copy"]

        config.write_text(SHADOWED % "0.000001")
        gateway.process.send_signal(signal.SIGHUP)
        within_10_s(lambda: "is read again" in gateway.log, "no reload")
        assert ask(gateway.url, QUESTIONS[1]) == 200
        within_10_s(lambda: metric(gateway, shed) == 1, "not shed")
        assert metric(gateway, answered) == 1, "counters go on"
