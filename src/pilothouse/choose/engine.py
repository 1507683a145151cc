"""From a need and offers to a shortlist with all its reasons. Pure: same input, same decision."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from pilothouse.choose.constraints import Failure, checker, cost_per_request_usd
from pilothouse.choose.decision import Decision, Dominated, Excluded, Pick
from pilothouse.choose.dollars import usd
from pilothouse.choose.facts import Offer
from pilothouse.choose.frontier import Beaten, Vector, frontier
from pilothouse.choose.quality import (
    Yardstick,
    doubts_of_quality,
    errors_of_scores,
    measured_by,
    yardstick_of,
)
from pilothouse.choose.ranking import Ranked, ranking
from pilothouse.choose.relax import relaxations
from pilothouse.choose.sensitivity import flips
from pilothouse.choose.ties import Standing, is_separable, standings
from pilothouse.core.model import Claim
from pilothouse.core.need import Need

WANTED = 2
"""A shortlist has at least so many, or relaxations are shown."""


def decide(need: Need, offers: Iterable[Offer], *, as_of: date, catalogue: str) -> Decision:
    """Limits, then the frontier, then the ranking. The order of `offers` does not matter."""
    pool = sorted(offers, key=lambda o: o.id)
    admitted, doubts, excluded = _sifted(need, pool, as_of)
    by_id = {o.id: o for o in pool}
    weights = {k: w for k, w in _weights(need).items() if w > 0}
    yardstick = yardstick_of(need, admitted)
    admitted.sort(key=_newest_first)
    known = {o.id: _values(need, o, yardstick, weights) for o in admitted}
    unranked = sorted(i for i, values in known.items() if all(v is None for v in values.values()))
    known = {i: values for i, values in known.items() if i not in unranked}
    vectors = _normalised(known, list(weights))
    kept, beaten = frontier(vectors, {i: by_id[i].vendor for i in known})
    unscored = _unscored(known, kept)
    ranked = ranking({i: vectors[i] for i in kept}, list(weights.values()), behind=unscored)
    firm = [r for r in ranked if r.id not in unscored] or ranked
    spread = errors_of_scores({r.id: known[r.id] for r in firm}, by_id, yardstick, weights, known)
    stands = standings({r.id: (r.score, spread.get(r.id, 0.0)) for r in firm}) if spread else {}
    best = _leaders(known, kept)
    picks = [
        _pick(
            need,
            r,
            by_id[r.id],
            known[r.id],
            best,
            doubts[r.id],
            as_of,
            stands.get(r.id),
            yardstick,
        )
        for r in ranked
    ]
    shortlist = tuple(picks[: need.shortlist])
    return Decision(
        need=need,
        as_of=as_of,
        catalogue=catalogue,
        considered=len(pool),
        quality_by=yardstick.benchmark,
        quality_protocol=yardstick.protocol,
        weights=weights,
        shortlist=shortlist,
        runners_up=tuple(picks[need.shortlist :]),
        dominated=tuple(_dominated(b, known, list(weights), by_id, yardstick) for b in beaten),
        excluded=tuple(
            Excluded(id=i, vendor=by_id[i].vendor, failures=tuple(f))
            for i, f in sorted(excluded.items())
        ),
        unranked=tuple(unranked),
        unscored=tuple(r.id for r in ranked if r.id in unscored),
        flips=tuple(flips({r.id: vectors[r.id] for r in firm}, list(weights.values()))[:3]),
        relaxations=tuple(relaxations(excluded, WANTED - len(admitted)))
        if len(admitted) < WANTED
        else (),
        claims={p.id: _claims(by_id[p.id], yardstick.benchmark) for p in shortlist},
    )


def _sifted(
    need: Need, pool: Sequence[Offer], as_of: date
) -> tuple[list[Offer], dict[str, list[Failure]], dict[str, list[Failure]]]:
    """Who keeps every limit, what is doubtful about them, and what the others fail."""
    admitted: list[Offer] = []
    doubts: dict[str, list[Failure]] = {}
    excluded: dict[str, list[Failure]] = {}
    failures = checker(need, as_of)
    for offer in pool:
        found = failures(offer)
        if found and not all(_is_let_off(f, need) for f in found):
            excluded[offer.id] = found
        else:
            admitted.append(offer)
            doubts[offer.id] = found
    return admitted, doubts, excluded


def _is_let_off(failure: Failure, need: Need) -> bool:
    """A doubt is let off when the need says so, but never one about being on offer at all."""
    return failure.kind == "not known" and need.unknown == "admit" and failure.limit != "lifecycle"


def _newest_first(offer: Offer) -> tuple[int, int, str]:
    """Of twins the newest stays, then the plainest name."""
    released = offer.released_on
    return (-(released.toordinal() if released else 0), len(offer.id), offer.id)


def _unscored(known: Mapping[str, Mapping[str, float | None]], kept: Sequence[str]) -> set[str]:
    """Of the frontier, those whose quality nobody measured while that of others is known.

    Even as the worst of those measured they could be overrated, so no score places them: they stand behind.
    """
    gaps = {i for i in kept if "quality" in known[i] and known[i]["quality"] is None}
    return gaps if len(gaps) < len(kept) else set()


def _weights(need: Need) -> dict[str, float]:
    nice = need.nice
    return {
        "quality": nice.quality,
        "cost": nice.cost,
        "speed": nice.speed,
        "context": nice.context,
    }


def _values(
    need: Need, offer: Offer, yardstick: Yardstick, weights: Mapping[str, float]
) -> dict[str, float | None]:
    cost = cost_per_request_usd(need, offer)
    measured = measured_by(offer, yardstick)
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
    standing: Standing | None,
    yardstick: Yardstick,
) -> Pick:
    cost = cost_per_request_usd(need, offer)
    warnings = [d.text for d in doubts]
    warnings += [
        f"{name}: nobody says, so it counts as the worst"
        for name in values
        if values[name] is None and name != "quality"
    ]
    if "quality" in values:
        warnings += doubts_of_quality(offer, yardstick, values["quality"], standing is not None)
    warnings += _strain(need, offer, cost)
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
        standing=standing,
        cost_per_request_usd=cost,
        cost_per_month_usd=None if cost is None else cost * need.requests_per_month,
        values=dict(values),
        retired_on=offer.retired_on,
        reasons=tuple(_reasons(values, best)),
        warnings=tuple(warnings),
    )


def _strain(need: Need, offer: Offer, cost: Decimal | None) -> Iterable[str]:
    """What growth and peaks will ask of it."""
    budget = need.must.budget.per_month_usd
    if cost is not None and need.growth_per_year > 1:
        month = cost * need.requests_per_month * Decimal(str(need.growth_per_year))
        over = f", over the budget of {usd(budget)}" if budget and month > budget else ""
        yield f"in a year, at {need.growth_per_year:g} times the volume: {usd(month)} a month{over}"
    limit = offer.policy.requests_per_minute
    if limit is not None and need.peak_requests_per_minute > limit:
        peak = need.peak_requests_per_minute
        yield f"its rate limit is {limit:,} requests a minute, and the peak asks {peak:,.0f}"


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
    beaten: Beaten,
    known: Mapping[str, Mapping[str, float | None]],
    criteria: Sequence[str],
    by_id: Mapping[str, Offer],
    yardstick: Yardstick,
) -> Dominated:
    if not beaten.better_on:
        why = _twins(known[beaten.id])
        return Dominated(id=beaten.id, by=beaten.by, why=why, is_twin=True)
    parts: list[str] = []
    names = [criteria[i] for i in beaten.better_on]
    for name in names:
        ours, theirs = known[beaten.by][name], known[beaten.id][name]
        if ours is not None and theirs is not None:
            parts.append(f"{name} {said(name, ours)} against {said(name, theirs)}")
    is_noise = names == ["quality"] and _is_noise(by_id[beaten.by], by_id[beaten.id], yardstick)
    tail = "; no worse on the rest" + (
        " (dominated within noise: the two are not separable)" if is_noise else ""
    )
    return Dominated(
        id=beaten.id, by=beaten.by, why="; ".join(parts) + tail, is_within_noise=is_noise
    )


def _twins(values: Mapping[str, float | None]) -> str:
    gaps = [name for name, value in values.items() if value is None]
    if not gaps:
        return "the same vendor and the same on every criterion"
    return f"the same vendor, and nothing known tells them apart ({', '.join(gaps)}: nobody says)"


def _is_noise(winner: Offer, loser: Offer, yardstick: Yardstick) -> bool:
    a, b = measured_by(winner, yardstick), measured_by(loser, yardstick)
    if a is None or b is None or a.error is None or b.error is None:
        return False
    return not is_separable(a.value, a.error, b.value, b.error)


def _claims(offer: Offer, quality_by: str | None) -> tuple[Claim, ...]:
    """The facts behind a pick; of benchmarks only the one that counts."""
    return tuple(
        claim
        for field, claim in sorted(offer.claims.items())
        if not field.startswith("benchmark:") or field == f"benchmark:{quality_by}"
    )
