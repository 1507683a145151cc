"""`pilothouse cache`: what a request is to the answer cache, and how often an embedding takes two for one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from pilothouse import registry
from pilothouse.app.caching import embedder_of
from pilothouse.app.compose import open_client
from pilothouse.app.config import Config, load_config
from pilothouse.cli.output import print_json, print_table, write
from pilothouse.client.cache.explain import Explained, explained
from pilothouse.client.cache.semantic.asking import EmbeddingCaller
from pilothouse.client.cache.semantic.embedder import Embedder, PluginEmbedder
from pilothouse.client.cache.semantic.measure import Measured, Pair, judged, measured
from pilothouse.core.ask import Ask
from pilothouse.core.errors import InvalidInput, NotFound, did_you_mean
from pilothouse.core.route_settings import CacheSettings

THRESHOLDS = (0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.95, 0.97, 0.99)
DIALECTS = ("openai_chat", "openai_responses", "anthropic_messages", "gemini")
_json_option = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
_config_option = click.option("--config", type=click.Path(path_type=Path), help="pilothouse.yaml.")
_pair_in = msgspec.json.Decoder(Pair)


@click.group()
def command() -> None:
    """The answer cache: what a request is to it, and how often a near answer would be wrong.

    \b
    Example:
      pilothouse cache explain request.json
    """


@command.command()
@click.argument("file", type=click.File("rb"))
@click.option("--dialect", type=click.Choice(DIALECTS), default="openai_chat", show_default=True)
@_config_option
@click.option("--route", help="With the settings of this route of --config.")
@_json_option
def explain(file: Any, dialect: str, config: Path | None, route: str | None, as_json: bool) -> int:
    """What the request body in FILE (- = standard input) is to the cache. Exit 1: it would be passed by.

    \b
    Example:
      pilothouse cache explain request.json --config pilothouse.yaml --route support
    """
    plugin = registry.plugin("dialects", dialect)
    body = file.read()
    ask = Ask(plugin, body, plugin.read_envelope(body, model="any"))
    found = explained(ask, _settings(config, route), body)
    if as_json:
        print_json(found)
    else:
        _tell(found)
    return 0 if found.would_be_kept else 1


@command.command()
@click.argument("pairs", type=click.File("rb"))
@click.option("--embedding", default="lexical", show_default=True, help="A plugin, or a target.")
@_config_option
@click.option("--out", type=click.Path(path_type=Path), help="For `measured` of a route.")
@_json_option
def measure(
    pairs: Any, embedding: str, config: Path | None, out: Path | None, as_json: bool
) -> int:
    """How often each threshold answers, rightly and wrongly, on PAIRS: lines of {"a", "b", "same"}.

    A target of --config is asked for a vector of each text, which costs what it costs.

    \b
    Example:
      pilothouse cache measure pairs.jsonl --embedding lexical --out measured.json
    """
    read = _pairs(pairs)
    found = asyncio.run(_measured(pairs.name, read, embedding, config))
    if out is not None:
        write(out, msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    if as_json:
        print_json(found)
        return 0
    for one in found:
        _tell_measured(one)
    return 0


def _settings(config: Path | None, route: str | None) -> CacheSettings:
    if config is None and route is None:
        return CacheSettings(ttl_s=60)
    if config is None or route is None:
        raise InvalidInput("--config and --route go together")
    routes = load_config(config).routes
    if route not in routes:
        raise NotFound(f'{config}: no route is called "{route}".{did_you_mean(route, routes)}')
    settings = routes[route].cache
    if settings.ttl_s is None:
        raise InvalidInput(f'{config}: the route "{route}" keeps no answers: give it cache.ttl_s')
    return settings


def _tell(found: Explained) -> None:
    click.echo(f"{'kept' if found.would_be_kept else 'passed by'}: {found.why}")
    rows = [
        ("question", found.question),
        ("in the key", ", ".join(found.in_the_key)),
        ("left out", ", ".join(found.left_out) or "nothing"),
        ("shared with other formats", "yes" if found.same_in_every_dialect else "no"),
        ("conversation", found.conversation or "-"),
        ("a near question", "its last turn is compared" if found.details else "is not looked for"),
    ]
    print_table(("part", "value"), rows)


def _pairs(file: Any) -> list[Pair]:
    found: list[Pair] = []
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            found.append(_pair_in.decode(line))
        except msgspec.MsgspecError as error:
            raise InvalidInput(f"{file.name}:{number}: {error}") from None
    if all(pair.same for pair in found):
        raise InvalidInput(
            f"{file.name}: no pair of different questions, so no false hit could be seen"
        )
    return found


async def _measured(
    name: str, pairs: Sequence[Pair], embedding: str, config: Path | None
) -> list[Measured]:
    if embedding in registry.names("embedders"):
        return await _counted(name, pairs, PluginEmbedder(registry.plugin("embedders", embedding)))
    if config is None:
        raise InvalidInput(f'"{embedding}" is no embedding of ours: --config says what it is')
    loaded: Config = load_config(config)
    async with open_client(loaded.providers, loaded.store_at) as parts:
        asking = EmbeddingCaller(parts.client)
        return await _counted(name, pairs, embedder_of(embedding, loaded.targets, asking))


async def _counted(name: str, pairs: Sequence[Pair], embedder: Embedder) -> list[Measured]:
    found = await judged(pairs, embedder)
    return [
        measured(name, embedder.name, found, THRESHOLDS, guards=guards) for guards in (False, True)
    ]


def _tell_measured(one: Measured) -> None:
    click.echo(f"\n{one.set}, {one.embedding}, {'with' if one.guards else 'without'} guards")
    rows = [
        (
            f"{rate.threshold:g}",
            f"{rate.hits}/{rate.same}",
            f"{rate.false_hits}/{rate.near_misses}",
            f"{rate.false_hits_upper:.2%}",
        )
        for rate in one.rates
    ]
    print_table(("threshold", "right", "wrong", "wrong at most (95 %)"), rows)
