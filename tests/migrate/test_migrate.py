"""Plans that cannot work are refused; rehearsals tell the truth; the state survives anything."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from pilothouse.cli.main import cli
from pilothouse.core.call import Call
from pilothouse.core.errors import InvalidInput
from pilothouse.core.rollout import Guard, Stage, new_rollout
from pilothouse.core.route import Target
from pilothouse.migrate.fault import parse_fault
from pilothouse.migrate.plan import load_plan
from pilothouse.migrate.runner import Ticker, advance_once, load, save
from pilothouse.stores.sqlite import SqliteStore

FILES = resources.files("pilothouse.tour").joinpath("files")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for file in FILES.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, ["migrate", *args], standalone_mode=False)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("share: 0.25", "share: 25", "rollout.yaml:9: stages[1].share: "),
        ("share: 0.25", "share: 0.05", "stages[1].share: the share must grow: 0.05 follows 0.05"),
        ("share: 0.05", "share: 0", "stages[0].share: "),
        ("to: gpt-4-1106-preview", "to: mixtral-8x7b", 'to: from and to are both "mixtral-8x7b"'),
        ("metric: wrong", "metric: wrongs", "guards[1].metric: Invalid enum value 'wrongs'"),
        ("metric: wrong", "metric: error", 'guards[1].metric: "error" is guarded already'),
        ("metric: wrong", "metric: slow", 'guards[1]: a guard on "slow" needs threshold_ms'),
        ("max_hold: 1d", "max_hold: soon", 'max_hold: "soon" is not a duration'),
        ("alpha: 0.05", "alpha: 5", "alpha: "),
        ("alpha: 0.05", "aplha: 0.05", 'unknown key "aplha". Did you mean "alpha"?'),
        ("{number:", "{numbr:", 'unknown scorer "numbr". Did you mean "number"?'),
    ],
)
def test_a_plan_that_cannot_work_is_refused(
    folder: Path, before: str, after: str, message: str
) -> None:
    path = folder / "rollout.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(InvalidInput) as caught:
        load_plan(path)
    assert message in str(caught.value)


def test_a_plan_without_stages_is_refused(folder: Path) -> None:
    path = folder / "rollout.yaml"
    head, _, rest = path.read_text().partition("stages:")
    path.write_text(head + "stages: []\nguards:" + rest.partition("guards:")[2])
    with pytest.raises(InvalidInput, match="stages: needs at least 1"):
        load_plan(path)


@pytest.mark.parametrize("text", ["errors=2@25%", "errors", "slow=0.3@25%", "errors=0.3"])
def test_a_fault_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a fault"):
        parse_fault(text)


def test_plan_writes_a_file_that_loads_and_never_overwrites(folder: Path) -> None:
    args = ["plan", "--from", "gpt-4-1106-preview", "--to", "mixtral-8x7b", "--route", "support"]
    assert run(*args, "-o", "new.yaml").return_value == 0
    assert load_plan(folder / "new.yaml").file.old == "gpt-4-1106-preview"
    result = run(*args, "-o", "new.yaml")
    assert "there is a file already" in str(result.exception)
    result = run("plan", "--from", "gpt-4-1106", "--to", "mixtral-8x7b", "-o", "x.yaml")
    assert 'Did you mean "gpt-4-1106-preview"' in str(result.exception)


def test_start_status_steer_and_log(folder: Path) -> None:
    assert run("start", "rollout.yaml").return_value == 0
    assert "already" in str(run("start", "rollout.yaml").exception)
    result = run("pause", "tour-healthy", "--why", "lunch", "--who", "ada")
    assert result.return_value == 0, result.exception
    run("resume", "tour-healthy", "--why", "back", "--who", "ada")
    run("advance", "tour-healthy", "--why", "sure", "--who", "ada")
    status = json.loads(run("status", "tour-healthy", "--json").output)
    assert (status["status"], status["share"]) == ("running", 0.25)
    run("abort", "tour-healthy", "--why", "no", "--who", "bob")
    log = json.loads(run("log", "tour-healthy", "--json").output)
    assert [(e["what"], e["who"]) for e in log] == [
        ("start", "tick"),
        ("pause", "ada"),
        ("resume", "ada"),
        ("advance", "ada"),
        ("abort", "bob"),
    ]
    assert "has ended: aborted" in str(run("resume", "tour-healthy", "--why", "x").exception)
    assert 'Did you mean "tour-healthy"' in str(run("status", "tour-helthy").exception)


@pytest.mark.slow
def test_a_healthy_rehearsal_reaches_the_end_through_every_stage(folder: Path) -> None:
    result = run("rehearse", "rollout.yaml", "--json")
    assert result.return_value == 0, result.exception
    ended = json.loads(result.output)
    assert ended["status"] == "done"
    shares = [e["evidence"]["share_after"] for e in ended["entries"] if e["what"] == "advance"]
    assert shares == [0.25, 0.5, 0.99]


@pytest.mark.slow
def test_a_fault_at_25_percent_rolls_back_and_stays_so_after_sigkill(folder: Path) -> None:
    args = [sys.executable, "-m", "pilothouse", "migrate", "rehearse", "rollout-faulty.yaml"]
    args += ["--fault", "errors=0.3@25%", "--linger-s", "60"]
    process = subprocess.Popen(
        args, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    line = next(line for line in process.stdout if "roll back" in line)
    assert "error: " in line
    process.send_signal(signal.SIGKILL)
    process.communicate()
    status = json.loads(run("status", "tour-faulty", "--json").output)
    assert (status["status"], status["share"], status["stage"]) == ("rolled_back", 0.0, 1)
    again = run("rehearse", "rollout-faulty.yaml", "--fault", "errors=0.3@25%")
    assert again.return_value == 1
    assert "It stays so" in again.output


TICKING = """
import sys
from pathlib import Path
from pilothouse.migrate.runner import advance_once
from pilothouse.stores.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
now_us = int(sys.argv[2])
print("ready", flush=True)
while True:
    now_us += 61_000_000
    advance_once(store, "r", now_us)
