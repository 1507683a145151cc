"""Thirty briefs: the guide's ten use cases, each as written, in house, and with half the money and more rules.

The picks are checked again from the raw facts, apart from the engine's own code.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
import pytest
import yaml

from pilothouse.catalog.catalog import load_bundled
from pilothouse.choose.decision import Decision
from pilothouse.choose.engine import decide
from pilothouse.choose.facts import Offer, offers
from pilothouse.choose.guide.templates import template_names, template_text
from pilothouse.core.need import Need

TODAY = date(2026, 11, 24)
CATALOG = load_bundled()


@cache
def pool() -> dict[str, Offer]:
    return {o.id: o for o in offers(CATALOG, TODAY)}


def variant(name: str, kind: str) -> Need:
    whole: dict[str, Any] = yaml.safe_load(template_text(name))
    must = whole.setdefault("must", {})
    if kind == "in_house":
        must["deployment"] = "self_hosted"
        must.pop("budget", None)
        must.pop("privacy", None)
        whole["unknown"] = "admit"
    elif kind == "strict":
        budget = must.setdefault("budget", {"per_request_usd": 0.05})
        must["budget"] = {k: v / 2 for k, v in budget.items()}
        must.setdefault("privacy", {})["no_training"] = True
        must["lives_until"] = date(2027, 6, 1)
        must.setdefault("vendors", {})["deny"] = ["deepseek"]
    return msgspec.convert(whole, Need, strict=False)


@cache
def decision(name: str, kind: str) -> Decision:
    need = variant(name, kind)
    return decide(need, pool().values(), as_of=TODAY, catalogue="t")


BRIEFS = [(n, k) for n in template_names() for k in ("as_written", "in_house", "strict")]


def test_there_are_thirty() -> None:
    assert len(BRIEFS) == 30


@pytest.mark.parametrize(("name", "kind"), BRIEFS)
def test_the_brief(name: str, kind: str) -> None:
    need, found = variant(name, kind), decision(name, kind)
    assert found.shortlist or found.relaxations or kind != "as_written"
    for pick in found.shortlist:
        assert violations(need, pick.id) == []
        assert (
            CATALOG.retired_on(CATALOG.find(pick.id)) is None
            or (CATALOG.retired_on(CATALOG.find(pick.id)) or TODAY) > TODAY
        )
    ids = [p.id for p in found.shortlist]
    assert not set(ids) & {d.id for d in found.dominated}
    assert_not_dominated(found)
    for excluded in found.excluded:
        assert excluded.failures and all(f.text for f in excluded.failures)
    seen = [*ids, *(p.id for p in found.runners_up), *(d.id for d in found.dominated)]
    seen += [*found.unranked, *(e.id for e in found.excluded)]
    assert sorted(seen) == sorted(pool())


def violations(need: Need, model_id: str) -> list[str]:
    """From the catalogue's facts, one by one."""
    model, must = CATALOG.find(model_id), need.must

    def fact(field: str) -> Any:
        return CATALOG.value(model, field, TODAY)

    out: list[str] = []
    context = fact("context_tokens")
    if must.context_tokens and (context or 0) < must.context_tokens and context is not None:
        out.append("context")
    if must.deployment == "self_hosted" and fact("is_open_weights") is False:
        out.append("weights")
    if fact("licence_class") == "research-only" and must.deployment == "self_hosted":
        out.append("licence")
    if str(fact("vendor")) in must.vendors.deny:
        out.append("vendor")
    if need.unknown == "exclude":
        kinds = fact("input_kinds")
        out += [k for k in must.inputs if kinds is not None and k not in kinds]
        if must.privacy.no_training and must.deployment == "api":
            out += ["training"] if fact("trains_on_inputs") != "no" else []
        wanted = set(must.privacy.certifications)
        out += ["certificates"] if wanted - set(fact("certifications") or ()) else []
    end = CATALOG.retired_on(model)
    if end is not None and must.lives_until is not None and end < must.lives_until:
        out.append("end")
    limit = must.budget.per_request_usd
    rates = pool()[model_id].rates
    if limit is not None and rates is not None:
        cost = rates.cost(need.tokens.input, need.tokens.output)
        if cost is not None and cost > limit and not need.tokens.cached_share:
            out.append("budget")
    return out


def assert_not_dominated(found: Decision) -> None:
    """No pick is worse than another candidate on everything that is weighed."""
    signs = {"quality": 1, "cost": -1, "speed": 1, "context": 1}
    rows = {p.id: p.values for p in (*found.shortlist, *found.runners_up)}
    for pick in found.shortlist:
        for other, values in rows.items():
            if other == pick.id:
                continue
            pairs = [(values[n], pick.values[n], signs[n]) for n in pick.values]
            if any(a is None or b is None for a, b, _ in pairs):
                continue
            gains = [Decimal(str(a)) * s - Decimal(str(b)) * s for a, b, s in pairs]
            assert not (min(gains) >= 0 and max(gains) > 0), (pick.id, other)
