"""`pilothouse keys`: virtual keys made, limited, rotated, revoked, and what they spent."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from msgspec import UNSET, structs

from pilothouse.app import admin_keys
from pilothouse.app.admin_keys import Created, KeyChange, KeyView, NewKey
from pilothouse.app.compose import now_us, random_bits_source
from pilothouse.app.stores import Store, StoreAddress, open_store
from pilothouse.cli.key_options import (
    budgets_from,
    expiry_from,
    key_options,
    limits_from,
    metadata_from,
    name_or_none,
)
from pilothouse.cli.output import print_json, print_table
from pilothouse.cli.store_option import store_option
from pilothouse.core.errors import InvalidInput
from pilothouse.core.keys import SECRET_BYTES
from pilothouse.core.limits import Budget, Limits
from pilothouse.watch.when import span_us

json_option = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")


@click.group()
def command() -> None:
    """Virtual keys: what callers of the gateway hold instead of a vendor's key.

    \b
    Example:
      pilothouse keys create ci --budget 50/month --limit requests_per_minute=60
    """


@command.command()
@click.argument("name")
@key_options
@store_option
@json_option
def create(name: str, store: Path, as_json: bool, **given: Any) -> int:
    """Make a key. Its secret goes to standard output, this once; only a hash of it is kept.

    \b
    Example:
      pilothouse keys create ci
      pilothouse keys create search --team web --model 'gpt-*' --budget 50/month --expires 90d
    """
    moment = now_us()
    new = NewKey(
        name=name,
        team=given["team"],
        models=given["models"] or ("*",),
        scopes=given["scopes"] or ("call",),
        limits=limits_from(Limits(), given["limits"]),
        budgets=budgets_from((), given["budgets"]),
        expires_at=expiry_from(given["expires"], moment),
        metadata=metadata_from({}, given["meta"]),
    )
    with _opened(store, must_exist=False) as opened:
        made = admin_keys.create(
            opened.keys,
            new,
            moment,
            id_bits=random_bits_source(1)(),
            randomness=os.urandom(SECRET_BYTES),
        )
    _hand_over(
        made, as_json, f'The key "{made.key.name}" is made. Keep its secret: it is not shown again.'
    )
    return 0


@command.command("list")
@click.option("--all", "with_closed", is_flag=True, help="Expired and revoked ones too.")
@store_option
@json_option
def list_keys(with_closed: bool, store: Path, as_json: bool) -> int:
    """One line a key.

    \b
    Example:
      pilothouse keys list --all
    """
    with _opened(store) as opened:
        views = admin_keys.listed(opened.keys, now_us(), with_closed=with_closed)
    if as_json:
        print_json(views)
    elif not views:
        click.echo(f"No keys in {store}. Make one: pilothouse keys create NAME")
    else:
        header = (
            "name",
            "status",
            "ends in",
            "team",
            "models",
            "scopes",
            "budgets",
            "expires (UTC)",
        )
        print_table(header, [_cells(view) for view in views])
    return 0


@command.command()
@click.argument("key")
@store_option
@json_option
def show(key: str, store: Path, as_json: bool) -> int:
    """Everything about one key (by name or id) but its secret.

    \b
    Example:
      pilothouse keys show ci
    """
    with _opened(store) as opened:
        view = admin_keys.shown(opened.keys, key, now_us())
    _tell(view, as_json)
    return 0


@command.command("set")
@click.argument("key")
@click.option("--name", metavar="NAME", help="Another name.")
@key_options
@store_option
@json_option
def set_key(key: str, name: str | None, store: Path, as_json: bool, **given: Any) -> int:
    """Change what is given; running gateways follow within a second.

    \b
    Example:
      pilothouse keys set ci --limit concurrency=4 --budget 100/month --expires none
      pilothouse keys set ci --limit requests_per_minute=none --team none
    """
    moment = now_us()
    with _opened(store) as opened:
        before = admin_keys.shown(opened.keys, key, moment)
        change = KeyChange(
            name=UNSET if name is None else name.strip(),
            team=name_or_none(given["team"]),
            models=given["models"] or UNSET,
            scopes=given["scopes"] or UNSET,
            limits=limits_from(before.limits, given["limits"]) if given["limits"] else UNSET,
            budgets=budgets_from(before.budgets, given["budgets"]) if given["budgets"] else UNSET,
            expires_at=expiry_from(given["expires"], moment) if given["expires"] else UNSET,
            metadata=metadata_from(before.metadata, given["meta"]) if given["meta"] else UNSET,
        )
        if change == KeyChange():
            raise InvalidInput("nothing to change: give an option, e.g. --budget 100/month")
        after = admin_keys.changed(opened.keys, key, change, moment)
    _tell(after, as_json)
    return 0


@command.command()
@click.argument("key")
@click.option(
    "--overlap",
    default="24h",
    show_default=True,
    metavar="SPAN",
    help="How long the old secret stays good.",
)
@store_option
@json_option
def rotate(key: str, overlap: str, store: Path, as_json: bool) -> int:
    """Give a key a new secret; both open it during the overlap.

    \b
    Example:
      pilothouse keys rotate ci --overlap 1h
      pilothouse keys rotate ci --overlap 0
    """
    overlap_us = span_us(overlap)
    with _opened(store) as opened:
        made = admin_keys.rotate(
            opened.keys, key, now_us(), overlap_us=overlap_us, randomness=os.urandom(SECRET_BYTES)
        )
    until = made.key.old_secret_until
    ends = "has ended" if until is None else f"is good until {until:%Y-%m-%d %H:%M:%S} UTC"
    _hand_over(made, as_json, f"Keep the new secret: it is not shown again. The old one {ends}.")
    return 0


@command.command()
@click.argument("key")
@store_option
@json_option
def revoke(key: str, store: Path, as_json: bool) -> int:
    """Close a key for good. Its record and spending stay.

    \b
    Example:
      pilothouse keys revoke ci
    """
    with _opened(store) as opened:
        view = admin_keys.revoke(opened.keys, key, now_us())
    if as_json:
        print_json(view)
    else:
        click.echo(f'The key "{view.name}" is revoked; running gateways refuse it within a second.')
    return 0


@command.command()
@click.argument("key", required=False)
@click.option("--team", metavar="NAME", help="What a team spent, instead of a key.")
@store_option
@json_option
def spend(key: str | None, team: str | None, store: Path, as_json: bool) -> int:
    """Money by period, as booked (running gateways book five times a second).

    \b
    Example:
      pilothouse keys spend ci
      pilothouse keys spend --team web --json
    """
    if (key is None) == (team is None):
        raise InvalidInput("name a key, or a team with --team")
    with _opened(store) as opened:
        if team is not None:
            rows = admin_keys.team_spend(opened.budgets, team)
            shown = [{"period": account.period, "spent_usd": usd} for account, usd in rows]
            told: object = {"team": team, "rows": shown}
            cells = [(r["period"], r["spent_usd"], None, None) for r in shown]
        else:
            found = admin_keys.spend(opened.keys, opened.budgets, str(key), now_us())
            told, cells = found, [structs.astuple(row) for row in found.rows]
    if as_json:
        print_json(told)
    elif not cells:
        click.echo("Nothing is booked yet.")
    else:
        print_table(("period", "spent USD", "budget USD", "left USD"), cells)
    return 0


@contextmanager
def _opened(store: StoreAddress, *, must_exist: bool = True) -> Generator[Store]:
    opened = open_store(store, must_exist=must_exist)
    try:
        yield opened
    finally:
        opened.close()


def _hand_over(made: Created, as_json: bool, said: str) -> None:
    """The secret alone on standard output, so that it can be piped; words go to standard error."""
    if as_json:
        print_json(made)
        return
    click.echo(said, err=True)
    click.echo(made.secret)


def _tell(view: KeyView, as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    for name, value in structs.asdict(view).items():
        if name == "limits":
            value = _joined(
                f"{n}={v}" for n, v in structs.asdict(view.limits).items() if v is not None
            )
        elif name == "budgets":
            value = _joined(_budget_text(b) for b in view.budgets)
        elif name == "metadata":
            value = _joined(f"{n}={v}" for n, v in view.metadata.items())
        elif isinstance(value, tuple):
            value = _joined(view.models if name == "models" else view.scopes)
        elif isinstance(value, datetime):
            value = f"{value:%Y-%m-%d %H:%M:%S} UTC"
        click.echo(f"{name:<17} {'-' if value in (None, '') else value}")


def _cells(view: KeyView) -> Sequence[object]:
    expires = None if view.expires_at is None else f"{view.expires_at:%Y-%m-%d %H:%M}"
    return (
        view.name,
        view.status,
        f"...{view.last4}",
        view.team,
        _joined(view.models),
        _joined(view.scopes),
        _joined(_budget_text(b) for b in view.budgets) or None,
        expires,
    )


def _joined(parts: Iterable[str]) -> str:
    return " ".join(parts)


def _budget_text(budget: Budget) -> str:
    return f"{budget.usd:f}/{budget.per}"
