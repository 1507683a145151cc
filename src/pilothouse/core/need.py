"""`Need`: what a team requires. Hard limits, volume, money, and what matters how much."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

Kind = Literal["text", "image", "pdf", "audio", "video"]
Ability = Literal["tools", "structured_output", "vision", "reasoning"]
Deployment = Literal["api", "self_hosted", "any"]
LatencyClass = Literal["real_time", "interactive", "near_real_time", "batch"]

CLASS_LIMIT_S: dict[str, float] = {"real_time": 0.5, "interactive": 2.0, "near_real_time": 10.0}
"""Upper end of each latency class, end to end (guide, lines 215-228); batch has none."""

Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Weight = Annotated[float, Meta(ge=0, le=100)]


class Tokens(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mean tokens of one request."""

    input: Annotated[int, Meta(ge=1, le=100_000_000)]
    output: Annotated[int, Meta(ge=1, le=10_000_000)]


class Latency(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long an answer may take. A class stands for the upper end of its range."""

    end_to_end_s: Positive | None = None
    ttft_s: Positive | None = None
    category: LatencyClass | None = None


class Budget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most that may be spent, in USD. A month is 30 days."""

    per_month_usd: Decimal | None = None
    per_request_usd: Decimal | None = None


class Vendors(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose models may be used: only `allow`, when given, and none of `deny`."""

    allow: list[str] = []
    deny: list[str] = []


class Must(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hard limits: a model that fails one is out, whatever else it is good at."""

    latency: Latency = Latency()
    budget: Budget = Budget()
    context_tokens: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    max_output_tokens: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    inputs: list[Kind] = []
    requires: list[Ability] = []
    deployment: Deployment = "any"
    vendors: Vendors = Vendors()
    open_weights: bool | None = None
    licence_use: Literal["commercial", "research"] = "commercial"
    quality: dict[str, Share] = {}
    """Benchmark to the least score (0-1), e.g. `{mmlu: 0.7}`."""
    lives_until: date | None = None
    """The model must not retire before this day."""
    allow_previews: bool = False
    """Previews, betas, experiments, and ids that move to another model by themselves."""


class Nice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What matters how much: only the proportions count."""

    quality: Weight = 1
    cost: Weight = 1
    speed: Weight = 0
    context: Weight = 0


class Success(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a proof of concept will have to show; it limits nothing here."""

    accuracy: Share = 0.8
    cases: str = "cases.jsonl"


class Need(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as written. Everything but name, volume and tokens may be left out."""

    name: Annotated[str, Meta(min_length=1)]
    volume_per_day: Annotated[int, Meta(ge=1, le=1_000_000_000_000)]
    tokens: Tokens
    tasks: list[str] = []
    as_of: date | None = None
    """The day whose catalogue answers: models not yet released or already retired are out."""
    must: Must = Must()
    nice: Nice = Nice()
    unknown: Literal["exclude", "admit"] = "exclude"
    """What to do with a model of which nobody says whether it keeps a limit."""
    quality_by: str | None = None
    """The benchmark that stands for quality; the one known of most candidates if not said."""
    shortlist: Annotated[int, Meta(ge=1, le=5)] = 3
    success: Success = Success()

    @property
    def requests_per_month(self) -> int:
        """Of a month of 30 days."""
        return self.volume_per_day * 30

    @property
    def latency_limit_s(self) -> float | None:
        """The tighter of the end-to-end limit and the class's upper end."""
        latency = self.must.latency
        limits = [latency.end_to_end_s, CLASS_LIMIT_S.get(latency.category or "")]
        return min((s for s in limits if s is not None), default=None)