"""


@pytest.mark.slow
def test_a_ticker_killed_at_any_moment_leaves_state_and_history_in_agreement(
    tmp_path: Path,
) -> None:
    path = tmp_path / "kill.db"
    store = SqliteStore(path)
    stages = tuple(Stage(share=(i + 1) / 100, at_least_s=60, requests=0) for i in range(99))
    rollout, entry = new_rollout(
        id="r",
        route="x",
        old="a",
        new="b",
        stages=stages,
        guards=(Guard(metric="error", ceiling=0.5),),
        alpha=0.05,
        max_hold_s=1e9,
        now_us=0,
    )
    save(store, rollout, [entry])
    good = [call(i) for i in range(40)]
    store.write_calls(good)
    now_us = 0
    for round_number in range(20):
        process = subprocess.Popen(
            [sys.executable, "-c", TICKING, str(path), str(now_us)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.002 * (round_number % 7))
        process.kill()
        process.communicate()
        found, history = load(store, "r"), store.audit("r")
        advances = [e for e in history if e.what == "advance"]
        assert len(advances) == found.stage, "no transition is lost or doubled"
        assert [e.evidence["stage"] for e in advances] == list(range(found.stage))
        now_us = found.stage_since_us
        if found.status == "done":
            break
    assert load(store, "r").requests_new == 40, "every call is folded in exactly once"
    store.close()


def test_of_two_tickers_one_is_thrown_away(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "two.db")
    rollout, entry = new_rollout(
        id="r",
        route="x",
        old="a",
        new="b",
        stages=(Stage(share=0.5, at_least_s=1, requests=1),),
        guards=(Guard(metric="error"),),
        alpha=0.05,
        max_hold_s=10,
        now_us=0,
    )
    first = save(store, rollout, [entry])
    assert first is not None
    assert save(store, rollout, [entry]) is None
    assert len(store.audit("r")) == 1
    store.close()


def test_the_split_of_a_route_follows_the_stored_rollout_and_ends_with_a_rollback(
    tmp_path: Path,
) -> None:
    store = SqliteStore(tmp_path / "split.db")
    targets = {n: Target(name=n, provider="p", model=n) for n in ("a", "b")}
    rollout, entry = new_rollout(
        id="r",
        route="x",
        old="a",
        new="b",
        stages=(Stage(share=0.05, at_least_s=1, requests=1),),
        guards=(Guard(metric="error"),),
        alpha=0.05,
        max_hold_s=10,
        now_us=0,
    )
    save(store, rollout, [entry])
    split = Ticker(store, targets, lambda: 0).split_of("x")
    assert split is not None
    assert split.share == 0.05
    bad = [
        msgspec.structs.replace(call(i), status="error", error_class="provider_down", share=0.05)
        for i in range(8)
    ]
    store.write_calls(bad)
    asyncio.run(_for_one_round(Ticker(store, targets, lambda: 1, only_reads=True)))
    assert load(store, "r").status not in ("rolled_back", "done"), "who only reads moves nothing on"
    after, entries = advance_once(store, "r", 1)
    assert (after.status, entries[0].what) == ("rolled_back", "roll back")
    assert Ticker(store, targets, lambda: 0).split_of("x") is None
    store.close()


async def _for_one_round(ticker: Ticker) -> None:
    """`asyncio.run` waits for the thread that looks."""
    task = asyncio.create_task(ticker.run())
    for _ in range(1000):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def call(number: int) -> Call:
    return Call(
        id=f"call-{number}",
        request_id=f"request-{number}",
        at_us=number,
        source="serve",
        route="x",
        arm="new",
        target="b",
        provider="p",
        model="b",
        status="ok",
        share=0.5,
        rollout_id="r",
    )
