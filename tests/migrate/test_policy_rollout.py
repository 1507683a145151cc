"""A rollout between two routes: the same guards and stages promote a policy."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))

from running import CONFIG, QUESTIONS, ask, served, within_10_s

from pilothouse.app.config import load_config
from pilothouse.cli.main import cli
from pilothouse.core.call import Call
from pilothouse.core.errors import InvalidInput
from pilothouse.core.ports import CallFilter
from pilothouse.core.rollout import Guard, Rollout, Stage, new_rollout
from pilothouse.core.route import RouteSpec
from pilothouse.migrate.runner import Ticker, load, observations, save
from pilothouse.stores.sqlite import SqliteStore

TWO = CONFIG.replace(
    "routes:\n",
    "  large: {provider: recorded, model: gpt-4-1106-preview}\n"
    "routes:\n"
    "  support-next: {policy: guide_router, targets: [small], roles: {fast: large, smart: large}}\n",
)
PLAN = """\
name: next
config: pilothouse.yaml
route: support
from: support
to: support-next
stages: [{share: 1.0, at_least: 1h, requests: 1}]
guards: [{metric: error, margin: 0.2}]
"""


def rollout(routes: tuple[str, ...]) -> Rollout:
    return new_rollout(
        id="r",
        route="support",
        old="support",
        new="support-next",
        stages=(Stage(share=0.5, at_least_s=1, requests=1),),
        guards=(Guard(metric="error"),),
        alpha=0.05,
        max_hold_s=10,
        now_us=0,
        routes=routes,
    )[0]


def call(number: int, arm: str, target: str, attempt: int = 1, **more: object) -> Call:
    values: dict[str, object] = {"status": "ok", "share": 0.5, **more}
    return Call(
        id=f"{number}", request_id="q", at_us=number, source="serve", route="support", arm=arm, target=target,
        provider="p", model=target, attempt=attempt, rollout_id="r", **values,  # type: ignore[arg-type]
    )  # fmt: skip


def test_of_an_arm_that_is_a_route_first_attempts_count_whatever_their_target() -> None:
    calls = [
        call(1, "new", "a"),
        call(2, "new", "b", status="error", error_class="provider_down"),
        call(3, "new", "a", attempt=2),
        call(4, "old", "c"),
        call(5, "new", "a", status="error", error_class="caller"),
    ]
    routes = ("support", "support-next")
    seen = observations(rollout(routes), [(c, ()) for c in calls])
    assert [(o.is_new, o.bad) for o in seen] == [(True, (False,)), (True, (True,)), (False, (False,))]  # fmt: skip


def test_a_rollout_that_was_kept_before_there_were_routes_in_it_still_reads(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
    old = msgspec.to_builtins(rollout(()))
    del old["routes"]
    save(store, msgspec.convert(old, Rollout), [])
    assert load(store, "r").routes == ()
    store.close()


def test_the_split_has_the_routes_and_says_whether_they_read_content(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
    save(store, rollout(("support", "support-next")), [])
    plain = RouteSpec(name="support", policy="fallback", targets=())
    reader = RouteSpec(name="support-next", policy="rules", targets=(), reads_content=True)
    arms = {"support": plain, "support-next": reader}
    split = Ticker(store, arms, lambda: 0).split_of("support")
    assert split is not None
    assert (split.old, split.new, split.reads_content) == (plain, reader, True)
    assert Ticker(store, {"support": plain}, lambda: 0).split_of("support") is None
    store.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pilothouse.yaml").write_text(TWO)
    (tmp_path / "rollout.yaml").write_text(PLAN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEST_ADMIN_KEY", "an-admin-key-for-tests")
    return tmp_path


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, ["migrate", *args], standalone_mode=False)


def test_plan_and_start_take_routes(folder: Path) -> None:
    result = run("plan", "--from", "support", "--to", "support-next", "-o", "made.yaml")
    assert result.return_value == 0, result.exception
    assert "route: support\nfrom: support\nto: support-next\n" in (folder / "made.yaml").read_text()
    assert run("start", "rollout.yaml").return_value == 0
    store = SqliteStore(folder / "pilothouse.db")
    assert load(store, "next").routes == ("support", "support-next")
    store.close()


def test_an_unknown_arm_is_answered_with_the_nearest_route(folder: Path) -> None:
    (folder / "rollout.yaml").write_text(PLAN.replace("to: support-next", "to: support-nxt"))
    with pytest.raises(InvalidInput, match='no target or route "support-nxt". Did you mean "support-next"'):  # fmt: skip
        raise run("start", "rollout.yaml").exception or AssertionError


def test_a_policy_cannot_be_rehearsed_and_it_says_what_can_be_done(folder: Path) -> None:
    with pytest.raises(InvalidInput, match='"support" is a route.*off-policy'):
        raise run("rehearse", "rollout.yaml").exception or AssertionError


@pytest.mark.slow
def test_a_gateway_decides_by_the_new_routes_policy_and_records_the_arm(folder: Path) -> None:
    config = folder / "pilothouse.yaml"
    store_at = str(load_config(config).store_at)
    assert run("start", "rollout.yaml", "--store", store_at).return_value == 0
    with served(config) as gateway:
        for question in QUESTIONS[:30]:
            assert ask(gateway.url, question) == 200
        status = ["migrate", "status", "next", "--json", "--store", store_at]

        def is_counted() -> bool:
            found = json.loads(CliRunner().invoke(cli, status).output)
            return found["requests_new"] + found["requests_old"] == 30

        within_10_s(is_counted, "the rollout does not count its calls")
    store = SqliteStore(store_at)
    calls = store.calls(CallFilter(rollout_id="next"))
    store.close()
    assert {(c.arm, c.target) for c in calls} <= {("new", "large"), ("old", "small")}
    assert sum(c.arm == "new" for c in calls) >= 25
    assert {c.route for c in calls} == {"support"}
