"""What a proof of concept keeps: its cases, every answer it paid for, and who is at work on which part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from pilothouse.core.call import Call, Score
from pilothouse.core.grade import Given


class Before(Struct, frozen=True, kw_only=True):
    """What the turns before the last one took: USD, milliseconds, tokens; None = not known of all of them."""

    cost_usd: Decimal | None
    latency_ms: float | None
    input_tokens: int | None
    output_tokens: int | None

    @classmethod
    def of(cls, calls: Sequence[Call]) -> Before:
        """Their sums."""
        costs = [c.cost_usd for c in calls]
        return cls(
            cost_usd=None
            if None in costs
            else sum([c for c in costs if c is not None], Decimal(0)),
            latency_ms=_sum([c.latency_ms for c in calls]),
            input_tokens=_whole(_sum([c.input_tokens for c in calls])),
            output_tokens=_whole(_sum([c.output_tokens for c in calls])),
        )


class PaidAnswer(Struct, frozen=True, kw_only=True):
    """An answer that a proof has paid for, kept before it counts."""

    run_id: str
    case_id: str
    target: str
    """The candidate's name."""
    repeat: int = 0
    call: Call
    """The last attempt. Of a reused answer: the one of the run that paid for it."""
    given: Given | None
    """None when every attempt failed."""
    attempts: int = 1
    """Attempts that this answer took."""
    question_key: str | None = None
    """The same question to the same model has the same key, in whichever run."""
    before: Before | None = None
    """Of a conversation: its turns before the last one."""
    scores: tuple[Score, ...] = ()


NO_CASE = "\x1f"
"""What the case id of an answer that is no candidate's last word begins with; sorts before every case id."""


class KeptCase(Struct, frozen=True):
    """A case of a run, as JSON."""

    ordinal: int
    case_id: str
    case_json: bytes


class RunRow(Struct, frozen=True, kw_only=True):
    """A run, and how far it is. Times are Unix microseconds."""

    id: str
    spec_json: bytes
    at_us: int
    cases: int
    answers: int


class ProofStore(Protocol):
    """Proofs of concept. What is written is on disk before a method returns. Raises `StoreError`."""

    def open_run(self, run_id: str, spec_json: bytes, at_us: int) -> bool:
        """Create the run, or give it this spec. False when it was there already."""
        ...

    def run(self, run_id: str) -> RunRow | None:
        """By id."""
        ...

    def runs(self) -> list[RunRow]:
        """All, newest first."""
        ...

    def keep_cases(self, run_id: str, cases: Iterable[KeptCase]) -> None:
        """The run's cases; those that are there stay."""
        ...

    def cases(self, run_id: str, first: int, until: int) -> list[KeptCase]:
        """Those with first <= ordinal < until, in order."""
        ...

    def cases_by_id(self, run_id: str, ids: Sequence[str]) -> list[KeptCase]:
        """Those of `ids` that there are."""
        ...

    def keep_answers(self, answers: Sequence[PaidAnswer]) -> None:
        """Calls, texts and scores in one transaction; a later answer to the same question replaces."""
        ...

    def keep_scores(self, scores: Sequence[Score]) -> None:
        """Add or replace scores of answers."""
        ...

    def answers(self, run_id: str, first: int, until: int) -> list[PaidAnswer]:
        """Of the cases with first <= ordinal < until, in their order."""
        ...

    def answered(
        self, run_id: str, first: int, until: int
    ) -> list[tuple[str, str, int, str | None]]:
        """(case id, target, repeat, error class) of what `answers` would give."""
        ...

    def answers_of(self, call_ids: Sequence[str], run_id: str) -> list[PaidAnswer]:
        """Answers of the run by their call."""
        ...

    def found(self, question_keys: Sequence[str]) -> dict[str, PaidAnswer]:
        """Answers of any run to these questions; no failures."""
        ...

    def has_others(self, run_id: str) -> bool:
        """Whether any other run has answers."""
        ...

    def spent_usd(self, run_id: str) -> Decimal:
        """What all attempts of the run cost, judges included."""
        ...

    def take(
        self, run_id: str, parts: Sequence[int], owner: str, until_us: int, now_us: int
    ) -> list[int]:
        """Of `parts` of the run, those that `owner` now holds until then: free ones, and ones whose lease is over."""
        ...

    def holders(self, run_id: str) -> dict[str, int]:
        """Owners to the time at which their (last) lease ends."""
        ...

    def renew(self, run_id: str, owner: str, until_us: int) -> None:
        """Hold what is held until then."""
        ...

    def give_back(self, run_id: str, owner: str, parts: Sequence[int] | None = None) -> None:
        """These parts, or all that the owner holds, are free again."""
        ...

    def output_tokens(self, run_id: str, provider: str, model: str, limit: int) -> list[int]:
        """Of the last answers of that model in that run, newest first."""
        ...


def _sum(values: Sequence[float | None]) -> float | None:
    return None if None in values else sum([v for v in values if v is not None])


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
