"""`pilothouse route`: configured routes, why a request goes where it goes, and routers learned from proofs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import click

from pilothouse.app.compose import now_us, open_router
from pilothouse.app.config import Config, load_config
from pilothouse.app.stores import open_store
from pilothouse.catalog.prices import price_of
from pilothouse.cli.catalog_option import catalog_option, open_catalog
from pilothouse.cli.output import print_json, print_table
from pilothouse.cli.route_certify import certify
from pilothouse.cli.route_eval import evaluate
from pilothouse.cli.route_facts import fact_options, facts_from
from pilothouse.cli.route_learn import learn
from pilothouse.cli.route_learned_words import tell_decision
from pilothouse.cli.route_off_policy import off_policy
from pilothouse.cli.route_plan import plan
from pilothouse.cli.route_upgrades import upgrades
from pilothouse.cli.route_words import targets_in_words, tell_explained, tell_simulated
from pilothouse.cli.store_option import call_filters, filter_from, store_option
from pilothouse.client.route_explain import explained
from pilothouse.client.route_simulation import simulated
from pilothouse.client.routing import Router
from pilothouse.core.answer import Usage
from pilothouse.core.errors import NotFound, did_you_mean
from pilothouse.core.facts import with_content
from pilothouse.core.place import draw
from pilothouse.core.ports import PriceOf
from pilothouse.core.request import Message, Request
from pilothouse.core.route import CostOf, Live, RouteSpec
from pilothouse.learned.artefact import read_artefact, usual_promise
from pilothouse.learned.decide import Decider, Dial
from pilothouse.learned.explain import explained as explain_decision

_config_argument = click.argument("config", type=click.Path(path_type=Path))
_json_option = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")


@click.group()
def command() -> None:
    """The configured routes, why a request goes where it goes, what would change, and routers learned from proofs.

    \b
    Example:
      pilothouse route explain pilothouse.yaml support --input-tokens 9000 --tools
      pilothouse route learn last --out router.json
    """


command.add_command(learn)
command.add_command(plan)
command.add_command(evaluate)
command.add_command(certify)
command.add_command(off_policy)
command.add_command(upgrades)


@command.command("list")
@_config_argument
@_json_option
def list_routes(config: Path, as_json: bool) -> int:
    """One line a route; a target is a route of its own.

    \b
    Example:
      pilothouse route list pilothouse.yaml
    """
    loaded = load_config(config)
    aliases: dict[str, list[str]] = {}
    for alias, name in loaded.aliases.items():
        aliases.setdefault(name, []).append(alias)
    if as_json:
        print_json([_row(spec, aliases) for spec in loaded.routes.values()])
        return 0
    rows = [
        (
            spec.name,
            ", ".join(aliases.get(spec.name, ())) or None,
            spec.policy,
            targets_in_words(spec),
        )
        for spec in loaded.routes.values()
    ]
    print_table(("route", "also called", "policy", "targets, in order"), rows)
    return 0


@command.command()
@_config_argument
@click.argument("route")
@click.option("--text", help="The question, for routes that read it; `-`: from standard input.")
@click.option(
    "--tolerance",
    type=click.FloatRange(-1, 1),
    help="Of a router's file: how much less likely a good answer may be.  [default: its promise]",
)
@fact_options
@catalog_option
@_json_option
def explain(
    config: Path, route: str, text: str | None, tolerance: float | None, own: Path | None,
    as_json: bool, **given: Any,
) -> int:  # fmt: skip
    """Where a request with these facts would go on ROUTE (a route, alias or target), and why.

    What is not given is not known. Nothing is asked of any provider. Exit 2: no such route. CONFIG may be a learned
    router's file; ROUTE is then the question itself.

    \b
    Example:
      pilothouse route explain pilothouse.yaml support --input-tokens 9000 --tools --team research
      pilothouse route explain pilothouse.yaml support --text "How many eggs are left?" --tag sums
      pilothouse route explain router.json "How many eggs are left?"
    """
    if config.suffix == ".json":
        return _explain_learned(config, route, given["tag"], tolerance, as_json=as_json)
    router, spec = _routed(load_config(config), config, route)
    facts = facts_from(route, given)
    if text is not None:
        asked = Request(model=route, messages=(Message.of_text("user", _text(text)),))
        facts = with_content(facts, asked, texts=True)
    prices = price_of(open_catalog(own)) if spec.policy == "cheapest" else None
    live = Live(draw=draw(facts.request_id))
    if prices is not None:
        live = Live(draw=live.draw, cost_of=_cost_of_at(prices)(now_us()))
    found = explained(router, spec, facts, live)
    if as_json:
        print_json(found)
    else:
        tell_explained(found, spec)
    return 0


@command.command()
@_config_argument
@call_filters
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=10_000,
    show_default=True,
    help="Newest attempts.",
)
@store_option
@catalog_option
@_json_option
def simulate(
    config: Path, limit: int, store: Path, own: Path | None, as_json: bool, **given: str | None
) -> int:
    """Replay recorded calls through the routes of CONFIG: where each request would go first, and its cost.

    Exit 1: some recorded requests name a route that CONFIG does not have.

    \b
    Example:
      pilothouse route simulate new.yaml --store pilothouse.db --since 7d
    """
    loaded = load_config(config)
    opened = open_store(store, must_exist=True)
    try:
        where = filter_from({**given, "source": given.get("source") or "serve"}, opened.keys)
        calls = opened.calls(where, limit=limit)
    finally:
        opened.close()
    prices = price_of(open_catalog(own))
    found = simulated(
        open_router(loaded.routes, loaded.aliases), calls, prices, _cost_of_at(prices)
    )
    if as_json:
        print_json(found)
    elif not found.requests:
        click.echo(f"No calls match in {store}.")
    else:
        tell_simulated(found, is_cut=len(calls) == limit)
    return 1 if found.unrouted else 0


def _explain_learned(
    path: Path, text: str, tag: str | None, tolerance: float | None, *, as_json: bool
) -> int:
    decider = Decider(read_artefact(path))
    artefact = decider.artefact
    certificate = usual_promise(artefact.certificates)
    if tolerance is None:
        tolerance = certificate.tolerance if certificate is not None else None
    dial = Dial(tolerance=-inf if tolerance is None else tolerance)
    found = explain_decision(decider, _text(text), tag, dial)
    if as_json:
        print_json({"models": artefact.models, "tolerance": tolerance, "explanation": found})
        return 0
    tell_decision(artefact, found)
    click.echo()
    if tolerance is None:
        click.echo("tolerance: none is certified, so the reference answers everything")
    else:
        click.echo(f"tolerance: {tolerance:g}")
    return 0


def _text(given: str) -> str:
    return sys.stdin.read() if given == "-" else given


def _routed(config: Config, path: Path, name: str) -> tuple[Router, RouteSpec]:
    router = open_router(config.routes, config.aliases)
    spec = router.spec(name)
    if spec is None:
        hint = did_you_mean(name, [*config.routes, *config.aliases])
        raise NotFound(
            f'{path}: no route, alias or target is called "{name}".{hint} '
            f"(list them: pilothouse route list {path})"
        )
    return router, spec


def _cost_of_at(prices: PriceOf) -> Callable[[int], CostOf]:
    def at(at_us: int) -> CostOf:
        return lambda target, tokens_in, tokens_out: (
            prices(target, Usage(input_tokens=tokens_in, output_tokens=tokens_out), at_us).cost_usd
        )

    return at


def _row(spec: RouteSpec, aliases: dict[str, list[str]]) -> dict[str, object]:
    return {
        "route": spec.name,
        "aliases": aliases.get(spec.name, []),
        "policy": spec.policy,
        "targets": [t.name for t in spec.targets],
        "weights": list(spec.weights),
        "rules": [
            {"name": c.rule.name, "when": c.rule.text, "use": [t.name for t in c.targets]}
            for c in spec.rules
        ],
        "reads_content": spec.reads_content,
        "context_fallbacks": [t.name for t in spec.context_fallbacks],
        "content_fallbacks": [t.name for t in spec.content_fallbacks],
        "shadows": [t.name for t in spec.shadow.targets] if spec.shadow else [],
        "upgrade": spec.upgrade.target.name if spec.upgrade else None,
    }
