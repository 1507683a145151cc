"""What a run has found, small enough for a hundred thousand cases: no text, an `Outcome` for each answer.

Texts, details and whole cases stay in the store; a report asks for the few that it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.core.pico import usd
from pilothouse.core.stats.proportion import Interval


class CaseFact(Struct, frozen=True, gc=False):
    """What figures need to know of a case."""

    id: str
    tags: tuple[str, ...] = ()
    cluster: str | None = None
    is_synthetic: bool = False


class Outcome(Struct, frozen=True, kw_only=True, gc=False):
    """One answer, or one failure to get it. Times in milliseconds, money in pico-dollars (1e-12 USD)."""

    case: int
    """Index into `Evidence.cases`."""
    candidate: int
    """Index into `Evidence.candidates`."""
    repeat: int
    call_id: str
    """The last attempt's."""
    at_us: int
    error_class: str | None = None
    """None = answered."""
    values: tuple[float | None, ...] = ()
    """A value for each of `Evidence.scorers`; None = it could not be graded. Empty for a failure."""
    labels: tuple[str, str] | None = None
    """(wanted, read) of the first scorer that gives labels."""
    cost_pico_usd: int | None = None
    latency_ms: float | None = None
    ttft_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    is_usage_estimated: bool = False
    attempts: int = 1
    """Tries that this answer took, retries included."""

    @property
    def cost_usd(self) -> Decimal | None:
        """None = not priced."""
        return None if self.cost_pico_usd is None else usd(self.cost_pico_usd)


class Kept(Struct, frozen=True, kw_only=True):
    """An answer with its words, as the store has it."""

    case_id: str
    candidate: str
    repeat: int
    given: Given | None
    """None when the attempt failed."""
    error: str | None = None
    grades: dict[str, Grade] = {}
    """By scorer."""


class Shelf(Protocol):
    """The store, asked for what a report shows in words."""

    def cases(self, ids: Sequence[str]) -> dict[str, Case]:
        """Whole cases by id."""
        ...

    def kept(self, call_ids: Sequence[str]) -> dict[str, Kept]:
        """Answers by call id."""
        ...


class Stopped(Struct, frozen=True, kw_only=True):
    """A candidate that was not asked to the end, because the evidence was enough."""

    candidate: str
    why: str
    answers: int
    saved_answers: int
    saved_usd: Decimal | None
    intervals: dict[str, Interval] = {}
    """By criterion: what holds however often it was looked at."""


class Evidence(Struct, frozen=True, kw_only=True):
    """Everything that figures are made from. The same evidence gives the same report, to the byte."""

    run_id: str
    cases: Sequence[CaseFact]
    candidates: tuple[str, ...]
    scorers: tuple[str, ...]
    """Names as the file gives them; the first is the main one."""
    scorer_words: tuple[str, ...]
    """Each with its options, for a reader."""
    outcomes: Sequence[Outcome]
    """In the order of cases, repeats and candidates, whenever they were asked."""
    summaries: dict[str, dict[str, dict[str, float]]] = {}
    """Candidate to scorer to figures of all its answers that are no means: corpus BLEU, macro F1."""
    ungraded: dict[str, tuple[tuple[str, str], ...]] = {}
    """Scorer to (case id, what it raised), the first twenty."""
    stopped: tuple[Stopped, ...] = ()
    reused: int = 0
    """Answers that an earlier run had paid for."""
    spent_usd: Decimal = Decimal(0)
    """Paid in this run, judges included."""
    judge_usd: Decimal = Decimal(0)
    overlaps: dict[str, str] = {}
    """Case id to the public benchmark that it shares words with."""
