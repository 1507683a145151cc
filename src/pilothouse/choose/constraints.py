"""Hard limits: every one that a model fails, with its margin, or that nobody can tell."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from pilothouse.catalog.prices import rates
from pilothouse.choose.dollars import rounded_up, usd
from pilothouse.choose.facts import Offer
from pilothouse.core.need import Budget, Names, Need, Privacy

ADMIT = "unknown: admit"
"""What lets a model in of which something is not known."""
_Check = Callable[[Need, Offer, date], Iterator["Failure"]]
_RESEARCH_ONLY = ("research", "non-commercial", "nc", "mrl")


class Failure(Struct, frozen=True, kw_only=True, gc=False):
    """One limit that a model does not keep, or of which nobody says whether it does."""

    limit: str
    """The key in the need that sets it, or `lifecycle`, `purpose`."""
    kind: Literal["fails", "not known"]
    text: str
    """e.g. `context 16,385 < 32,000 needed (short by 15,615)`."""
    relax_to: str | None = None
    """The value of `limit` that this model would keep; None = no value of it helps."""
    distance: float = math.inf
    """How far that is: the logarithm of the ratio for sizes, 1 for a yes or no."""
    is_size: bool = False
    """Whether relaxing it that far also relaxes it for every smaller distance."""


def failures(need: Need, offer: Offer, as_of: date) -> list[Failure]:
    """Every hard limit of `need` that `offer` does not provably keep. Empty = it keeps all."""
    return checker(need, as_of)(offer)


def checker(need: Need, as_of: date) -> Callable[[Offer], list[Failure]]:
    """`failures` for many offers: what the need does not limit is not looked at."""
    must = need.must
    is_bounded = need.latency_limit_s is not None or must.latency.ttft_s is not None
    has_weights = (
        must.open_weights is not None or need.is_on_own_machines or bool(must.licence_classes)
    )
    is_priced = must.budget != Budget() or must.deployment == "api"
    checks: list[_Check] = [_lifecycle, _fitness(need.kinds), _sizes]
    checks += [_names] if must.vendors != Names() or must.hosts != Names() else []
    checks += [_senses] if must.outputs or must.languages else []
    checks += [_privacy] if must.privacy != Privacy() or must.sla_share is not None else []
    checks += [_place] if must.deployment not in ("any", "api", "self_hosted") else []
    checks += [_abilities] if must.requires or must.inputs else []
    checks += [_weights] if has_weights else []
    checks += [_latency] if is_bounded else []
    checks += [_money] if is_priced else []
    checks += [_quality] if must.quality else []

    def check(offer: Offer) -> list[Failure]:
        found: list[Failure] = []
        for one in checks:
            found.extend(one(need, offer, as_of))
        return found

    return check


def cost_per_request_usd(need: Need, offer: Offer) -> Decimal | None:
    """At the need's mean tokens, cached share and service. None = nobody says what it costs."""
    known = offer.rates if need.service == "standard" else rates(offer.claims, need.service)
    if known is None:
        return None
    cached = round(need.tokens.input * need.tokens.cached_share)
    return known.cost(need.tokens.input, need.tokens.output, cached)


def _lifecycle(need: Need, offer: Offer, as_of: date) -> Iterator[Failure]:
    released, retired = offer.released_on, offer.retired_on
    if released is not None and released > as_of:
        days = (released - as_of).days
        yield _out("lifecycle", f"released {released}, {days} days after {as_of}")
    elif released is None and offer.first_seen_on > as_of:
        yield _out(
            "lifecycle",
            f"not known: whether it was out on {as_of} (first seen {offer.first_seen_on})",
            "not known",
        )
    if not offer.is_offered:
        yield _out(
            "lifecycle", "not known: where it can be had (no price, no weights)", "not known"
        )
    if retired is not None and retired <= as_of:
        next_one = f"; successor {offer.successor}" if offer.successor else ""
        yield _out("lifecycle", f"retired {retired}, {(as_of - retired).days} days ago{next_one}")
    if retired is not None and retired > as_of:
        yield from _ending(need, retired, as_of)


