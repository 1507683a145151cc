"""The decision record: everything that led to a shortlist, in Markdown and JSON, byte for byte."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import msgspec

from pilothouse.choose.decision import Decision, Excluded, Pick
from pilothouse.choose.dollars import usd
from pilothouse.choose.page import page
from pilothouse.core.model import Claim, Source


def record_json(decision: Decision, sources: Mapping[str, Source]) -> bytes:
    """The whole decision with the sources that its claims name; money as text."""
    used = {c.source for claims in decision.claims.values() for c in claims}
    whole = {
        "decision": decision,
        "sources": {name: sources[name] for name in sorted(used)},
    }
    return msgspec.json.format(msgspec.json.encode(whole, order="deterministic"), indent=2) + b"\n"


def record_markdown(decision: Decision, sources: Mapping[str, Source]) -> str:
    """The same for people."""
    return "\n".join(_lines(decision, sources)) + "\n"


def record_html(decision: Decision, sources: Mapping[str, Source]) -> str:
    """The same as one page to send to somebody."""
    return page(f"Decision: {decision.need.name}", record_markdown(decision, sources))


def summary(decision: Decision) -> str:
    """One line: how many models, and what became of them."""
    chosen = len(decision.shortlist)
    twins = sum(d.is_twin for d in decision.dominated)
    named = f", {twins} ranked under another name" if twins else ""
    return (
        f"{decision.considered} models as of {decision.as_of}: {len(decision.excluded)} out by a hard "
        f"limit, {len(decision.dominated) - twins} dominated{named}, {chosen} shortlisted"
        + (f", {len(decision.runners_up)} behind them" if decision.runners_up else "")
    )


def weights_line(decision: Decision) -> str:
    """The weights as shares, and what stands for quality."""
    total = sum(decision.weights.values())
    parts = [f"{name} {weight / total:.0%}" for name, weight in decision.weights.items()]
    by = ""
    if "quality" in decision.weights:
        by = (
            f" (quality by {decision.quality_by}"
            + (f", {decision.quality_protocol}" if decision.quality_protocol else "")
            + ")"
            if decision.quality_by
            else (" (nobody scores any of them on quality)")
        )
    return ", ".join(parts) + by


def pick_rows(picks: Iterable[Pick], start: int = 1) -> tuple[list[str], list[list[object]]]:
    """Header and rows of a ranking."""
    header = ["rank", "model", "vendor", "score", "wins", "P(best)", "could be"]
    header += ["per request", "per month"]
    rows: list[list[object]] = []
    for rank, pick in enumerate(picks, start):
        request, month = pick.cost_per_request_usd, pick.cost_per_month_usd
        money = [None if request is None else usd(request), None if month is None else usd(month)]
        stands = pick.standing
        row: list[object] = [rank, pick.id, pick.vendor, f"{pick.score:.2f}", f"{pick.wins:.0%}"]
        row.append(None if stands is None else f"{stands.p_best:.0%}")
        row.append(None if stands is None else _ranks(stands.rank_low, stands.rank_high))
        rows.append([*row, *money])
    return header, rows


LEGEND = (
    "wins: share of all possible weightings in which it comes first; P(best): probability that it is first "
    "with these weights, errors of quality counted; could be: ranks that the errors leave open"
)


def sensitivity_lines(decision: Decision) -> Iterator[str]:
    """Ties, and how far the weights would have to move for somebody else to lead."""
    ranked = [*decision.shortlist, *decision.runners_up]
    for first, second in pairwise(ranked[: len(decision.shortlist) + 1]):
        if first.standing is not None and second.id in first.standing.tied_with:
            yield f"{first.id} and {second.id} are not separable: their difference is within the errors"
    if decision.tie_at_the_end:
        tied = ", ".join(decision.tie_at_the_end)
        yield f"the shortlist ends inside a tie: {tied} could as well be on it"
    if decision.unscored:
        yield unscored_line(decision)
    names = list(decision.weights)
    total = sum(decision.weights.values())
    for flip in decision.flips:
        steps = [
            f"{name} {weight / total:.0%} to {level:.0%}"
            for name, weight, level in zip(
                names, decision.weights.values(), flip.weights, strict=True
            )
            if abs(weight / total - level) >= 0.005
        ]
        change = ", ".join(steps) or "almost nothing"
        yield f"{flip.rival} leads when {flip.moved:.0%} of the weight moves ({change})"


def unscored_line(decision: Decision) -> str:
    """Who might be better than the shortlist, for all that is known."""
    shown, count = decision.unscored[:5], len(decision.unscored)
    more = f" and {count - len(shown)} more" if count > len(shown) else ""
    way = f" ({decision.quality_protocol})" if decision.quality_protocol else ""
    stand = "stands" if count == 1 else "stand"
    return (
        f"nobody measured {decision.quality_by}{way} of {', '.join(shown)}{more}: whether better or worse "
        f"is not known, so {'it' if count == 1 else 'they'} {stand} behind; a proof of concept would tell"
    )


def _ranks(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"


def relaxation_lines(decision: Decision) -> Iterator[str]:
    """`set a to b, and c to d: lets in x, y`."""
    for relaxation in decision.relaxations:
        changes = ", and ".join(f"{key}: {value}" for key, value in relaxation.changes.items())
        shown = ", ".join(relaxation.admits[:5])
        more = len(relaxation.admits) - 5
        yield f"{changes}  lets in {shown}" + (f" and {more} more" if more > 0 else "")


def nearest_first(decision: Decision) -> list[Excluded]:
    """Who fails fewest limits first, and knowingly before for want of knowledge."""
    return sorted(
        decision.excluded, key=lambda e: (len(e.failures), [f.kind for f in e.failures], e.id)
    )


def limit_rows(decision: Decision) -> list[list[object]]:
    """Each limit with how many fail it and how many fail nothing else, the hardest first."""
    all_of: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    for excluded in decision.excluded:
        limits = {f.limit for f in excluded.failures}
        all_of.update(limits)
        alone.update(limits if len(limits) == 1 else ())
    return [
        [name.removeprefix("must."), f"{count:,}", f"{alone[name]:,}"]
        for name, count in sorted(all_of.items(), key=lambda i: (-i[1], i[0]))
    ]


def _lines(decision: Decision, sources: Mapping[str, Source]) -> Iterator[str]:
    need = decision.need
    yield f"# Decision: {need.name}"
    yield ""
    yield f"{summary(decision)}. Catalogue {decision.catalogue}."
    yield ""
    yield (
        f"{need.volume_per_day:,} requests a day of {need.tokens.input:,} tokens in and "
        f"{need.tokens.output:,} out; a month is 30 days. Weights: {weights_line(decision)}."
    )
    yield ""
    yield "## Shortlist"
    yield ""
    if decision.shortlist:
        yield from _table(*pick_rows(decision.shortlist))
        yield ""
        yield f"{LEGEND}."
        yield ""
        for pick in decision.shortlist:
            yield f"- **{pick.id}** ({pick.name}): {'; '.join(pick.reasons)}"
            for warning in pick.warnings:
                yield f"  - take care: {warning}"
    else:
        yield "No model keeps every limit."
    if any(True for _ in sensitivity_lines(decision)):
        yield ""
        yield "## How firm this is"
        yield ""
        yield from (f"- {line}" for line in sensitivity_lines(decision))
    if decision.relaxations:
        yield ""
        yield "## Smallest relaxations"
        yield ""
        yield from (f"- {line}" for line in relaxation_lines(decision))
    yield from _others(decision)
    yield from _facts(decision, sources)


def _others(decision: Decision) -> Iterator[str]:
    """Everybody who is not on the shortlist, and why."""
    if decision.runners_up:
        yield ""
        yield "## On the frontier, behind the shortlist"
        yield ""
        yield from _table(*pick_rows(decision.runners_up, len(decision.shortlist) + 1))
    beaten = [d for d in decision.dominated if not d.is_twin]
    twins = [d for d in decision.dominated if d.is_twin]
    if beaten:
        yield ""
        yield "## Dominated"
        yield ""
        yield from _table(["model", "by", "why"], [[d.id, d.by, d.why] for d in beaten])
    if twins:
        yield ""
        yield "## Ranked under another name"
        yield ""
        yield from _table(["model", "as", "why"], [[d.id, d.by, d.why] for d in twins])
    if decision.unranked:
        yield ""
        yield "## Keep every limit, and nobody says anything to rank them by"
        yield ""
        yield ", ".join(decision.unranked)
    yield ""
    yield "## Excluded"
    yield ""
    if decision.excluded:
        yield from _table(
            ["limit", "models that fail it", "and nothing else"], limit_rows(decision)
        )
        yield ""
        yield "All of them, nearest first:"
        yield ""
    yield from _table(
        ["model", "vendor", "every limit it fails"],
        [[e.id, e.vendor, "; ".join(f.text for f in e.failures)] for e in nearest_first(decision)],
    )


def _facts(decision: Decision, sources: Mapping[str, Source]) -> Iterator[str]:
    yield ""
    yield "## Facts behind the shortlist"
    yield ""
    for model_id, claims in decision.claims.items():
        yield from _table(
            [model_id, "value", "source", "observed"],
            [_claim_row(c, sources) for c in claims],
        )
        yield ""
    yield "## The need"
    yield ""
    yield "```json"
    yield msgspec.json.format(msgspec.json.encode(decision.need), indent=2).decode()
    yield "```"


def _claim_row(claim: Claim, sources: Mapping[str, Source]) -> list[object]:
    value = ", ".join(claim.value) if isinstance(claim.value, list) else claim.value
    note = f" ({claim.note})" if claim.note else ""
    source = sources[claim.source]
    return [
        claim.field,
        f"{value}{note}",
        f"{source.name} {source.version}: {claim.url or claim.key}",
        claim.observed_on or source.observed_on,
    ]


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        cells = ["-" if c is None else str(c).replace("|", "\\|") for c in row]
        yield f"| {' | '.join(cells)} |"
