"""What the command says of upgrades: from the database alone."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from click.testing import CliRunner

from pilothouse.app.compose import now_us
from pilothouse.cli.route_upgrades import upgrades
from pilothouse.core.call import Call
from pilothouse.core.ids import time_ordered_id
from pilothouse.core.upgrade import Kind, score_changed, score_unneeded
from pilothouse.stores.sqlite import SqliteStore

KIND = Kind("support", "better", "sums", "short")
CONFIG = """\
providers: {v: {kind: openai_compatible, base_url: "http://127.0.0.1:9/v1"}}
targets: {quick: {provider: v, model: q}, better: {provider: v, model: b}}
routes: {support: {targets: [quick], upgrade: {target: better, stop_below: 0.02}}}
"""


def filled(path: Path) -> Path:
    store = SqliteStore(path)
    at_us = now_us() - 3_600_000_000
    for number in range(110):
        is_upgrade = number < 100
        call = Call(
            id=time_ordered_id(at_us + number * 1000, number),
            request_id=f"r{number}",
            at_us=at_us + number * 1000,
            source="upgrade" if is_upgrade else "serve",
            route="support",
            arm="upgrade" if is_upgrade else "main",
            target="better" if is_upgrade else "quick",
            provider="v",
            model="m",
            status="ok",
            tag="sums",
            cost_usd=Decimal("0.01") if is_upgrade else Decimal("0.001"),
        )
        score = score_changed(call.id, KIND, False) if is_upgrade else score_unneeded(call.id, KIND)
        store.write_scored([(call, (score,))])
    store.close()
    return path


def said(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(upgrades, args, standalone_mode=False)
    assert result.exception is None, result.exception
    return result.return_value, result.output


def test_it_says_what_is_stopped_what_that_saved_and_what_the_rest_cost(tmp_path: Path) -> None:
    store = str(filled(tmp_path / "p.db"))
    code, text = said("--store", store)
    assert code == 0
    row = next(line for line in text.splitlines() if line.startswith("support"))
    assert all(word in row.split() for word in ("better", "sums", "short", "100", "stopped"))
    assert "100 upgrades, failed ones too: 1 USD." in text
    assert "about 0.1 USD" in text


def test_as_json_and_by_the_routes_own_stop_below(tmp_path: Path) -> None:
    store = str(filled(tmp_path / "p.db"))
    config = tmp_path / "pilothouse.yaml"
    config.write_text(CONFIG)
    [row] = json.loads(said("--store", store, "--json")[1])["kinds"]
    assert (row["asked"], row["changed"], row["skipped"], row["is_stopped"]) == (100, 0, 10, True)
    [row] = json.loads(said(str(config), "--store", store, "--json")[1])["kinds"]
    assert not row["is_stopped"], "100 in a row are not enough for 2 %"


def test_a_database_without_upgrades_says_so_and_an_age_that_is_none_is_refused(
    tmp_path: Path,
) -> None:
    SqliteStore(tmp_path / "p.db").close()
    assert said("--store", str(tmp_path / "p.db"))[1].startswith("No upgrades in")
    result = CliRunner().invoke(upgrades, ["--store", str(tmp_path / "p.db"), "--since", "soon"])
    assert result.exit_code != 0


def test_its_help_has_an_example_and_json() -> None:
    text = CliRunner().invoke(upgrades, ["--help"]).output
    assert "Example:" in text and "--json" in text
