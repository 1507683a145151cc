"""A learned router in words for a terminal: its promises, and one decision taken apart."""

from __future__ import annotations

import click

from pilothouse.cli.output import print_table, say
from pilothouse.learned.artefact import Artefact, usual_promise
from pilothouse.learned.explain import Explanation

PROMISES = ("harmed at most", "goes elsewhere", "saves", "95 %", "harmed", "bound", "next needs")


def promise_rows(artefact: Artefact) -> list[tuple[object, ...]]:
    """A line a certificate, under `PROMISES`."""
    rows: list[tuple[object, ...]] = []
    for c in artefact.certificates:
        needs = f"{c.cases_for_next:,} cases" if c.cases_for_next else None
        if c.tolerance is None:
            rows.append((f"{c.epsilon:.0%}", "no promise", None, None, None, None, needs))
            continue
        saves = None if c.saving is None else f"{c.saving:.1%}"
        span = None if c.saving_low is None else f"{c.saving_low:.1%} to {c.saving_high:.1%}"
        share, bound = f"{c.routed_share:.1%}", f"{c.upper_bound:.2%}"
        rows.append(
            (f"{c.epsilon:.0%}", share, saves, span, f"{c.harmed} of {c.cases}", bound, needs)
        )
    return rows


def tell_promises(artefact: Artefact) -> None:
    """Each certificate, the advice, and the promise that a route keeps to when its configuration says nothing else."""
    print_table(PROMISES, promise_rows(artefact))
    click.echo()
    say(f"{artefact.advice}: {artefact.why}")
    c = usual_promise(artefact.certificates)
    if c is None or artefact.advice != "route":
        return
    best = artefact.models[artefact.reference]
    say(
        f"Promised: of requests like the calibration sample at most {c.epsilon:.0%} are harmed ({best} would have "
        f"answered well, and the chosen model does not), with confidence {1 - c.delta:.0%}."
    )


def tell_decision(artefact: Artefact, found: Explanation) -> None:
    """Gate, P and cost of each model, and what moved it."""
    d = found.decision
    chosen = artefact.models[d.chosen]
    click.echo(f"goes to {chosen}")
    covered = f"{d.coverage:.0%} of its words and pairs were met in learning"
    click.echo(f"gate: {d.gate} ({covered}); tag: {d.tag or 'none'}")
    click.echo()
    rows = [
        (
            name,
            f"{d.good[k]:.3f}",
            f"{d.cost_usd[k]:.6f}" if artefact.has_costs else None,
            f"{d.latency_ms[k]:.0f}" if d.latency_ms[k] else None,
            ", ".join(
                word
                for word, holds in (
                    ("chosen", k == d.chosen),
                    ("reference", k == artefact.reference),
                    ("not tolerated", k not in d.eligible),
                )
                if holds
            ),
        )
        for k, name in enumerate(artefact.models)
    ]
    print_table(("model", "P(good)", "$ expected", "ms expected", ""), rows)
    if found.parts and found.compared != artefact.reference:
        click.echo()
        other, best = artefact.models[found.compared], artefact.models[artefact.reference]
        click.echo(f"for {other} (+) or {best} (-), in log-odds:")
        for part in found.parts:
            click.echo(f"  {part.log_odds:+.2f}  {part.name}")
