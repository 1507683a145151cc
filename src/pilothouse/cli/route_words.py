"""Routes, choices and simulations in words for a terminal."""

from __future__ import annotations

import click

from pilothouse.cli.output import print_table
from pilothouse.client.route_explain import Explained
from pilothouse.client.route_simulation import Simulated
from pilothouse.core.route import RouteSpec, Target


def targets_in_words(spec: RouteSpec) -> str:
    """Weights as shares, else the order; rules with their own targets."""
    if spec.weights:
        pairs = zip(spec.targets, spec.weights, strict=True)
        return ", ".join(f"{t.name} ({w / sum(spec.weights):.1%})" for t, w in pairs)
    plain = " > ".join(t.name for t in spec.targets)
    ruled = [f"{c.rule.name}: {' > '.join(t.name for t in c.targets)}" for c in spec.rules]
    return "; ".join([*ruled, f"else: {plain}"]) if ruled else plain


def tell_explained(found: Explained, spec: RouteSpec) -> None:
    """Each rule, the reason, and the targets in order."""
    also = f" (asked for as {found.asked})" if found.asked != found.route else ""
    click.echo(f"route {found.route}{also}, policy {found.policy}")
    for rule in found.rules:
        click.echo(f"  rule {rule.name}: {rule.outcome}   {rule.when}")
        if rule.why:
            click.echo(f"    {rule.why}")
    click.echo(f"because: {found.why}")
    if found.sticky is not None:
        click.echo(f"hashed by {found.sticky}")
        shares = ", ".join(f"{name} {share:.1%}" for name, share in found.shares.items())
        click.echo(f"shares: {shares}")
    known = {t.name: t for t in _all_targets(spec)}
    for place, name in enumerate(found.targets, 1):
        click.echo(f"{place}. {name} ({known[name].model} at {known[name].provider})")
    if found.check is not None:
        click.echo(f"each but the last counts only when this takes its answer: {found.check}")
    for label, names in (
        ("if the question is too long", found.context_fallbacks),
        ("if the content is refused", found.content_fallbacks),
        ("copies go to", found.shadows),
    ):
        if names:
            click.echo(f"{label}: {' > '.join(names)}")
    for note in found.notes:
        click.echo(f"note: {note}")


def _all_targets(spec: RouteSpec) -> list[Target]:
    found = [*spec.targets, *[t for choice in spec.rules for t in choice.targets]]
    if spec.roles is not None:
        roles = spec.roles
        found += [*roles.fast, *roles.smart, *roles.code, *roles.long, *roles.balanced]
    return found


def tell_simulated(found: Simulated, *, is_cut: bool) -> None:
    """A line a route and target. `is_cut`: there may be older calls."""
    rows = [
        (
            *(flow.route, flow.target, flow.went, flow.would_go),
            *(f"{flow.recorded_usd:f}", f"{flow.estimated_usd:f}"),
            *(flow.not_recorded, flow.not_estimated),
        )
        for flow in found.flows
    ]
    header = ("route", "target", "went", "would go", "USD recorded", "USD estimated")
    print_table((*header, "not recorded", "not estimated"), rows)
    click.echo(f"{found.requests} requests; {found.moved} would go to another target first.")
    click.echo("Estimated: the recorded tokens at that target's price, as if its first try worked.")
    for route, count in found.unrouted.items():
        click.echo(f'{count} requests asked for "{route}", which is not configured: refused.')
    for note in found.notes:
        click.echo(f"note: {note}")
    if is_cut:
        click.echo("(the newest attempts only; more with --limit)")
