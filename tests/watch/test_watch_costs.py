"""Costs against the same figures computed in plain Python; commands as a person runs them."""

import json
import tempfile
from collections import defaultdict
from decimal import Decimal
from math import ceil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.cli.calls import command as calls_command
from pilothouse.cli.costs import command as costs_command
from pilothouse.core.call import Call
from pilothouse.core.errors import InvalidInput, NotFound, StoreError
from pilothouse.core.keys import VirtualKey
from pilothouse.core.ports import CallFilter
from pilothouse.stores.sqlite import SqliteStore
from pilothouse.watch.costs import costs
from pilothouse.watch.when import when_us

DAY_US = 86_400_000_000
NOW_US = 20_000 * DAY_US


def a_call(number: int, **changes: object) -> Call:
    values: dict[str, object] = {
        "id": f"call-{number}",
        "request_id": f"request-{number}",
        "at_us": NOW_US + number,
        "source": "serve",
        "route": "support",
        "arm": "main",
        "target": "small",
        "provider": "replay",
        "model": "m-1",
        "status": "ok",
    }
    return Call(**{**values, **changes})  # type: ignore[arg-type]


def filled(path: Path, *calls: Call) -> SqliteStore:
    store = SqliteStore(path)
    store.write_calls(calls)
    return store


@st.composite
def some_calls(draw: st.DrawFn) -> list[Call]:
    count = draw(st.integers(1, 40))
    money = st.none() | st.integers(0, 10**15).map(lambda pico: Decimal(pico).scaleb(-12))
    milliseconds = st.none() | st.floats(0, 1e6)
    return [
        a_call(
            n,
            request_id=f"request-{draw(st.integers(0, 9))}",
            at_us=NOW_US + draw(st.integers(-2, 2)) * DAY_US + n,
            model=draw(st.sampled_from("ab")),
            arm=draw(st.sampled_from(["old", "new"])),
            status=draw(st.sampled_from(["ok", "error"])),
            latency_ms=draw(milliseconds),
            ttft_ms=draw(milliseconds),
            input_tokens=draw(st.none() | st.integers(0, 1000)),
            output_tokens=draw(st.none() | st.integers(0, 1000)),
            is_usage_estimated=draw(st.booleans()),
            cost_usd=draw(money),
        )
        for n in range(count)
    ]


def nearest_rank(values: list[float], p: float) -> float | None:
    return sorted(values)[ceil(round(p * len(values), 9)) - 1] if values else None


def total(values: list[int]) -> int | None:
    return sum(values) if values else None


@given(some_calls())
@settings(max_examples=60, deadline=None)
def test_every_figure_is_what_plain_python_computes(calls: list[Call]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        opened = filled(Path(folder, "t.db"), *calls)
        rows = costs(opened, ("model", "day"), CallFilter())
        opened.close()
    groups: dict[tuple[str, str], list[Call]] = defaultdict(list)
    for call in calls:
        groups[call.model, f"{call.at:%Y-%m-%d}"].append(call)
    assert {(r.group["model"], r.group["day"]) for r in rows} == set(groups)
    for row in rows:
        group = groups[row.group["model"], row.group["day"]]
        ok = [c for c in group if c.status == "ok"]
        latencies = [c.latency_ms for c in ok if c.latency_ms is not None]
        assert row.requests == len({c.request_id for c in group})
        assert (row.attempts, row.errors) == (len(group), len(group) - len(ok))
        assert row.error_rate == row.errors / row.attempts
        assert row.latency_p50_ms == nearest_rank(latencies, 0.5)
        assert row.latency_p95_ms == nearest_rank(latencies, 0.95)
        assert row.ttft_p50_ms == nearest_rank(
            [c.ttft_ms for c in ok if c.ttft_ms is not None], 0.5
        )
        assert row.input_tokens == total(
            [c.input_tokens for c in group if c.input_tokens is not None]
        )
        assert row.output_tokens == total(
            [c.output_tokens for c in group if c.output_tokens is not None]
        )
        assert row.is_usage_estimated == any(c.is_usage_estimated for c in group)
        priced = [c.cost_usd for c in group if c.cost_usd is not None]
        assert row.cost_usd == (sum(priced, Decimal(0)) if priced else None)
        assert row.not_priced == sum(c.cost_usd is None for c in ok)
        assert row.not_counted == sum(c.input_tokens is None for c in ok)


def test_money_past_sqlites_largest_integer_is_still_exact(tmp_path: Path) -> None:
    one = Decimal("5000000.000000000001")
    store = filled(tmp_path / "t.db", *(a_call(n, cost_usd=one) for n in range(4)))
    assert costs(store, (), CallFilter())[0].cost_usd == Decimal("20000000.000000000004")
    store.close()


def test_a_database_without_calls_has_no_rows(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
    assert costs(store, (), CallFilter()) == []
    assert costs(store, ("day",), CallFilter()) == []
    store.close()


@pytest.mark.parametrize(
    ("text", "expected_us"),
    [
        ("90s", NOW_US - 90_000_000),
        ("30m", NOW_US - 1_800_000_000),
        ("1h", NOW_US - 3_600_000_000),
        ("7d", NOW_US - 7 * DAY_US),
        ("2w", NOW_US - 14 * DAY_US),
        ("1970-01-02", DAY_US),
        ("1970-01-02T01:00+01:00", DAY_US),
        ("1970-01-01T00:00:00.000001Z", 1),
    ],
)
def test_times_are_ages_dates_or_moments(text: str, expected_us: int) -> None:
    assert when_us(text, NOW_US) == expected_us


@pytest.mark.parametrize("text", ["", "yesterday", "1y", "-1h", "2026-13-01", "1.5h"])
def test_a_time_that_is_none_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a time"):
        when_us(text, NOW_US)


def told(tmp_path: Path, *calls: Call) -> str:
    filled(tmp_path / "t.db", *calls).close()
    return str(tmp_path / "t.db")


def test_a_requests_story_is_told_in_order_with_its_errors(tmp_path: Path) -> None:
    path = told(
        tmp_path,
        a_call(2, request_id="r", attempt=2, target="large", cost_usd=Decimal("0.0000015")),
        a_call(1, request_id="r", status="error", error_class="timeout", error="no answer in 5 s"),
        a_call(3),
    )
    output = CliRunner().invoke(calls_command, ["--store", path, "--request", "r"]).output
    assert output.index("1. ") < output.index("failed: timeout: no answer in 5 s")
    assert output.index("failed") < output.index("2. ")
    assert "0.0000015 USD" in output
    assert "latency: not recorded" in output
    assert "request-3" not in output


def test_calls_as_json_is_one_call_a_line_newest_first(tmp_path: Path) -> None:
    path = told(tmp_path, *(a_call(n) for n in range(5)))
    done = CliRunner().invoke(calls_command, ["--store", path, "--json", "--limit", "3"])
    found = [json.loads(line)["id"] for line in done.output.splitlines()]
    assert found == ["call-4", "call-3", "call-2"]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--route", "other"], ["call-1"]),
        (["--arm", "new"], ["call-2"]),
        (["--target", "large"], ["call-3"]),
        (["--model", "m-2"], ["call-4"]),
        (["--status", "error"], ["call-5"]),
        (["--error-class", "cut"], ["call-5"]),
        (["--source", "prove"], ["call-6"]),
        (["--run", "run-1"], ["call-6"]),
        (["--rollout", "ro-1"], ["call-7"]),
        (["--since", "2024-10-05"], ["call-8"]),
        (["--until", "2024-10-03"], ["call-9"]),
    ],
)
def test_each_filter_keeps_only_what_matches(
    tmp_path: Path, options: list[str], ids: list[str]
) -> None:
    path = told(
        tmp_path,
        a_call(0),
        a_call(1, route="other"),
        a_call(2, arm="new"),
        a_call(3, target="large"),
        a_call(4, model="m-2"),
        a_call(5, status="error", error_class="cut"),
        a_call(6, source="prove", run_id="run-1"),
        a_call(7, rollout_id="ro-1"),
        a_call(8, at_us=NOW_US + DAY_US),
        a_call(9, at_us=NOW_US - 2 * DAY_US),
    )
    done = CliRunner().invoke(calls_command, ["--store", path, "--json", *options])
    assert [json.loads(line)["id"] for line in done.output.splitlines()] == ids


