"""`Need`: what a team requires. Hard limits, volume, money, and what matters how much."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

Kind = Literal["text", "image", "pdf", "audio", "video"]
OutputKind = Literal["text", "image", "audio", "video", "embedding"]
Ability = Literal[
    "tools", "structured_output", "vision", "reasoning", "streaming", "fine_tuning", "batch"
]
Deployment = Literal["api", "cloud", "self_hosted", "on_premises", "edge", "offline", "any"]
OWN_MACHINES = frozenset({"self_hosted", "on_premises", "edge", "offline"})
"""Deployments that need the weights."""
Certification = Literal["hipaa", "soc2", "gdpr", "iso27001", "fedramp", "pci"]
LicenceClass = Literal["osi", "use-restricted", "research-only", "proprietary"]
Service = Literal["standard", "batch", "flex", "priority"]
LatencyClass = Literal["real_time", "interactive", "near_real_time", "batch"]

CLASS_LIMIT_S: dict[str, float] = {"real_time": 0.5, "interactive": 2.0, "near_real_time": 10.0}
"""Upper end of each latency class, end to end (guide, lines 215-228); batch has none."""

TASK_KINDS = {
    "embeddings": "embedding",
    "embedding": "embedding",
    "reranking": "rerank",
    "image_generation": "image",
    "video_generation": "video",
    "speech": "speech",
    "transcription": "transcription",
    "moderation": "moderation",
    "ocr": "ocr",
    "object_detection": "vision",
    "segmentation": "vision",
    "protein_structure": "science",
}
"""The kind of model a task asks for, where that is not chat."""

Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Weight = Annotated[float, Meta(ge=0, le=100)]


class Tokens(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mean tokens of one request."""

    input: Annotated[int, Meta(ge=1, le=100_000_000)]
    output: Annotated[int, Meta(ge=1, le=10_000_000)]
    cached_share: Share = 0
    """Of the input, how much the prompt cache answers; 0 where nothing is known."""
    longest_input: Annotated[int, Meta(ge=1, le=100_000_000)] | None = None
    """The longest request that must still fit."""


class Latency(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long an answer may take. A class stands for the upper end of its range."""

    end_to_end_s: Positive | None = None
    ttft_s: Positive | None = None
    category: LatencyClass | None = None


class Budget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most that may be spent, in USD. A month is 30 days."""

    per_month_usd: Decimal | None = None
    per_request_usd: Decimal | None = None


class Names(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be used: only `allow`, when given, and none of `deny`."""

    allow: list[str] = []
    deny: list[str] = []


class Privacy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where data may go and what may be done with it. Your own machines keep all of it."""

    residency: list[str] = []
    """Regions, one of which the data must be held to: `eu`, `us`, ..."""
    certifications: list[Certification] = []
    """All of these, as something the host can sign or show."""
    no_training: bool = False
    """The host must not train on what it is sent, without a special contract."""


class Must(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hard limits: a model that fails one is out, whatever else it is good at."""

    latency: Latency = Latency()
    budget: Budget = Budget()
    context_tokens: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    max_output_tokens: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    inputs: list[Kind] = []
    outputs: list[OutputKind] = []
    requires: list[Ability] = []
    languages: list[str] = []
    """ISO 639-1 codes; each must be among those its maker names."""
    deployment: Deployment = "any"
    vendors: Names = Names()
    hosts: Names = Names()
    """Who may serve it. Hosts in `allow` that serve others' models (azure, bedrock) add their offers."""
    privacy: Privacy = Privacy()
    open_weights: bool | None = None
    licence_use: Literal["commercial", "research"] = "commercial"
    licence_classes: list[LicenceClass] = []
    """Only these, when given."""
    sla_share: Share | None = None
    """Availability promised by contract, 0-1."""
    quality: dict[str, Share] = {}
    """Benchmark to the least score (0-1), e.g. `{mmlu: 0.7}`."""
    lives_until: date | None = None
    """The model must not retire before this day."""
    lives_for_days: Annotated[int, Meta(ge=0, le=3650)] = 0
    """Nor within so many days of the day that answers."""
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
    """What it is for, in your words; `embeddings`, `image_generation`, `speech` and other names of a
    kind of model ask for that kind, everything else for a chat model."""
    peak_to_average: Annotated[float, Meta(ge=1, le=1000)] = 1
    """Requests of the busiest minute over the average one."""
    growth_per_year: Annotated[float, Meta(gt=0, le=10_000)] = 1
    """Volume in a year over volume now; the guide plans with 10."""
    service: Service = "standard"
    """The price class: batches are cheaper and answer within hours."""
    as_of: date | None = None
    """The day whose catalogue answers: models not yet released or already retired are out."""
    known_at: date | None = None
    """Only what had been said by this day counts; today if not given."""
    must: Must = Must()
    nice: Nice = Nice()
    unknown: Literal["exclude", "admit"] = "exclude"
    """What to do with a model of which nobody says whether it keeps a limit."""
    quality_by: str | None = None
    """The benchmark that stands for quality; the one known of most candidates if not said."""
    accepts: list[str] = []
    """Trade-offs that were accepted, in your words: kept in the record, limits nothing."""
    shortlist: Annotated[int, Meta(ge=1, le=5)] = 3
    success: Success = Success()

    @property
    def requests_per_month(self) -> int:
        """Of a month of 30 days."""
        return self.volume_per_day * 30

    @property
    def peak_requests_per_minute(self) -> float:
        """Of today's volume."""
        return self.volume_per_day / 1440 * self.peak_to_average

    @property
    def is_on_own_machines(self) -> bool:
        """Whether the deployment needs the weights."""
        return self.must.deployment in OWN_MACHINES

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of model that its tasks ask for."""
        return frozenset(TASK_KINDS.get(task, "chat") for task in self.tasks) or frozenset({"chat"})

    @property
    def latency_limit_s(self) -> float | None:
        """The tighter of the end-to-end limit and the class's upper end."""
        latency = self.must.latency
        limits = [latency.end_to_end_s, CLASS_LIMIT_S.get(latency.category or "")]
        return min((s for s in limits if s is not None), default=None)