def _ending(need: Need, retired: date, as_of: date) -> Iterator[Failure]:
    must = need.must
    if must.lives_until is not None and retired < must.lives_until:
        days = (must.lives_until - retired).days
        yield Failure(
            limit="must.lives_until",
            kind="fails",
            text=f"retires {retired}, {days} days before {must.lives_until}",
            relax_to=retired.isoformat(),
            is_size=True,
            distance=days / 365,
        )
    left = (retired - as_of).days
    if left < must.lives_for_days:
        yield Failure(
            limit="must.lives_for_days",
            kind="fails",
            text=f"retires {retired}, in {left} days < {must.lives_for_days} needed",
            relax_to=str(left),
            is_size=True,
            distance=(must.lives_for_days - left) / 365,
        )


def _fitness(kinds: frozenset[str]) -> _Check:
    """Of a kind that the tasks ask for, for a purpose that is among them, and no preview."""

    def check(need: Need, offer: Offer, as_of: date) -> Iterator[Failure]:
        if offer.kind not in kinds:
            wanted = " or ".join(sorted(kinds))
            yield _out("purpose", f"a model of kind {offer.kind}, not {wanted}")
        elif offer.purpose is not None and offer.purpose not in need.tasks:
            yield _out("purpose", f"made for {offer.purpose}, which is not among the tasks")
        elif offer.kind == "chat":
            yield from _wordless(offer)
        if offer.is_preview and not need.must.allow_previews:
            yield Failure(
                limit="must.allow_previews",
                kind="fails",
                text="a preview, or an id that moves to another model by itself",
                relax_to="true",
                distance=1,
            )

    return check


def _wordless(offer: Offer) -> Iterator[Failure]:
    """Requests are texts of so many tokens: a recogniser of speech listed as chat cannot take them."""
    for word, kinds in (("reads", offer.inputs), ("makes", offer.outputs)):
        if kinds is not None and "text" not in kinds:
            yield _out("purpose", f"{word} {', '.join(sorted(kinds))} only, and no text")


def _names(need: Need, offer: Offer, as_of: date) -> Iterator[Failure]:
    for word, rule, name in (
        ("vendor", need.must.vendors, offer.vendor),
        ("host", need.must.hosts, offer.host),
    ):
        if rule.allow and name not in rule.allow:
            text = f"{word} {name} is not allowed (only {', '.join(rule.allow)})"
            yield _yes_no(f"must.{word}s.allow", text, f"with {name}")
        if name in rule.deny:
            text = f"{word} {name} is denied"
            yield _yes_no(f"must.{word}s.deny", text, f"without {name}")


def _sizes(need: Need, offer: Offer, as_of: date) -> Iterator[Failure]:
    limits = (
        ("context", "must.context_tokens", need.must.context_tokens, offer.context_tokens),
        ("output", "must.max_output_tokens", need.must.max_output_tokens, offer.max_output_tokens),
    )
    for word, key, needed, has in limits:
        if needed is None:
            continue
        if has is None:
            yield _unknown(key, f"its {word} limit")
        elif has < needed:
            yield Failure(
                limit=key,
                kind="fails",
                text=f"{word} {has:,} < {needed:,} needed (short by {needed - has:,})",
                relax_to=f"{has:,}",
                is_size=True,
                distance=math.log(needed / has) if has > 0 else math.inf,
            )
    longest = need.tokens.longest_input or need.tokens.input
    room = longest + need.tokens.output
    which = "the longest" if need.tokens.longest_input else "a mean"
    if offer.context_tokens is not None and offer.context_tokens < room:
        yield _out("tokens", f"context {offer.context_tokens:,} < {room:,} of {which} request")


def _abilities(need: Need, offer: Offer, as_of: date) -> Iterator[Failure]:
    for ability in need.must.requires:
        has = offer.abilities.get(ability)
        words = ability.replace("_", " ")
        if has is None:
            yield _unknown("must.requires", f"whether it has {words}")
        elif not has:
            yield _yes_no("must.requires", f"no {words}", f"without {ability}")
    for kind in need.must.inputs:
        if offer.inputs is None:
            if kind != "text":
                yield _unknown("must.inputs", f"whether it reads {kind}")
        elif kind not in offer.inputs:
            yield _yes_no("must.inputs", f"does not read {kind}", f"without {kind}")