def test_costs_say_what_is_not_priced_not_counted_and_not_recorded(tmp_path: Path) -> None:
    path = told(
        tmp_path,
        a_call(
            1, cost_usd=Decimal("0.1"), input_tokens=3, output_tokens=4, is_usage_estimated=True
        ),
        a_call(2, model="m-2"),
        a_call(3, model="m-2", status="error", error_class="timeout"),
    )
    output = CliRunner().invoke(costs_command, ["--store", path]).output
    assert "~3" in output
    assert "Latency: not recorded." in output
    assert "1 answered attempts have no price" in output
    assert "1 answered attempts have no token counts" in output
    assert "1 failed attempts have no price" in output
    assert "total" in output


def test_costs_as_json_keep_money_exact(tmp_path: Path) -> None:
    path = told(tmp_path, *(a_call(n, cost_usd=Decimal("0.1")) for n in range(3)))
    done = CliRunner().invoke(costs_command, ["--store", path, "--by", "arm", "--json"])
    read = json.loads(done.output)
    assert read["rows"][0]["group"] == {"arm": "main"}
    assert read["total"]["cost_usd"] == "0.3"


@pytest.mark.parametrize("command", [calls_command, costs_command], ids=["calls", "costs"])
def test_an_empty_database_is_a_friendly_line_and_exit_code_0(
    tmp_path: Path, command: click.Command
) -> None:
    done = CliRunner().invoke(command, ["--store", told(tmp_path)])
    assert done.exit_code == 0
    assert done.output.startswith("No calls match in ")


@pytest.mark.parametrize("command", [calls_command, costs_command], ids=["calls", "costs"])
def test_a_missing_database_is_not_made_by_looking(tmp_path: Path, command: click.Command) -> None:
    done = CliRunner().invoke(command, ["--store", str(tmp_path / "none.db")])
    assert isinstance(done.exception, StoreError)
    assert not (tmp_path / "none.db").exists()


def test_an_unknown_request_is_not_found(tmp_path: Path) -> None:
    done = CliRunner().invoke(calls_command, ["--store", told(tmp_path), "--request", "x"])
    assert isinstance(done.exception, NotFound)


def test_a_key_is_found_and_shown_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    store = filled(path, a_call(1, key_id="K1", team="help", tag="faq"), a_call(2))
    store.keys.save_key(
        VirtualKey(id="K1", name="ci", secret_hash="0" * 64, last4="abcd", created_us=1)
    )
    store.close()

    def run(command: click.Command, *more: str) -> str:
        done = CliRunner().invoke(command, ["--store", str(path), *more], catch_exceptions=False)
        return done.output

    listed = run(costs_command, "--by", "key").splitlines()
    assert {line.split()[0] for line in listed[1:] if line.strip()} >= {"ci", "-", "total"}
    assert run(calls_command, "--key", "ci", "--json").count("call-") == 1
    assert run(calls_command, "--tag", "faq", "--json").count("call-") == 1
    with pytest.raises(InvalidInput, match="no key is called"):
        run(calls_command, "--key", "nobody")
