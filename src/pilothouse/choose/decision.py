"""What a choice comes to: the shortlist, everybody else, and every reason. Values only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from msgspec import Struct

from pilothouse.choose.constraints import Failure
from pilothouse.choose.relax import Relaxation
from pilothouse.choose.sensitivity import Flip
from pilothouse.choose.ties import Standing
from pilothouse.core.model import Claim
from pilothouse.core.need import Need


class Pick(Struct, frozen=True, kw_only=True):
    """One model of the ranking."""

    id: str
    name: str
    vendor: str
    api_id: str
    score: float
    wins: float
    """Share of all weightings in which it comes first, 0-1."""
    standing: Standing | None = None
    """With the errors of quality counted; None where quality has no weight or no score."""
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
    is_twin: bool = False
    """Nothing known tells the two apart: of one vendor, only one of them is ranked."""
    is_within_noise: bool = False
    """Whether all that it is worse on is quality, by less than the errors."""


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
    quality_protocol: str | None
    """How the scores compared were measured; those measured otherwise count as not known."""
    weights: dict[str, float]
    shortlist: tuple[Pick, ...]
    runners_up: tuple[Pick, ...]
    """On the frontier, in order, after the shortlist."""
    dominated: tuple[Dominated, ...]
    excluded: tuple[Excluded, ...]
    unranked: tuple[str, ...]
    """Kept every limit, but nobody says anything of what matters here: neither good nor bad."""
    unscored: tuple[str, ...] = ()
    """On the frontier, but of unknown quality while that of others is known: they stand behind those."""
    flips: tuple[Flip, ...]
    """The nearest weightings under which somebody else would come first."""
    relaxations: tuple[Relaxation, ...]
    claims: dict[str, tuple[Claim, ...]]
    """The facts of the shortlist, with their sources."""

    @property
    def tie_at_the_end(self) -> tuple[str, ...]:
        """Who stands behind the shortlist and is not separable from its last place."""
        if not self.shortlist or self.shortlist[-1].standing is None:
            return ()
        tied = self.shortlist[-1].standing.tied_with
        return tuple(p.id for p in self.runners_up if p.id in tied)

    @property
    def admitted(self) -> tuple[str, ...]:
        """Ids of the models that keep every limit."""
        picks = [*self.shortlist, *self.runners_up]
        return tuple(
            sorted([*(p.id for p in picks), *(d.id for d in self.dominated), *self.unranked])
        )
