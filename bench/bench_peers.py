"""Thirty briefs, the same catalogue: our shortlists beside other ways of choosing, judged by one judge.

    python bench/bench_peers.py [--smoke] [--json]

Contenders: Pilothouse; llm-pqr's own router where it is installed (`pip install llm-pqr`, MIT), given every limit
that it can be told; a filter on price, context and abilities sorted by score (what catalogue pages and SQL over
leaderboards do); and one weighted sum of score and price with a bonus for context and tools (what assistants'
advisers do). The last two are written here from their description, not their code. Who is retired is left out for the
contenders as far as their data model says it: none of them has an end of life. The judge is tests/choose/briefs.py,
which shares no code with our engine; *dominated* is by score and cost among those without a violation.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

from pilothouse.choose.engine import decide
from pilothouse.choose.facts import Offer, offers
from pilothouse.cli.output import table
from pilothouse.core.need import Need

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
briefs: Any = import_module("choose.briefs")
SCORE = "gpqa-diamond"
Chooser = Callable[[Need, Sequence[Offer]], tuple[list[str], int]]
"""Up to three ids, best first, and how many of the others it explains."""


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    chosen = briefs.BRIEFS[:3] if given.smoke else briefs.BRIEFS
    pool = offers(briefs.CATALOG, briefs.TODAY)
    contenders: dict[str, Chooser] = {"pilothouse": ours}
    if (router := llm_pqr()) is not None:
        contenders["llm-pqr"] = router
    contenders |= {"filter and sort": filter_and_sort, "weighted sum with bonuses": weighted_sum}
    rows = [{"who": name, **judged(choose, pool, chosen)} for name, choose in contenders.items()]
    if given.json:
        print(json.dumps({"briefs": len(chosen), "rows": rows}, indent=2))
        return
    print(table(list(rows[0]), [list(r.values()) for r in rows]))
    if "llm-pqr" not in contenders:
        print("llm-pqr is not installed, so it is left out")


def judged(choose: Chooser, pool: Sequence[Offer], chosen: Sequence[Any]) -> dict[str, Any]:
    """Over all briefs."""
    picks = broken = retired = beaten = explained = others = 0
    for name, kind in chosen:
        need = briefs.variant(name, kind)
        ids, told = choose(need, pool)
        fit = [o for o in pool if not briefs.violations(need, o.id)]
        picks += len(ids)
        broken += sum(bool(briefs.violations(need, i)) for i in ids)
        retired += sum(briefs.is_retired(i) for i in ids)
        beaten += sum(is_beaten(i, need, fit) for i in ids)
        explained += told
        others += len(pool) - len(ids)
    return {
        "picks": picks,
        "break a limit": broken,
        "retired": retired,
        "dominated": beaten,
        "others explained": f"{explained / others:.0%}",
    }


def is_beaten(model_id: str, need: Need, fit: Sequence[Offer]) -> bool:
    """By one that keeps every limit, on score, cost and, where it is weighed, context; only where all are known."""
    by_id = {o.id: o for o in fit}
    if model_id not in by_id or need.must.deployment != "api":
        return False
    mine = criteria(by_id[model_id], need)
    if mine is None:
        return False
    theirs = [v for o in fit if o.id != model_id and (v := criteria(o, need)) is not None]
    return any(v != mine and all(a >= b for a, b in zip(v, mine, strict=True)) for v in theirs)


def criteria(offer: Offer, need: Need) -> tuple[float, ...] | None:
    """More is better; None where one is not known."""
    score = offer.benchmarks.get("aider-polyglot" if "code" in need.tasks else SCORE)
    cost = briefs.request_usd(need, briefs.CATALOG.find(offer.id))
    if score is None or cost is None or offer.context_tokens is None:
        return None
    room = float(offer.context_tokens) if need.nice.context else 0.0
    return (score.value, -float(cost), room)


def ours(need: Need, pool: Sequence[Offer]) -> tuple[list[str], int]:
    """The shortlist; everybody else is excluded, dominated, a twin, behind or not rankable: with the reason."""
    found = decide(need, pool, as_of=briefs.TODAY, catalogue="bench")
    told = len(found.excluded) + len(found.dominated) + len(found.runners_up) + len(found.unranked)
    return [p.id for p in found.shortlist], told


def llm_pqr() -> Chooser | None:
    """Its router, asked again without the winner for the second and third place."""
    try:
        pqr = import_module("llm_pqr")
    except ImportError:
        return None

    def choose(need: Need, pool: Sequence[Offer]) -> tuple[list[str], int]:
        is_own = need.must.deployment == "self_hosted"
        request = pqr.Request(
            local_only=is_own,
            required_capabilities=frozenset([*need.must.requires, *need.must.inputs]),
            unavailable_providers=frozenset(need.must.vendors.deny),
            estimated_input_tokens=need.tokens.input,
            estimated_output_tokens=need.tokens.output,
        )
        nice = need.nice
        weights = pqr.Priorities(cost=nice.cost, latency=nice.speed, quality=nice.quality)
        left = [_candidate(pqr, o) for o in pool if o.benchmarks.get(SCORE)]
        ids: list[str] = []
        told = 0
        while left and len(ids) < need.shortlist:
            try:
                found = pqr.Router(left, weights).choose(request)
            except ValueError:
                break
            ids.append(found.candidate.id)
            told = told or len(found.excluded)
            left = [c for c in left if c.id != found.candidate.id]
        return ids, told

    return choose


def _candidate(pqr: Any, offer: Offer) -> Any:
    tier = None if offer.rates is None else offer.rates.tiers[-1]
    can = [name for name, has in offer.abilities.items() if has]
    return pqr.ModelCandidate(
        id=offer.id,
        provider=offer.vendor,
        model=offer.id,
        local=bool(offer.is_open_weights),
        quality=offer.benchmarks[SCORE].value,
        input_cost_per_million=None if tier is None else float(tier.per_input * 1_000_000),
        output_cost_per_million=None if tier is None else float(tier.per_output * 1_000_000),
        capabilities=frozenset([*can, *(offer.inputs or ())]),
    )


def _cost(need: Need, offer: Offer) -> float | None:
    cost = None if offer.rates is None else offer.rates.cost(need.tokens.input, need.tokens.output)
    return None if cost is None else float(cost)


def _passes(need: Need, offer: Offer) -> bool:
    """What filters of catalogue pages know: price, context, abilities, inputs, open weights."""
    cost, budget = _cost(need, offer), need.must.budget
    most = budget.per_request_usd or (
        None if budget.per_month_usd is None else budget.per_month_usd / need.requests_per_month
    )
    return (
        (most is None or (cost is not None and Decimal(str(cost)) <= most))
        and (offer.context_tokens or 0) >= (need.must.context_tokens or 0)
        and all(offer.abilities.get(a) for a in need.must.requires)
        and set(need.must.inputs) <= set(offer.inputs or need.must.inputs)
        and (need.must.deployment != "self_hosted" or bool(offer.is_open_weights))
    )


def filter_and_sort(need: Need, pool: Sequence[Offer]) -> tuple[list[str], int]:
    """The best scores among what passes."""
    rows = [
        (-o.benchmarks[SCORE].value, o.id)
        for o in pool
        if SCORE in o.benchmarks and _passes(need, o)
    ]
    return [i for _, i in sorted(rows)[: need.shortlist]], 0


def weighted_sum(need: Need, pool: Sequence[Offer]) -> tuple[list[str], int]:
    """Score by weight, cheapness by weight, and constant bonuses."""
    rows: list[tuple[float, str]] = []
    for offer in (o for o in pool if _passes(need, o)):
        score = offer.benchmarks.get(SCORE)
        cost = _cost(need, offer)
        total = need.nice.quality * (0.5 if score is None else score.value)
        total += need.nice.cost * (0.5 if cost is None else 1 / (1 + 100 * cost))
        total += 0.1 * bool(offer.abilities.get("tools")) + 0.1 * (
            (offer.context_tokens or 0) > 100_000
        )
        rows.append((-total, offer.id))
    return [i for _, i in sorted(rows)[: need.shortlist]], 0


if __name__ == "__main__":
    main()
