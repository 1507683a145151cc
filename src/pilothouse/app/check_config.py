"""`check:` of a route as written: what an answer must pass, so that the next target is not asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.route import Check, Target
from pilothouse.core.route_settings import Seconds
from pilothouse.scorers._choice import AnyScorer, Options, asked_judges, choose_scorer, is_asking

_ANY = Case(id="live", prompt="Which question, of whatever kind, was asked?")
"""What is known of every request: somebody asks, and nobody knows what a good answer holds."""


class CheckConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Scorers as in `poc.yaml`, of which every one must accept; or another target that must say the same; or both."""

    scorers: dict[str, Options] = {}
    """By name, with their options. Judges are targets."""
    at_least: Annotated[float, Meta(gt=0, le=1)] = 0.5
    agree_with: str | None = None
    timeout_s: Seconds = 30.0


def check_of(config: CheckConfig, targets: Mapping[str, Target], folder: Path) -> Check:
    """No problems left. Files are found from `folder`."""
    chosen = [choose_scorer({name: options}, folder)[1] for name, options in config.scorers.items()]
    named = sorted(zip(config.scorers, chosen, strict=True), key=lambda pair: is_asking(pair[1]))
    judges = dict.fromkeys(judge for scorer in chosen for judge in asked_judges(scorer))
    return Check(
        scorers=tuple(named),
        at_least=config.at_least,
        agree_with=None if config.agree_with is None else targets[config.agree_with],
        judges=tuple(targets[judge] for judge in judges),
        timeout_s=config.timeout_s,
        words=_words(config),
    )


def check_problems(
    at: str, config: CheckConfig, own: Iterable[str], targets: Mapping[str, Any], folder: Path
) -> Iterator[tuple[str, str]]:
    """What is wrong with it, each with its key path. `own`: the route's targets."""
    if not config.scorers and config.agree_with is None:
        yield at, "nothing is checked: name scorers, or agree_with: TARGET"
    for name, options in config.scorers.items():
        where = f"{at}.scorers.{name}"
        try:
            _, scorer = choose_scorer({name: options}, folder)
        except InvalidInput as error:
            yield where, str(error)
            continue
        unfit = _unfit(name, scorer)
        if unfit is not None:
            yield where, unfit
        for judge in asked_judges(scorer):
            if judge not in targets:
                hint = did_you_mean(judge, targets)
                message = (
                    f'no target "{judge}" to judge with.{hint} (judges of a check are targets)'
                )
                yield where, message
    other = config.agree_with
    if other is None:
        return
    if other not in targets:
        hint = did_you_mean(other, targets)
        yield (
            f"{at}.agree_with",
            f'unknown target "{other}".{hint} (there are: {", ".join(targets)})',
        )
    elif other in own:
        message = (
            f'"{other}" is asked by this route itself: take it out of targets, or name another'
        )
        yield f"{at}.agree_with", message


def _unfit(name: str, scorer: AnyScorer) -> str | None:
    """Why no request can be graded by it; None where one may."""
    try:
        scorer.check(_ANY)
    except ValueError as error:
        why = str(error).removeprefix(f"case {_ANY.id}: ")
        return (
            f"{name} needs more than a question and its answer ({why}), and a request has no expected "
            "answer, context or details. Checks that need none: regex, json_schema, format, contains, "
            "refusal, pii, python, judge"
        )
    return None


def _words(config: CheckConfig) -> str:
    said: list[str] = []
    for name, options in config.scorers.items():
        inner = ", ".join(f"{k}: {v}" for k, v in options.items())
        said.append(f"{name} ({inner})" if inner else name)
    words = " and ".join(said)
    if words:
        words += f" at least {config.at_least:g}"
    if config.agree_with is not None:
        words += f"{' and ' if words else ''}the same answer as {config.agree_with}"
    return words
