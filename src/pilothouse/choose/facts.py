"""What choosing needs to know of each model, resolved from its claims as of a date."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct

from pilothouse.catalog.catalog import Catalog, first_day
from pilothouse.catalog.prices import Rates, rates
from pilothouse.catalog.trust import trust
from pilothouse.core.model import Claim, Measured, Model
from pilothouse.core.need import CLASS_LIMIT_S

ABILITIES = (
    "tools",
    "structured_output",
    "vision",
    "reasoning",
    "streaming",
    "fine_tuning",
    "batch",
)
_GUIDE = "guide"


class Policy(Struct, frozen=True, kw_only=True):
    """What whoever serves a model promises. None is "nobody says", never a default."""

    residency: frozenset[str] | None = None
    certifications: frozenset[str] | None = None
    trains_on_inputs: str | None = None
    """no, opt-out, yes."""
    requests_per_minute: int | None = None
    sla_share: float | None = None


class Offer(Struct, frozen=True, kw_only=True):
    """One model at one host as of a date. None is "nobody says", never a default."""

    id: str
    name: str
    vendor: str
    host: str = ""
    """Who serves it; its vendor, unless the id says otherwise."""
    of: str | None = None
    """The model served, where that is not the vendor's own offer."""
    kind: str = "chat"
    api_id: str
    """What the host's API calls it."""
    released_on: date | None = None
    first_seen_on: date
    retired_on: date | None = None
    successor: str | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    inputs: frozenset[str] | None = None
    outputs: frozenset[str] | None = None
    languages: frozenset[str] | None = None
    deployments: frozenset[str] | None = None
    abilities: dict[str, bool] = {}
    policy: Policy = Policy()
    is_open_weights: bool | None = None
    is_offered: bool = True
    """Whether it has a price of any kind, open weights, or a device to run on."""
    licence: str | None = None
    licence_class: str | None = None
    rates: Rates | None = None
    """None = nobody says what it costs."""
    latency_limit_s: float | None = None
    latency_class: str | None = None
    speed: float | None = None
    benchmarks: dict[str, Measured] = {}
    is_preview: bool = False
    purpose: str | None = None
    claims: dict[str, Claim] = {}
    """The winning claim of each field."""


def offers(
    catalog: Catalog,
    as_of: date,
    *,
    known_at: date | None = None,
    hosts: Collection[str] = (),
) -> list[Offer]:
    """Every model of the catalogue with the facts that were true on `as_of`.

    `hosts` adds what these serve of others' models; "*" adds all of them. A model of which nothing had
    been said by `known_at` is not there.
    """
    resolver = _Resolver(catalog, as_of, known_at)
    found = [resolver.offer(model) for model in catalog.models]
    if hosts:
        wanted = [m for m in catalog.hosted() if "*" in hosts or m.id.partition("/")[0] in hosts]
        found += [resolver.hosted(model) for model in wanted]
    return [offer for offer in found if offer is not None]


class _Resolver:
    """Resolves claims for one pair of days; a model that many hosts serve is resolved once."""

    def __init__(self, catalog: Catalog, as_of: date, known_at: date | None) -> None:
        self._catalog = catalog
        self._as_of = as_of
        self._known_at = known_at
        self._shared: dict[str, dict[str, Claim]] = {}

    def offer(self, model: Model) -> Offer | None:
        """Of a model at its own vendor."""
        own = self._winners(model)
        if not own:
            return None
        return self._offer(model, {**self._of_host(model), **own})

    def hosted(self, model: Model) -> Offer | None:
        """Of a model at another host: what the host says before what is known of the model."""
        own = self._winners(model)
        base = None if model.of is None else self._catalog.find(model.of)
        if not own:
            return None
        known = {} if base is None else self._base(base)
        return self._offer(model, {**known, **self._of_host(model), **own})

    def _base(self, model: Model) -> dict[str, Claim]:
        """What is true of the model wherever it runs: not its price, limits or end at its vendor's."""
        key = f"={model.id}"
        if key not in self._shared:
            claims = self._winners(model)
            self._shared[key] = {
                field: claim
                for field, claim in claims.items()
                if not field.startswith("price_") and field not in _OF_THE_HOST
            }
        return self._shared[key]

    def _of_host(self, model: Model) -> dict[str, Claim]:
        host = self._catalog.host(model)
        if host is None:
            return {}
        if host.id not in self._shared:
            self._shared[host.id] = self._winners(host)
        return self._shared[host.id]

    def _winners(self, model: Model) -> dict[str, Claim]:
        sources, day = self._catalog.sources, self._as_of
        best: dict[str, Claim] = {}
        rivals: set[str] = set()
        for claim in model.claims:
            if not self._holds(claim):
                continue
            if claim.field in best:
                rivals.add(claim.field)
            best[claim.field] = claim
        if not rivals:
            return best
        keys: dict[str, tuple[int, int, int, int, str]] = {}
        for claim in model.claims:
            if claim.field in rivals and self._holds(claim):
                key = trust(claim, sources[claim.source], day)
                if claim.field not in keys or key < keys[claim.field]:
                    best[claim.field], keys[claim.field] = claim, key
        return best

    def _holds(self, claim: Claim) -> bool:
        """True on the day, and known by the other."""
        day, known_at = self._as_of, self._known_at
        return (
            (claim.valid_from is None or claim.valid_from <= day)
            and (claim.valid_to is None or day < claim.valid_to)
            and (known_at is None or self._catalog.observed_on(claim) <= known_at)
        )

    def _offer(self, model: Model, best: dict[str, Claim]) -> Offer:
        value: dict[str, Any] = {field: claim.value for field, claim in best.items()}
        latency_class = value.get("latency_class")
        inputs, abilities = _senses(value)
        vendor = str(value.get("vendor", ""))
        return Offer(
            id=model.id,
            name=str(value.get("name", model.id)),
            vendor=vendor,
            host=vendor if model.of is None else model.id.partition("/")[0],
            of=model.of,
            kind=str(value.get("kind", "chat")),
            api_id=_api_id(model),
            released_on=_date(value.get("released_on")),
            first_seen_on=self._first_seen(model),
            retired_on=_date(value.get("retired_on")),
            successor=None if (s := best.get("successor")) is None or s.doubt else str(s.value),
            context_tokens=value.get("context_tokens"),
            max_output_tokens=value.get("max_output_tokens"),
            inputs=inputs,
            outputs=_set(value.get("output_kinds")),
            languages=_set(value.get("languages")),
            deployments=_set(value.get("deployments")),
            abilities=abilities,
            policy=_policy(value),
            is_open_weights=value.get("is_open_weights"),
            is_offered=_is_offered(best),
            licence=value.get("licence"),
            licence_class=value.get("licence_class"),
            rates=rates(best),
            latency_limit_s=CLASS_LIMIT_S.get(str(latency_class)),
            latency_class=latency_class,
            speed=value.get("speed_stars"),
            benchmarks={
                field.removeprefix("benchmark:"): self._measured(claim)
                for field, claim in best.items()
                if field.startswith("benchmark:")
            },
            is_preview=bool(value.get("is_preview", False)),
            purpose=value.get("purpose"),
            claims=best,
        )

    def _measured(self, claim: Claim) -> Measured:
        confidence = claim.confidence or self._catalog.sources[claim.source].confidence
        value = float(str(claim.value))
        return Measured(
            value=value,
            error=claim.error or _sampling_error(claim.field, value),
            protocol=claim.protocol,
            is_self_reported=confidence == "self-reported",
        )

    def _first_seen(self, model: Model) -> date:
        seen = [self._catalog.observed_on(c) for c in model.claims]
        lists = [self._catalog.observed_on(c) for c in model.claims if c.source != _GUIDE]
        return min(lists or seen)


