"""`pilothouse keys`, from making a key to closing it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pilothouse.cli.main import cli
from pilothouse.core.errors import InvalidInput, NotFound, StoreError
from pilothouse.core.keys import looks_like_secret
from pilothouse.core.limits import Account, Spent
from pilothouse.core.pico import PICO
from pilothouse.stores.sqlite import SqliteStore

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def invoke(*args: str) -> Result:
        result = CliRunner().invoke(
            cli, ["keys", *args, "--store", str(tmp_path / "t.db")], standalone_mode=False
        )
        if result.exception is not None:
            raise result.exception
        return result

    return invoke


def test_the_secret_alone_goes_to_standard_output_and_only_when_it_is_made(run: Run) -> None:
    made = run("create", "ci")
    secret = made.stdout.strip()
    assert looks_like_secret(secret)
    assert "not shown again" in made.stderr
    for args in (
        ["list"],
        ["show", "ci"],
        ["list", "--json"],
        ["show", "ci", "--json"],
        ["spend", "ci", "--json"],
    ):
        shown = run(*args)
        assert secret not in shown.output
        assert "secret_hash" not in shown.output


def test_everything_that_can_be_given_is_kept(run: Run) -> None:
    made = json.loads(
        run(
            "create", "search", "--team", "web", "--model", "gpt-*", "--model", "support", "--scope", "call",
            "--scope", "admin", "--limit", "requests_per_minute=60", "--limit", "concurrency=4",
            "--budget", "50/month", "--budget", "2.5/day", "--expires", "90d", "--meta", "owner=ann", "--json",
        ).stdout
    )  # fmt: skip
    key = made["key"]
    assert looks_like_secret(made["secret"])
    assert (key["team"], key["models"], key["scopes"]) == (
        "web",
        ["gpt-*", "support"],
        ["call", "admin"],
    )
    assert key["limits"]["requests_per_minute"] == 60
    assert key["budgets"] == [{"usd": "50", "per": "month"}, {"usd": "2.5", "per": "day"}]
    assert key["metadata"] == {"owner": "ann"}
    shown = run("show", "search").stdout
    assert "requests_per_minute=60 concurrency=4" in shown
    assert "50/month 2.5/day" in shown


def test_set_changes_what_is_given_and_none_takes_away(run: Run) -> None:
    run(
        "create",
        "ci",
        "--team",
        "web",
        "--limit",
        "concurrency=4",
        "--budget",
        "5/day",
        "--expires",
        "1d",
    )
    key = json.loads(
        run(
            "set", "ci", "--limit", "concurrency=none", "--limit", "tokens_per_minute=9", "--budget", "none/day",
            "--budget", "7/total", "--team", "none", "--expires", "none", "--name", "cd", "--json",
        ).stdout
    )  # fmt: skip
    assert key["limits"]["concurrency"] is None
    assert key["limits"]["tokens_per_minute"] == 9
    assert key["budgets"] == [{"usd": "7", "per": "total"}]
    assert (key["name"], key["team"], key["expires_at"]) == ("cd", None, None)
    with pytest.raises(InvalidInput, match="nothing to change"):
        run("set", "cd")


def test_a_rotation_hands_over_a_new_secret_and_says_when_the_old_one_ends(run: Run) -> None:
    first = run("create", "ci").stdout
    again = run("rotate", "ci", "--overlap", "1h")
    assert looks_like_secret(again.stdout.strip())
    assert again.stdout != first
    assert "The old one is good until" in again.stderr
    assert "The old one has ended" in run("rotate", "ci", "--overlap", "0").stderr


def test_a_revoked_key_leaves_the_list(run: Run) -> None:
    run("create", "ci")
    assert "is revoked" in run("revoke", "ci").stdout
    assert "No keys in" in run("list").stdout
    assert "revoked" in run("list", "--all").stdout


def test_spending_is_shown_for_keys_and_teams(run: Run, tmp_path: Path) -> None:
    key = json.loads(run("create", "ci", "--json", "--budget", "2/total").stdout)["key"]
    assert "total" in run("spend", "ci").stdout
    store = SqliteStore(tmp_path / "t.db")
    store.budgets.report(
        "p", [Spent(Account(f"key:{key['id']}", "total"), PICO // 2), Spent(Account("team:web", "2026-09"), PICO)],
        until_us=0,
    )  # fmt: skip
    store.close()
    rows = json.loads(run("spend", "ci", "--json").stdout)["rows"]
    assert rows == [{"period": "total", "spent_usd": "0.5", "budget_usd": "2", "left_usd": "1.5"}]
    assert json.loads(run("spend", "--team", "web", "--json").stdout)["rows"] == [
        {"period": "2026-09", "spent_usd": "1"}
    ]
    assert "Nothing is booked yet" in run("spend", "--team", "nobody").stdout
    for wrong in ([], ["ci", "--team", "web"]):
        with pytest.raises(InvalidInput, match="name a key, or a team"):
            run("spend", *wrong)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--limit", "requests=5"], 'no limit "requests"'),
        (["--limit", "concurrency=many"], '"many" is no number'),
        (["--limit", "concurrency=0"], "concurrency is 0"),
        (["--limit", "concurrency=" + "9" * 5000], "is no number"),
        (["--budget", "5"], "write USD/PER"),
        (["--budget", "5/week"], "write USD/PER"),
        (["--budget", "lots/day"], '"lots" is no amount'),
        (["--budget", "-5/day"], "a budget of -5 USD"),
        (["--budget", "nan/day"], "a budget of NaN USD"),
        (["--expires", "soon"], '"soon" is not a time'),
        (["--expires", "2001-01-01"], "expired before it was made"),
        (["--expires", "999999999w"], "no calendar goes that far"),
        (["--meta", "owner"], "write NAME=TEXT"),
        (["--model", " "], "name the models"),
    ],
)
def test_bad_input_is_refused_with_what_to_write_and_nothing_is_made(
    run: Run, tmp_path: Path, args: list[str], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        run("create", "ci", *args)
    store = SqliteStore(tmp_path / "t.db")
    assert store.keys.all_keys() == []
    store.close()


def test_names_are_unique_and_unknown_ones_are_answered_with_the_nearest(run: Run) -> None:
    run("create", "search")
    with pytest.raises(InvalidInput, match='there is a key "search" already'):
        run("create", "search")
    for command in ("show", "revoke", "rotate", "spend"):
        with pytest.raises(NotFound, match='Did you mean "search"'):
            run(command, "serach")
    with pytest.raises(InvalidInput, match="not a span"):
        run("rotate", "search", "--overlap", "soon")


def test_reading_makes_no_database(run: Run, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database here yet"):
        run("list")
    assert not (tmp_path / "t.db").exists()
