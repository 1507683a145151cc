"""`pilothouse migrate`: plan, rehearse, start, watch and steer rollouts."""

from __future__ import annotations

import asyncio
import getpass
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from pilothouse import recordings
from pilothouse.app.compose import now_us, open_providers
from pilothouse.app.config import Config, load_config
from pilothouse.app.stores import open_store
from pilothouse.catalog.catalog import load_bundled
from pilothouse.catalog.prices import price_of
from pilothouse.cli.output import print_json, print_table
from pilothouse.cli.store_option import store_option
from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.ports import AuditEntry
from pilothouse.core.rollout import (
    ACTIVE,
    Rollout,
    advance,
    decide,
    new_rollout,
    percent,
    step_back,
)
from pilothouse.migrate import runner
from pilothouse.migrate.fault import parse_fault
from pilothouse.migrate.plan import Plan, load_plan, plan_text
from pilothouse.migrate.rehearse import Rehearsal

json_option = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")


@click.group()
def command() -> None:
    """Move a route from one model or policy to another, guarded by a test that may be looked at all day.

    \b
    Example:
      pilothouse migrate rehearse rollout.yaml --fault errors=0.3@25%
    """


@command.command()
@click.option("--from", "old", required=True, help="The target (or route) that answers today.")
@click.option("--to", "new", required=True, help="The target (or route) that shall answer.")
@click.option("--route", help="The route; needed when several hold the old target.")
@click.option("--config", default="pilothouse.yaml", show_default=True)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default="rollout.yaml", show_default=True
)
@json_option
def plan(old: str, new: str, route: str | None, config: str, out: Path, as_json: bool) -> int:
    """Write a plan to review.

    \b
    Example:
      pilothouse migrate plan --from gpt-4o --to claude-haiku-4-5 -o rollout.yaml
    """
    loaded = load_config(Path(config))
    for name in (old, new):
        _check_arm(name, loaded, config)
    holding = [
        n
        for n, r in loaded.routes.items()
        if n not in loaded.targets and old in [t.name for t in r.targets]
    ]
    if not holding and old in loaded.routes:
        holding = [old]
    chosen = route or (holding[0] if len(holding) == 1 else None)
    if chosen is None or chosen not in loaded.routes:
        known = ", ".join(holding) or ", ".join(loaded.routes)
        raise InvalidInput(f"{config}: name the route with --route (those with {old}: {known})")
    if out.exists():
        raise InvalidInput(f"{out}: there is a file already; name another with --out")
    out.write_text(plan_text(f"{old}-to-{new}", config, chosen, old, new), encoding="utf-8")
    load_plan(out)
    if as_json:
        print_json({"plan": str(out), "route": chosen, "from": old, "to": new})
    else:
        click.echo(f"{out}: review it, then: pilothouse migrate rehearse {out}")
    return 0


@command.command()
@click.argument("plan_path", metavar="PLAN", type=click.Path(path_type=Path))
@click.option(
    "--fault", help="Make the new target fail, e.g. errors=0.3@25% (share of calls @ stage)."
)
@click.option("--linger-s", type=float, default=0.0, help="Stay alive this long after the end.")
@store_option
@json_option
def rehearse(
    plan_path: Path, fault: str | None, linger_s: float, store: Path, as_json: bool
) -> int:
    """Run PLAN over recorded traffic on a simulated clock. Exit 0: done; 1: rolled back or held.

    \b
    Example:
      pilothouse migrate rehearse rollout.yaml --fault errors=0.3@25%
    """
    loaded_plan = load_plan(plan_path)
    config = _config_for(loaded_plan)
    _refuse_routes(loaded_plan, config)
    injected = parse_fault(fault) if fault else None
    database = open_store(store)
    shown: list[AuditEntry] = []

    def show(entry: AuditEntry) -> None:
        shown.append(entry)
        if not as_json:
            click.echo(_line(entry))

    try:
        rehearsal = Rehearsal(
            loaded_plan,
            config.routes[loaded_plan.file.route],
            config.targets,
            open_providers(
                {n: p for n, p in config.providers.items() if n in _needed(loaded_plan, config)}
            ),
            price_of(load_bundled()),
            database,
            recordings.cases(loaded_plan.file.rehearsal.cases),
            show,
            injected,
        )
        rollout = rehearsal.begin()
        if rollout.status not in ACTIVE and not shown and not as_json:
            click.echo(f'"{rollout.id}" has ended before: {rollout.status}. {rollout.why}')
            click.echo("It stays so. To try again, give the plan another name.")
        rollout = asyncio.run(rehearsal.run(rollout))
    finally:
        database.close()
    _say(rollout, as_json, shown)
    time.sleep(linger_s)
    return 0 if rollout.status == "done" else 1