def _senses(need: Need, offer: Offer, as_of: date) -> Iterator[Failure]:
    for key, word, wanted, has in (
        ("must.outputs", "makes", need.must.outputs, offer.outputs),
        ("must.languages", "was made for", need.must.languages, offer.languages),
    ):
        for one in wanted:
            if has is None:
                yield _unknown(key, f"whether it {word} {one}")
            elif one not in has:
                yield _yes_no(key, f"not known to be one that {word} {one}", f"without {one}")


def _privacy(need: Need, offer: Offer, as_of: date) -> Iterator[Failure]:
    if need.is_on_own_machines:
        return  # nothing leaves the house
    rule, policy, who = need.must.privacy, offer.policy, offer.host
    key = "must.privacy"
    if rule.residency:
        regions = ", ".join(rule.residency)
        if policy.residency is None:
            yield _unknown(f"{key}.residency", f"whether {who} holds data in {regions}")
        elif not policy.residency & set(rule.residency):
            held = ", ".join(sorted(policy.residency)) or "no region by contract"
            text = f"{who} holds data in {held}, not in {regions}"
            yield _yes_no(f"{key}.residency", text, f"with {held}")
    for name in rule.certifications:
        if policy.certifications is None:
            yield _unknown(f"{key}.certifications", f"whether {who} has {name}")
        elif name not in policy.certifications:
            text = f"{who} does not offer {name}"
            yield _yes_no(f"{key}.certifications", text, f"without {name}")
    if rule.no_training and policy.trains_on_inputs is None:
        yield _unknown(f"{key}.no_training", f"whether {who} trains on what it is sent")
    elif rule.no_training and policy.trains_on_inputs != "no":
        text = f"{who} may train on what it is sent ({policy.trains_on_inputs})"
        yield _yes_no(f"{key}.no_training", text, "false")
    sla = need.must.sla_share
    if sla is not None and policy.sla_share is None:
        yield _unknown("must.sla_share", f"what availability {who} promises")
    elif sla is not None and policy.sla_share is not None and policy.sla_share < sla:
        yield Failure(
            limit="must.sla_share",
            kind="fails",
            text=f"{who} promises {policy.sla_share:.2%} < {sla:.2%} needed",
            relax_to=f"{policy.sla_share:g}",
            is_size=True,
            distance=math.log((1 - policy.sla_share + 1e-9) / (1 - sla + 1e-9)),
        )


def _place(need: Need, offer: Offer, as_of: date) -> Iterator[Failure]:
    """Clouds, own premises, edge, offline. Own premises ask for weights alone: `_weights` sees to it."""
    place = need.must.deployment
    if place == "on_premises":
        return
    if offer.deployments is None:
        yield _unknown("must.deployment", f"whether it runs at {place}")
    elif place not in offer.deployments:
        yield _yes_no("must.deployment", f"not known to run at {place}", "any")


def _weights(need: Need, offer: Offer, as_of: date) -> Iterator[Failure]:
    must = need.must
    is_own = need.is_on_own_machines
    if must.open_weights is not None or is_own:
        wanted = must.open_weights is not False or is_own
        key = "must.open_weights" if must.open_weights is not None else "must.deployment"
        free = "any" if key == "must.deployment" else "null"
        if offer.is_open_weights is None:
            yield _unknown(key, "whether its weights are open")
        elif offer.is_open_weights != wanted:
            text = "weights are not open" if wanted else "weights are open"
            yield _yes_no(key, text, free)
    if must.licence_use == "commercial" and is_own:
        yield from _commercial(offer)
    if must.licence_classes and offer.licence_class is None:
        yield _unknown("must.licence_classes", "the class of its licence")
    elif must.licence_classes and offer.licence_class not in must.licence_classes:
        text = f"licence {offer.licence or ''} is {offer.licence_class}".replace("  ", " ")
        yield _yes_no("must.licence_classes", text, f"with {offer.licence_class}")


