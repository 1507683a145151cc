"""Upgrades of a gateway that runs: found by every worker, told to operators, and gone with no process that dies."""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))

from running import CONFIG, QUESTIONS, Gateway, fetch, served, within_10_s
from slow_upstream import slow_upstream

from pilothouse.app.compose import now_us
from pilothouse.core.job import JobRules
from pilothouse.stores.sqlite import SqliteStore

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "sigtimedwait"), reason="workers need Linux"),
]
UPGRADED = CONFIG.replace(
    "  support: {targets: [small]}",
    "  support: {targets: [small], upgrade: {target: big, most_in_flight: 50}}",
).replace(
    "routes:",
    "  big: {provider: recorded, model: gpt-4-1106-preview, catalog_model: gpt-4-turbo}\nroutes:",
)


def asked(gateway: Gateway, question: str) -> str:
    body = {"model": "support", "messages": [{"role": "user", "content": question}]}
    request = urllib.request.Request(
        f"{gateway.url}/v1/chat/completions", json.dumps(body).encode()
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()
        upgrade_id = answer.headers["x-pilothouse-upgrade"]
        assert upgrade_id, answer.headers["x-pilothouse-upgrade-skipped"]
        return upgrade_id


def fetched(gateway: Gateway, upgrade_id: str) -> tuple[int, Any]:
    return fetch(f"{gateway.url}/v1/upgrades/{upgrade_id}?wait_s=10")


def test_whichever_worker_is_asked_it_knows_every_upgrade_and_a_restart_keeps_them(
    tmp_path: Path,
) -> None:
    config = tmp_path / "pilothouse.yaml"
    config.write_text(UPGRADED)
    with served(config, "--workers", "2") as gateway:
        ids = [asked(gateway, question) for question in QUESTIONS[:20]]
        found = [fetched(gateway, upgrade_id) for upgrade_id in ids]
        assert {status for status, _ in found} == {200}
        assert {one["status"] for _, one in found} == {"done"}
        changed = sum(one["changed"] for _, one in found)
        assert 0 < changed < 20, "two real models, at times of one mind"

        def told() -> Any:
            return gateway.admin("/admin/upgrades")[1]

        within_10_s(lambda: sum(r["asked"] for r in told()["recorded"]["kinds"]) == 20, "unwritten")
        view = told()
        assert sum(r["changed"] for r in view["recorded"]["kinds"]) == changed
        assert view["recorded"]["calls"] == 20 and view["recorded"]["cost_usd"] is not None
        assert view["since_start"]["support"]["answered"] == 20, "of both workers"
        text = gateway.admin("/metrics")[1]
        assert 'pilothouse_upgrade_ended_total{route="support",outcome="answered"} 20' in text
        assert 'pilothouse_upgrade_skipped_total{route="support",reason="unneeded"} 0' in text
        [route] = [
            r for r in gateway.admin("/admin/routes")[1]["routes"] if r["route"] == "support"
        ]
        assert route["upgrade"] == "big"
        assert gateway.admin("/admin/upgrades?since=soon")[0] == 422
    with served(config) as gateway:
        assert fetched(gateway, ids[0]) == found[0]
        kinds = gateway.admin("/admin/upgrades")[1]["recorded"]["kinds"]
        assert sum(r["asked"] for r in kinds) == 20


def test_one_whose_process_was_killed_is_told_as_failed_and_not_pending_for_ever(
    tmp_path: Path,
) -> None:
    config = tmp_path / "pilothouse.yaml"
    with slow_upstream() as upstream:
        slow = f'  slow: {{kind: openai_compatible, base_url: "{upstream.base_url}"}}\ntargets:\n'
        text = UPGRADED.replace("targets:\n", slow, 1).replace(
            "big: {provider: recorded", "big: {provider: slow"
        )
        config.write_text(text.replace("target: big", "target: big, timeout_s: 5"))
        with served(config) as gateway:
            upgrade_id = asked(gateway, QUESTIONS[0])
            store = SqliteStore(tmp_path / "pilothouse.db")

            def is_begun() -> bool:
                job = store.jobs.job(upgrade_id, None)
                return job is not None and (job.lease_until_us or 0) < now_us() + 30_000_000

            within_10_s(is_begun, "not asked")
            os.kill(gateway.process.pid, signal.SIGKILL)
            gateway.process.wait(10)
        with served(config) as gateway:
            status, found = fetch(f"{gateway.url}/v1/upgrades/{upgrade_id}")
            assert (status, found["status"]) == (202, "pending"), "it may be another's, who lives"
            store.jobs.sweep(now_us() + 60_000_000, JobRules())  # as any process will in a minute
            status, found = fetch(f"{gateway.url}/v1/upgrades/{upgrade_id}")
            assert (status, found["status"]) == (200, "failed")
            assert "fell silent" in found["why"]
            store.close()
