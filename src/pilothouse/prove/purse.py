"""What a run will cost before it is run, and the cap that it keeps while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from math import exp, sqrt
from statistics import fmean, stdev

from msgspec import Struct

from pilothouse.core.answer import Usage
from pilothouse.core.route import Target

Price = Callable[[Target, Usage], Decimal | None]
_Z90 = 1.2816
LENGTH_SPREAD = 0.75
"""Of a guessed length: within a factor of 2.6, eight times in ten. Measured between tasks and models (bench/estimate.py)."""
_KNOWN_SPREAD = 0.08
"""What is left of it when lengths of the same model in the same task are known: tokens by estimate."""
_ENOUGH = 20
"""Answers from which a mean length is believed."""


class Guess(Struct, frozen=True, kw_only=True):
    """The mean length of a candidate's answers in tokens, and how far it may be off (of its logarithm)."""

    mean_tokens: float
    spread: float
    how: str
    most_tokens: int | None = None
    """What the file allows for one answer."""


class Estimate(Struct, frozen=True, kw_only=True):
    """Dollars: half of all runs cost less than p50, eight of ten are within p10 and p90."""

    p10_usd: Decimal
    p50_usd: Decimal
    p90_usd: Decimal
    questions: int
    unpriced: int
    """Questions that nobody can price: no budget holds them back."""
    how: str


def guess(
    lengths: Sequence[int], repeats: int, cases: int, expected_tokens: int, max_tokens: int | None
) -> Guess:
    """From earlier answers of that model to cases of this task, else from what the file expects.

    The cases answered and the `cases` to come are two samples, and both means err. Repeats of a case count as
    one: they are about as long as each other.
    """
    if len(lengths) >= _ENOUGH:
        mean = max(1.0, fmean(lengths))
        known = (
            len(lengths) / repeats - 3
        )  # as Student's t is wider: their spread is an estimate too
        error = stdev(lengths) / mean * sqrt(1 / max(1, known) + 1 / max(1, cases))
        return Guess(
            mean_tokens=mean,
            spread=sqrt(error**2 + _KNOWN_SPREAD**2),
            how=f"the last {len(lengths)} answers of that model to this task",
            most_tokens=max_tokens,
        )
    return Guess(
        mean_tokens=float(expected_tokens),
        spread=LENGTH_SPREAD,
        how=f"expected_output_tokens: {expected_tokens} (ask some cases first, --limit 20, to know)",
        most_tokens=max_tokens,
    )


class Line(Struct, frozen=True, kw_only=True):
    """A candidate's questions, for the estimate."""

    target: Target
    questions: int
    input_tokens: int
    """Of all of them."""
    guess: Guess


def estimate(lines: Sequence[Line], price: Price) -> Estimate:
    """Sums the candidates; their errors are taken as going together, which is the careful side."""
    low = middle = high = Decimal(0)
    unpriced = 0
    for line in lines:
        if not line.questions:
            continue
        priced = [_cost(line, price, factor) for factor in (-_Z90, 0.0, _Z90)]
        if priced[1] is None:
            unpriced += line.questions
            continue
        low, middle, high = (a + (b or 0) for a, b in zip((low, middle, high), priced, strict=True))
    return Estimate(
        p10_usd=low,
        p50_usd=middle,
        p90_usd=high,
        questions=sum(line.questions for line in lines),
        unpriced=unpriced,
        how="; ".join(dict.fromkeys(line.guess.how for line in lines if line.questions)),
    )


class Purse:
    """Money of one run: what is spent, what is set aside for questions under way, and the cap."""

    def __init__(self, cap_usd: Decimal | None, spent_usd: Decimal) -> None:
        self.cap_usd = cap_usd
        self.spent_usd = spent_usd
        self.is_empty = False
        self._set_aside_usd = Decimal(0)
        self._settled = asyncio.Event()

    async def set_aside(self, expected_usd: Decimal) -> bool:
        """Whether the cap allows it. Waits while only money set aside for others stands in its way."""
        if self.cap_usd is None:
            return True
        while self.spent_usd + self._set_aside_usd + expected_usd > self.cap_usd:
            if not self._set_aside_usd:
                self.is_empty = True
                return False
            self._settled.clear()
            await self._settled.wait()
        self._set_aside_usd += expected_usd
        return True

    def settle(self, expected_usd: Decimal, paid_usd: Decimal) -> None:
        """What was set aside has become `paid_usd`."""
        if self.cap_usd is not None:
            self._set_aside_usd -= expected_usd
        self.spent_usd += paid_usd
        self._settled.set()


def _cost(line: Line, price: Price, z: float) -> Decimal | None:
    tokens = line.guess.mean_tokens * exp(z * line.guess.spread)
    usage = Usage(
        input_tokens=line.input_tokens // line.questions,
        output_tokens=round(min(tokens, line.guess.most_tokens or tokens)),
    )
    each = price(line.target, usage)
    return None if each is None else each * line.questions