@command.command()
@click.argument("plan_path", metavar="PLAN", type=click.Path(path_type=Path))
@store_option
@json_option
def start(plan_path: Path, store: Path, as_json: bool) -> int:
    """Start PLAN on live traffic: every running gateway on this database follows within a second.

    \b
    Example:
      pilothouse migrate start rollout.yaml
    """
    loaded_plan = load_plan(plan_path)
    config = _config_for(loaded_plan)
    arms = (loaded_plan.file.old, loaded_plan.file.new)
    database = open_store(store)
    try:
        name = loaded_plan.file.name
        if database.rollout(name) is not None:
            ended = runner.load(database, name)
            raise InvalidInput(
                f'there is a rollout "{name}" already ({ended.status}): rename the plan'
            )
        for stored in database.rollouts():
            if stored.route == loaded_plan.file.route and stored.status in ACTIVE:
                raise InvalidInput(
                    f'the route "{stored.route}" is being rolled out by "{stored.id}"'
                )
        rollout, entry = new_rollout(
            id=name,
            route=loaded_plan.file.route,
            old=loaded_plan.file.old,
            new=loaded_plan.file.new,
            stages=loaded_plan.stages,
            guards=loaded_plan.guards,
            alpha=loaded_plan.file.alpha,
            max_hold_s=loaded_plan.max_hold_s,
            now_us=now_us(),
            routes=tuple([name for name in arms if name not in config.targets]),
        )
        saved = runner.save(database, rollout, [entry])
        if saved is None:
            raise InvalidInput(f'somebody else has just started "{name}"')
    finally:
        database.close()
    _say(saved, as_json, [entry])
    return 0


@command.command()
@click.argument("rollout_id", metavar="[NAME]", required=False)
@store_option
@json_option
def status(rollout_id: str | None, store: Path, as_json: bool) -> int:
    """Where a rollout stands, or all of them.

    \b
    Example:
      pilothouse migrate status gpt-4o-to-claude-haiku-4-5
    """
    database = open_store(store, must_exist=True)
    try:
        if rollout_id is not None:
            _say(runner.load(database, rollout_id), as_json, [])
            return 0
        found = [runner.load(database, r.id) for r in database.rollouts()]
    finally:
        database.close()
    if as_json:
        print_json([_summary(r) for r in found])
    elif not found:
        click.echo("no rollouts yet: pilothouse migrate plan --help")
    else:
        rows = [(r.id, r.route, r.old, r.new, r.status, percent(r.share)) for r in found]
        print_table(("rollout", "route", "from", "to", "status", "share"), rows)
    return 0


@command.command()
@click.argument("rollout_id", metavar="NAME")
@store_option
@json_option
def log(rollout_id: str, store: Path, as_json: bool) -> int:
    """The append-only history of a rollout, oldest first, with its evidence in --json.

    \b
    Example:
      pilothouse migrate log gpt-4o-to-claude-haiku-4-5 --json
    """
    database = open_store(store, must_exist=True)
    try:
        runner.load(database, rollout_id)
        entries = database.audit(rollout_id)
    finally:
        database.close()
    if as_json:
        print_json(entries)
    for entry in [] if as_json else entries:
        click.echo(_line(entry))
    return 0


