"""From a need and offers to a shortlist with all its reasons. Pure: same input, same decision."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from pilothouse.choose.constraints import Failure, checker, cost_per_request_usd, usd
from pilothouse.choose.facts import Offer
from pilothouse.choose.frontier import Beaten, Vector, frontier
from pilothouse.choose.ranking import Ranked, ranking
from pilothouse.choose.relax import Relaxation, relaxations
from pilothouse.core.model import Claim
from pilothouse.core.need import Need

WANTED = 2
"""A shortlist has at least so many, or relaxations are shown."""


class Pick(Struct, frozen=True, kw_only=True):
    """One model of the ranking."""

    id: str
    name: str
    vendor: str
    api_id: str
    score: float
    wins: float
    """Share of all weightings in which it comes first, 0-1."""
    cost_per_request_usd: Decimal | None
    cost_per_month_usd: Decimal | None
    values: dict[str, float | None]
    """Criterion to the value as known: quality 0-1, USD a request, stars, tokens."""
    retired_on: date | None = None
    """The day it will end, when one is announced."""
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


class Dominated(Struct, frozen=True, kw_only=True):
    """Kept every limit, but another model is at least as good on every criterion."""

    id: str
    by: str
    why: str


class Excluded(Struct, frozen=True, kw_only=True):
    """Failed at least one limit: all of them are here."""

    id: str
    vendor: str
    failures: tuple[Failure, ...]


class Decision(Struct, frozen=True, kw_only=True):
    """Everything that led to a shortlist."""

    need: Need
    as_of: date
    catalogue: str
    considered: int
    quality_by: str | None
    weights: dict[str, float]
    shortlist: tuple[Pick, ...]
    runners_up: tuple[Pick, ...]
    """On the frontier, in order, after the shortlist."""
    dominated: tuple[Dominated, ...]
    excluded: tuple[Excluded, ...]
    relaxations: tuple[Relaxation, ...]
    claims: dict[str, tuple[Claim, ...]]
    """The facts of the shortlist, with their sources."""

    @property
    def admitted(self) -> tuple[str, ...]:
        """Ids of the models that keep every limit."""
        picks = [*self.shortlist, *self.runners_up]
        return tuple(sorted([p.id for p in picks] + [d.id for d in self.dominated]))


def decide(need: Need, offers: Iterable[Offer], *, as_of: date, catalogue: str) -> Decision:
    """Limits, then the frontier, then the ranking. The order of `offers` does not matter."""
    pool = sorted(offers, key=lambda o: o.id)
    admitted: list[Offer] = []
    doubts: dict[str, list[Failure]] = {}
    excluded: dict[str, list[Failure]] = {}
    failures = checker(need, as_of)
    for offer in pool:
        found = failures(offer)
        if not all(_is_let_off(f, need) for f in found):
            excluded[offer.id] = found
        else:
            admitted.append(offer)
            doubts[offer.id] = found
    by_id = {o.id: o for o in pool}
    weights = {k: w for k, w in _weights(need).items() if w > 0}
    quality_by = _benchmark(need, admitted)
    known = {o.id: _values(need, o, quality_by, weights) for o in admitted}
    vectors = _normalised(known, list(weights))
    kept, beaten = frontier(vectors, {o.id: o.vendor for o in admitted})
    ranked = ranking({i: vectors[i] for i in kept}, list(weights.values()))
    best = _leaders(known, kept)
    picks = [_pick(need, r, by_id[r.id], known[r.id], best, doubts[r.id], as_of) for r in ranked]
    shortlist = tuple(picks[: need.shortlist])
    return Decision(
        need=need,
        as_of=as_of,
        catalogue=catalogue,
        considered=len(pool),
        quality_by=quality_by,
        weights=weights,
        shortlist=shortlist,
        runners_up=tuple(picks[need.shortlist :]),
        dominated=tuple(_dominated(b, known, list(weights)) for b in beaten),
        excluded=tuple(
            Excluded(id=i, vendor=by_id[i].vendor, failures=tuple(f)) for i, f in excluded.items()
        ),
        relaxations=tuple(relaxations(excluded, WANTED - len(admitted)))
        if len(admitted) < WANTED
        else (),
        claims={
            p.id: tuple(c for _, c in sorted(by_id[p.id].claims.items()) if _is_used(c, quality_by))
            for p in shortlist
        },
    )


def _is_let_off(failure: Failure, need: Need) -> bool:
    """A doubt is let off when the need says so, but never one about being on offer at all."""
    return failure.kind == "not known" and need.unknown == "admit" and failure.limit != "lifecycle"


def _weights(need: Need) -> dict[str, float]:
    nice = need.nice
    return {
        "quality": nice.quality,
        "cost": nice.cost,
        "speed": nice.speed,
        "context": nice.context,
    }


def _benchmark(need: Need, admitted: Sequence[Offer]) -> str | None:
    """The one benchmark known of most candidates: scores of different ones are never compared."""
    if need.quality_by is not None:
        return need.quality_by
    counts = Counter(name for offer in admitted for name in offer.benchmarks)
    return min(counts, key=lambda name: (-counts[name], name), default=None)


def _values(
    need: Need, offer: Offer, quality_by: str | None, weights: Mapping[str, float]
) -> dict[str, float | None]:
    cost = cost_per_request_usd(need, offer)
    measured = offer.benchmarks.get(quality_by or "")
    values: dict[str, float | None] = {
        "quality": None if measured is None else measured.value,
        "cost": None if cost is None or need.is_on_own_machines else float(cost),
        "speed": offer.speed,
        "context": None if offer.context_tokens is None else float(offer.context_tokens),
    }
    return {name: values[name] for name in weights}


def _normalised(
    known: Mapping[str, Mapping[str, float | None]], criteria: Sequence[str]
) -> dict[str, Vector]:
    """To 0-1, more is better, over the models that keep every limit.

    Cost and context go by their logarithm: a factor of two counts the same anywhere.
    """
    columns: list[dict[str, float | None]] = []
    for name in criteria:
        scaled = {i: _scaled(name, values[name]) for i, values in known.items()}
        there = [v for v in scaled.values() if v is not None]
        low, high = min(there, default=0.0), max(there, default=0.0)
        width = high - low
        columns.append(
            {
                i: None if v is None else (v - low) / width if width else 1.0
                for i, v in scaled.items()
            }
        )
    return {i: tuple(column[i] for column in columns) for i in known}


def _scaled(name: str, value: float | None) -> float | None:
    if value is None:
        return None
    if name == "cost":
        return -math.log(max(value, 1e-12))
    return math.log(max(value, 1.0)) if name == "context" else value


def _leaders(
    known: Mapping[str, Mapping[str, float | None]], kept: Sequence[str]
) -> dict[str, float]:
    best: dict[str, float] = {}
    for i in kept:
        for name, value in known[i].items():
            if value is None:
                continue
            is_better = name not in best or (value < best[name]) == (name == "cost")
            if is_better:
                best[name] = value
    return best


def _pick(
    need: Need,
    ranked: Ranked,
    offer: Offer,
    values: Mapping[str, float | None],
    best: Mapping[str, float],
    doubts: Sequence[Failure],
    as_of: date,
) -> Pick:
    cost = cost_per_request_usd(need, offer)
    warnings = [d.text for d in doubts]
    warnings += [
        f"{name}: nobody says, so it counts as the worst" for name in values if values[name] is None
    ]
    if offer.retired_on is not None:
        after = f", successor {offer.successor}" if offer.successor else ""
        days = (offer.retired_on - as_of).days
        warnings.append(f"retires {offer.retired_on}, {days} days after {as_of}{after}")
    return Pick(
        id=offer.id,
        name=offer.name,
        vendor=offer.vendor,
        api_id=offer.api_id,
        score=ranked.score,
        wins=ranked.wins,
        cost_per_request_usd=cost,
        cost_per_month_usd=None if cost is None else cost * need.requests_per_month,
        values=dict(values),
        retired_on=offer.retired_on,
        reasons=tuple(_reasons(values, best)),
        warnings=tuple(warnings),
    )


def _reasons(values: Mapping[str, float | None], best: Mapping[str, float]) -> Iterable[str]:
    for name, value in values.items():
        if value is None:
            continue
        text = said(name, value)
        if value == best[name]:
            yield f"best {name}: {text}"
        else:
            yield f"{name} {text} (best {said(name, best[name])})"


def said(name: str, value: float) -> str:
    """A criterion's value in words."""
    if name == "cost":
        return f"{usd(Decimal(repr(value)))} a request"
    if name == "context":
        return f"{value:,.0f} tokens"
    return f"{value:.3f}" if name == "quality" else f"{value:g} of 5 stars"


def _dominated(
    beaten: Beaten, known: Mapping[str, Mapping[str, float | None]], criteria: Sequence[str]
) -> Dominated:
    if not beaten.better_on:
        return Dominated(
            id=beaten.id, by=beaten.by, why="the same vendor and the same on every criterion"
        )
    parts: list[str] = []
    for name in (criteria[i] for i in beaten.better_on):
        ours, theirs = known[beaten.by][name], known[beaten.id][name]
        if ours is not None and theirs is not None:
            parts.append(f"{name} {said(name, ours)} against {said(name, theirs)}")
    return Dominated(id=beaten.id, by=beaten.by, why="; ".join(parts) + "; no worse on the rest")


def _is_used(claim: Claim, quality_by: str | None) -> bool:
    return not claim.field.startswith("benchmark:") or claim.field == f"benchmark:{quality_by}"