_OF_THE_HOST = frozenset(
    {"retired_on", "deprecated_on", "successor", "context_tokens", "max_output_tokens"}
    | {"max_input_tokens", "deployments", "host", "latency_class", "speed_stars"}
    | {"residency", "certifications", "trains_on_inputs", "requests_per_minute", "sla_share"}
)


def _sampling_error(field: str, share: float) -> float | None:
    """What the number of a benchmark's questions leaves open, where nobody reports an error: a lower bound."""
    questions = _QUESTIONS.get(field.removeprefix("benchmark:"))
    if questions is None or not 0 <= share <= 1:
        return None
    return round(math.sqrt(max(share * (1 - share), 1 / questions) / questions), 4)


_QUESTIONS = {
    "mmlu": 14_042,
    "mmlu-pro": 12_032,
    "gpqa": 448,
    "gpqa-diamond": 198,
    "humaneval": 164,
    "gsm8k": 1319,
    "math": 5000,
    "mbpp": 500,
    "swe-bench-verified": 500,
    "ifeval": 541,
    "mmmu": 900,
    "hellaswag": 10_042,
    "aider-polyglot": 225,
}


def _is_offered(best: Mapping[str, Claim]) -> bool:
    """Whether it can be had at all: as weights, in a device, or at a price that nobody doubts."""
    value: dict[str, Any] = {field: claim.value for field, claim in best.items()}
    return (
        value.get("is_open_weights") is True
        or bool({"edge", "offline"} & set(value.get("deployments") or ()))
        or any(
            field.startswith("price_") and "_per_" in field and not claim.doubt
            for field, claim in best.items()
        )
    )


def _senses(value: Mapping[str, Any]) -> tuple[frozenset[str] | None, dict[str, bool]]:
    """What it reads and what it can: each tells something of the other."""
    abilities = {name: bool(value[f"has_{name}"]) for name in ABILITIES if f"has_{name}" in value}
    inputs = _set(value.get("input_kinds"))
    if "vision" not in abilities and inputs is not None:
        abilities["vision"] = "image" in inputs
    if inputs is None and "vision" in abilities:
        inputs = frozenset({"text", "image"} if abilities["vision"] else {"text"})
    if "batch" not in abilities and any("@batch" in field for field in value):
        abilities["batch"] = True
    return inputs, abilities


def _policy(value: Mapping[str, Any]) -> Policy:
    return Policy(
        residency=_set(value.get("residency")),
        certifications=_set(value.get("certifications")),
        trains_on_inputs=value.get("trains_on_inputs"),
        requests_per_minute=value.get("requests_per_minute"),
        sla_share=value.get("sla_share"),
    )


def _api_id(model: Model) -> str:
    """The id in the sources that list APIs, because ours is shorter for some retired models."""
    if model.of is not None:
        return model.id.partition("/")[2]
    for source in ("models.dev", "litellm", "litellm-2025"):
        for claim in model.claims:
            if claim.source == source:
                return claim.key.rpartition("/")[2]
    return model.id


def _set(value: Sequence[str] | None) -> frozenset[str] | None:
    return None if value is None else frozenset(value)


def _date(value: Any) -> date | None:
    return None if value is None else first_day(str(value))