def _steering(name: str, text: str, how: Callable[[Rollout, int, str, str], Any]) -> None:
    """One command that changes a running rollout, with who and why."""

    @store_option
    @json_option
    @click.option("--who", default=getpass.getuser, help="Whose decision; your login if not said.")
    @click.option("--why", required=True, help="For the history.")
    @click.argument("rollout_id", metavar="NAME")
    def steer(rollout_id: str, why: str, who: str, store: Path, as_json: bool) -> int:
        database = open_store(store, must_exist=True)
        try:

            def changed(rollout: Rollout) -> Any:
                if rollout.status not in ACTIVE:
                    raise InvalidInput(f'"{rollout.id}" has ended: {rollout.status}. {rollout.why}')
                return how(rollout, now_us(), who, why)

            after = runner.change(database, rollout_id, changed)
        finally:
            database.close()
        _say(after, as_json, [])
        return 0

    steer.__doc__ = f"{text}\n\n    \b\n    Example:\n      pilothouse migrate {name} my-rollout --why 'incident 7'\n    "
    command.command(name)(steer)


_steering(
    "pause",
    "Keep the share where it is; guards still roll back.",
    lambda r, now, who, why: decide(r, now, "paused", "pause", who=who, why=why),
)
_steering(
    "resume",
    "Go on after a pause or a wait.",
    lambda r, now, who, why: decide(r, now, "running", "resume", who=who, why=why),
)
_steering(
    "advance",
    "To the next stage now, whatever the guards still want to see.",
    lambda r, now, who, why: advance(r, now, who=who, why=why),
)
_steering(
    "back",
    "One stage back.",
    lambda r, now, who, why: step_back(r, now, who=who, why=why),
)
_steering(
    "abort",
    "All traffic back to the old target, for good.",
    lambda r, now, who, why: decide(r, now, "aborted", "abort", who=who, why=why),
)


def _config_for(plan: Plan) -> Config:
    config = load_config(plan.config_path)
    file = plan.file
    if file.route not in config.routes:
        hint = did_you_mean(file.route, config.routes)
        raise InvalidInput(f'{plan.config_path}: no route "{file.route}".{hint}')
    for name in (file.old, file.new):
        _check_arm(name, config, plan.config_path)
    return config


def _check_arm(name: str, config: Config, where: Path | str) -> None:
    if name not in config.arms:
        hint = did_you_mean(name, config.arms)
        raise InvalidInput(f'{where}: no target or route "{name}".{hint}')


def _refuse_routes(plan: Plan, config: Config) -> None:
    for name in (plan.file.old, plan.file.new):
        if name not in config.targets:
            raise InvalidInput(
                f'"{name}" is a route, and recorded traffic has no answers for what its policy would choose: '
                "`pilothouse route off-policy` estimates a learned one"
            )


def _needed(plan: Plan, config: Config) -> set[str]:
    """Providers of the two arms and of the route's other targets."""
    targets = {
        *config.routes[plan.file.route].targets,
        config.targets[plan.file.old],
        config.targets[plan.file.new],
    }
    return {t.provider for t in targets}


def _say(rollout: Rollout, as_json: bool, entries: list[AuditEntry]) -> None:
    if as_json:
        print_json({**_summary(rollout), "entries": entries})
        return
    click.echo(
        f"{rollout.id}: {rollout.status}, {percent(rollout.share)} of {rollout.route} on {rollout.new} "
        f"({rollout.requests_new} requests there, {rollout.requests_old} on {rollout.old})"
    )
    click.echo(f"  {rollout.why}")


def _summary(rollout: Rollout) -> dict[str, Any]:
    return {
        "id": rollout.id,
        "route": rollout.route,
        "from": rollout.old,
        "to": rollout.new,
        "status": rollout.status,
        "share": rollout.share,
        "stage": rollout.stage,
        "requests_new": rollout.requests_new,
        "requests_old": rollout.requests_old,
        "why": rollout.why,
    }


def _line(entry: AuditEntry) -> str:
    at = datetime.fromtimestamp(entry.at_us / 1e6, tz=UTC).strftime("%Y-%m-%d %H:%M")
    return f"{at}Z  {entry.what:9}  {entry.why}  [{entry.who}]"
