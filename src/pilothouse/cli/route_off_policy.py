"""`pilothouse route off-policy`: what a learned router would have given, from requests that another one drew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from math import inf
from pathlib import Path

import click
from msgspec import Struct

from pilothouse import registry
from pilothouse.app.compose import now_us
from pilothouse.app.stores import StoreAddress, open_store
from pilothouse.cli.output import print_json, print_table, say
from pilothouse.cli.store_option import store_option
from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.stats.proportion import Interval
from pilothouse.learned.artefact import Artefact, read_artefact, usual_promise
from pilothouse.learned.decide import Decider, Dial
from pilothouse.route.cascade_words import points, share
from pilothouse.route.off_policy import MARGIN, Measured, OffPolicy, estimate
from pilothouse.route.off_policy_log import Counts, Drawn, cases_of, read_log
from pilothouse.route.off_policy_predictions import at_the_level_seen
from pilothouse.route.off_policy_proposed import Wanted, proposed
from pilothouse.route.off_policy_terms import Proposed
from pilothouse.route.off_policy_words import because, between, warnings
from pilothouse.watch.when import when_us

_OK = ("better", "not worse")


class Report(Struct, frozen=True, kw_only=True):
    """All that is said, for --json."""

    because: str
    warnings: tuple[str, ...]
    route: str
    scorer: str
    tolerance: float | None
    """None = everything goes to the reference."""
    explore: float
    counts: Counts
    chosen_share: dict[str, float]
    """Of the new policy, by model, on the requests that were used."""
    found: OffPolicy


@click.command("off-policy")
@click.argument("new", type=click.Path(path_type=Path), metavar="NEW.json")
@click.option("--route", required=True, help="The route that drew.")
@click.option("--since", default="7d", show_default=True, help="An age (1h, 7d), or a date.")
@click.option("--until", help="As --since; now when not said.")
@click.option("--scorer", help="Whose score is the reward; errors are 0.  [default: the only one]")
@click.option(
    "--promise",
    type=click.FloatRange(0, 1),
    help="The certificate that is kept to.  [default: as a route's]",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(-1, 1),
    help="In place of a promise: how much less likely a good answer may be.",
)
@click.option(
    "--explore",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Share that the new policy sends to any tolerated model.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="MODEL=TARGET",
    help="A model of the file is called so on the route (again for more).",
)
@click.option(
    "--margin",
    type=click.FloatRange(0, 1, max_open=True),
    default=MARGIN,
    show_default=True,
    help="How much worse than the policy of the log is still well enough.",
)
@store_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def off_policy(
    new: Path, route: str, since: str, until: str | None, scorer: str | None, promise: float | None,
    tolerance: float | None, explore: float, models: tuple[str, ...], margin: float,
    store: StoreAddress, as_json: bool,
) -> int:  # fmt: skip
    """Would the learned router NEW.json have done better on a route's own traffic? Before it is promoted.

    Needs requests whose target was drawn with a known chance (`learned: {explore: ...}` on the route), kept
    questions (`sampling:`) and scores of answers. Nothing is asked of any provider. Exit 0: not worse; 1: worse, or
    not known.

    \b
    Example:
      pilothouse route off-policy new.json --route support --since 7d --scorer thumb
    """
    artefact = read_artefact(new)
    wanted = Wanted(dial=_dial(artefact, str(new), promise, tolerance), explore=explore)
    target_of = _targets(artefact, models)
    now = now_us()
    until_us = when_us(until, now) if until else now + 1
    with closing(open_store(store, must_exist=True)) as opened:
        log = read_log(opened, route, scorer, when_us(since, now), until_us)
    chat = registry.plugin("dialects", "openai_chat")
    cases, counts = cases_of(log, chat.read_request, _naming(target_of))
    _check(counts, {c.logged.chosen for c in cases}, artefact, target_of, str(new))
    logged = [c.logged for c in cases]
    chances = proposed(Decider(artefact), wanted, cases)
    found = estimate(logged, at_the_level_seen(logged, chances), margin=margin)
    report = Report(
        because=because(found),
        warnings=warnings(counts),
        route=route,
        scorer=log.scorer,
        tolerance=None if wanted.dial.tolerance == -inf else wanted.dial.tolerance,
        explore=explore,
        counts=counts,
        chosen_share=_chosen(chances),
        found=found,
    )
    if as_json:
        print_json(report)
    else:
        _tell(report, str(new))
    return 0 if found.verdict in _OK else 1


def _dial(artefact: Artefact, where: str, promise: float | None, tolerance: float | None) -> Dial:
    """As a route would be given it; where no promise can be kept, everything goes to the reference."""
    if tolerance is not None and promise is not None:
        raise InvalidInput("--tolerance stands in place of --promise: say one of them")
    if tolerance is not None:
        return Dial(tolerance=tolerance)
    kept = [c for c in artefact.certificates if c.tolerance is not None]
    certificate = usual_promise(kept)
    if promise is not None:
        certificate = next((c for c in kept if c.epsilon == promise), None)
        if certificate is None:
            known = ", ".join(f"{c.epsilon:g}" for c in kept) or "none"
            raise InvalidInput(f"{where}: {promise:g} is not certified (there are: {known})")
    if certificate is None:
        if artefact.certificates:
            return Dial(tolerance=-inf)
        raise InvalidInput(f"{where}: it has no certificate: say --tolerance, e.g. 0.05")
    assert certificate.tolerance is not None
    return Dial(tolerance=certificate.tolerance, quality_usd=certificate.quality_usd)


def _targets(artefact: Artefact, models: tuple[str, ...]) -> dict[str, str]:
    """Targets (or a provider's ids of models) to the file's names."""
    found = {name: name for name in artefact.models}
    for text in models:
        model, is_given, target = text.partition("=")
        if not is_given or not target:
            raise InvalidInput(f'--model "{text}": write MODEL=TARGET')
        if model not in artefact.models:
            hint = did_you_mean(model, artefact.models)
            raise InvalidInput(f'--model "{text}": the file knows no model "{model}".{hint}')
        found[target] = model
    return found


def _naming(target_of: Mapping[str, str]) -> Callable[[Drawn], str]:
    return lambda row: target_of.get(row.target) or target_of.get(row.model) or row.target


def _check(
    counts: Counts, seen: set[str], artefact: Artefact, target_of: Mapping[str, str], where: str
) -> None:
    if not counts.used:
        raise InvalidInput(
            f"of {counts.drawn} drawn requests none has both a kept question and a score (without a question: "
            f"{counts.without_question}, later turns: {counts.later_turns}, not scored: {counts.not_scored}): "
            "`sampling: {share: 1}` keeps all questions"
        )
    if seen.isdisjoint(artefact.models):
        raise InvalidInput(
            f"{where}: none of its models ({', '.join(target_of)}) was ever drawn on the route (there: "
            f"{', '.join(sorted(seen))}): name them with --model MODEL=TARGET"
        )


def _chosen(chances: list[Proposed]) -> dict[str, float]:
    total: dict[str, float] = {}
    for each in chances:
        for model, chance in each.chances.items():
            total[model] = total.get(model, 0.0) + chance
    ranked = sorted(total.items(), key=lambda pair: -pair[1])
    return {model: count / len(chances) for model, count in ranked}


def _tell(report: Report, where: str) -> None:
    found, counts = report.found, report.counts
    dial = (
        "everything to the reference"
        if report.tolerance is None
        else f"tolerance {report.tolerance:g}"
    )
    left = ", ".join(
        f"{n} {what}"
        for n, what in (
            (counts.without_question, "without a question"),
            (counts.later_turns, "later turns"),
            (counts.nobodys_fault, "nobody's fault"),
            (counts.not_scored, "not scored"),
        )
        if n
    )
    say(f"{where} ({dial}) on the route {report.route}, by {report.scorer}")
    say(f"{counts.drawn} drawn requests, {counts.used} used{f' ({left})' if left else ''}")
    say("would choose: " + ", ".join(f"{k} {share(s)}" for k, s in report.chosen_share.items()))
    click.echo()
    header = ("", "value", "95 %", "for any number", "difference", "95 %")
    print_table(header, _table(found.quality, "quality", share, points))
    if found.cost is not None:
        click.echo()
        print_table(header, _table(found.cost, "$ a request", _usd, _usd_apart))
    click.echo()
    say(
        f"effective: {found.effective_rows:.0f} of {found.rows} rows in {found.groups} groups, "
        f"{found.effective_switches:.0f} tries of what differs; largest weight {found.largest_weight:.1f}; "
        f"mean weight {found.support:.2f}"
    )
    for warning in report.warnings:
        say(f"note: {warning}")
    say(report.because)
    if found.verdict in _OK and found.strict_verdict != found.verdict:
        say(f"(By the bound that holds for any number of requests: {found.strict_verdict}.)")


def _table(
    of: Measured, what: str, words: Callable[[float], str], apart: Callable[[float], str]
) -> list[tuple[object, ...]]:
    own = of.own
    rows: list[tuple[object, ...]] = [
        (
            f"{what}, as logged",
            words(own.value),
            between(own.interval, words),
            _bound(own.bound, words),
            None,
            None,
        )
    ]
    rows += [
        (
            f"{what}, new, {e.method}",
            words(e.new.value),
            between(e.new.interval, words),
            _bound(e.new.bound, words),
            apart(e.difference.value),
            between(e.difference.interval, apart),
        )
        for e in of.by
    ]
    return rows


def _bound(bound: Interval | None, words: Callable[[float], str]) -> str | None:
    """None where it says nothing of a value within 0-1."""
    if bound is None or (bound.low <= 0 and bound.high >= 1):
        return None
    return between(Interval(max(0.0, bound.low), min(1.0, bound.high)), words)


def _usd(value: float) -> str:
    return f"{value:.6f}"


def _usd_apart(value: float) -> str:
    return f"{value:+.6f}"