def _commercial(offer: Offer) -> Iterator[Failure]:
    licence = (offer.licence or "").lower()
    is_research = offer.licence_class == "research-only" or any(
        part in licence.replace("_", "-").split("-") for part in _RESEARCH_ONLY
    )
    if is_research:
        text = f"licence {offer.licence or 'of its weights'} is for research only"
        yield _yes_no("must.licence_use", text, "research")
    elif not licence and offer.licence_class is None:
        yield _unknown("must.licence_use", "its licence")


def _latency(need: Need, offer: Offer, as_of: date) -> Iterator[Failure]:
    limit_s = need.latency_limit_s
    if limit_s is not None:
        key = (
            "must.latency.end_to_end_s"
            if need.must.latency.end_to_end_s == limit_s
            else "must.latency.category"
        )
        if offer.latency_limit_s is None:
            yield _unknown(key, f"whether it answers within {limit_s:g} s")
        elif offer.latency_limit_s > limit_s:
            over_s = offer.latency_limit_s - limit_s
            yield Failure(
                limit=key,
                kind="fails",
                text=f"class {offer.latency_class}, up to {offer.latency_limit_s:g} s "
                f"> {limit_s:g} s allowed (over by {over_s:g} s)",
                relax_to=f"{offer.latency_limit_s:g}"
                if key.endswith("_s")
                else offer.latency_class,
                is_size=True,
                distance=math.log(offer.latency_limit_s / limit_s),
            )
    ttft_s = need.must.latency.ttft_s
    if ttft_s is not None and (offer.latency_limit_s is None or offer.latency_limit_s > ttft_s):
        what = f"whether its first token comes within {ttft_s:g} s"
        yield _unknown("must.latency.ttft_s", what)


def _money(need: Need, offer: Offer, as_of: date) -> Iterator[Failure]:
    cost = cost_per_request_usd(need, offer)
    budget = need.must.budget
    is_self_hosted = need.is_on_own_machines
    if cost is None or is_self_hosted:
        for key, limit in (
            ("must.budget.per_month_usd", budget.per_month_usd),
            ("must.budget.per_request_usd", budget.per_request_usd),
        ):
            if limit is not None:
                yield _unknown(key, "what running it costs" if is_self_hosted else "its price")
        if cost is None and need.must.deployment == "api":
            yield _unknown("must.deployment", "its price at an API")
        return
    month = cost * need.requests_per_month
    for key, limit, has, word in (
        ("must.budget.per_month_usd", budget.per_month_usd, month, "a month"),
        ("must.budget.per_request_usd", budget.per_request_usd, cost, "a request"),
    ):
        if limit is not None and has > limit:
            yield Failure(
                limit=key,
                kind="fails",
                text=f"{usd(has)} {word} > {usd(limit)} allowed (over by {usd(has - limit)})",
                relax_to=rounded_up(has),
                is_size=True,
                distance=math.log(float(has) / float(limit)),
            )


def _quality(need: Need, offer: Offer, as_of: date) -> Iterator[Failure]:
    for name, least in sorted(need.must.quality.items()):
        measured = offer.benchmarks.get(name)
        has = 0.0 if measured is None else measured.value
        if measured is None:
            yield _unknown(f"must.quality.{name}", f"its {name} score")
        elif has < least:
            yield Failure(
                limit=f"must.quality.{name}",
                kind="fails",
                text=f"{name} {has:.3f} < {least:.3f} needed (short by {least - has:.3f})",
                relax_to=f"{math.floor(has * 1000) / 1000:.3f}",
                is_size=True,
                distance=math.log(least / has) if has > 0 else math.inf,
            )


def _out(
    limit: str, text: str, kind: Literal["fails", "not known"] = "fails"
) -> Failure:  # nothing in the need can be relaxed to let it in
    return Failure(limit=limit, kind=kind, text=text)


def _yes_no(limit: str, text: str, relax_to: str) -> Failure:
    return Failure(limit=limit, kind="fails", text=text, relax_to=relax_to, distance=1)


def _unknown(limit: str, what: str) -> Failure:
    return Failure(
        limit=limit, kind="not known", text=f"not known: {what}", relax_to=ADMIT, distance=100
    )
