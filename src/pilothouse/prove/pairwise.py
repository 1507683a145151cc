"""Two candidates' answers to the same case, and which of them a judge prefers, shown in both orders.

A judge that names the same answer in both orders has decided; one that changes its mind with the order has
not, and that is a tie (Zheng et al. 2023, arXiv 2306.05685, section 3.4). What follows from judgments, win
rates and a ranking, is pure; `compare` is the part that asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Models
from pilothouse.scorers._judge_asking import ask_verdict, every
from pilothouse.scorers._judge_prompt import Length, pair_request
from pilothouse.scorers._judge_reading import Nonsense, Side, read_side

Winner = Literal["a", "b", "tie"]
HELPFUL = "Decide which of two answers serves the person who asked better: correct first, then complete, then clear."
_SWAPPED: dict[Side, Winner] = {"A": "b", "B": "a", "tie": "tie"}
_AS_SHOWN: dict[Side, Winner] = {"A": "a", "B": "b", "tie": "tie"}


class Pair(Struct, frozen=True, kw_only=True):
    """Two answers to one case, and whose they are."""

    case: Case
    a: str
    b: str
    answer_a: Given
    answer_b: Given


class PairJudge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How pairs are judged."""

    judges: Annotated[tuple[str, ...], Meta(min_length=1, max_length=9)]
    asks: str = HELPFUL
    """What makes an answer the better one, in words for the judge."""
    may_tie: bool = True
    length: Length = "ignore"


class Judgment(Struct, frozen=True, kw_only=True):
    """One judge on one pair, in both orders."""

    case_id: str
    a: str
    b: str
    judge: str
    a_first: Winner | None
    """Who won when the answer of `a` was shown first; None = no verdict."""
    b_first: Winner | None
    words_a: int
    words_b: int
    cluster: str | None = None
    human: Winner | None = None
    """Whom a person preferred, where one was asked."""
    why_ungraded: str | None = None

    @property
    def winner(self) -> Winner | None:
        """Who won in both orders, else a tie; None when one order has no verdict."""
        if self.a_first is None or self.b_first is None:
            return None
        return self.a_first if self.a_first == self.b_first else "tie"

    @property
    def value(self) -> float | None:
        """What `a` gets: 1, a half for a tie, 0."""
        winner = self.winner
        return None if winner is None else {"a": 1.0, "tie": 0.5, "b": 0.0}[winner]

    @property
    def group(self) -> str:
        """What shares its luck: its cluster, else its case (several judges saw the same two answers)."""
        return self.cluster or self.case_id


async def compare(
    pairs: Sequence[Pair],
    judge: PairJudge,
    models: Models,
    show: Callable[[Judgment], None] = lambda judgment: None,
) -> list[Judgment]:
    """A judgment of each judge on each pair, in that order; `show` gets each as it is made.

    Nonsense twice makes an ungraded judgment. Raises `ProviderError` when a judge cannot be asked.
    """

    async def one(pair: Pair, name: str) -> Judgment:
        judgment = await judged(pair, name, judge, models)
        show(judgment)
        return judgment

    return await every([one(pair, name) for pair in pairs for name in judge.judges])


async def judged(pair: Pair, name: str, judge: PairJudge, models: Models) -> Judgment:
    """One judge on one pair. Raises `ProviderError`."""
    orders = [(pair.answer_a, pair.answer_b), (pair.answer_b, pair.answer_a)]
    sides: list[Side | Nonsense] = await every(
        [_side(models, name, judge, pair.case, *order) for order in orders]
    )
    failed = [str(side) for side in sides if isinstance(side, Nonsense)]
    return Judgment(
        case_id=pair.case.id,
        a=pair.a,
        b=pair.b,
        judge=name,
        a_first=_meant(sides[0], _AS_SHOWN),
        b_first=_meant(sides[1], _SWAPPED),
        words_a=len(pair.answer_a.text.split()),
        words_b=len(pair.answer_b.text.split()),
        cluster=pair.case.cluster,
        why_ungraded=failed[0] if failed else None,
    )


def other_way(winner: Winner | None) -> Winner | None:
    """Who won when a is called b and b is called a."""
    return {"a": "b", "b": "a"}.get(winner or "", winner)  # type: ignore[return-value]


def read_judgment(a_first: str, b_first: str) -> tuple[Winner | None, Winner | None]:
    """Two texts of a judge, of both orders, as winners; None where one says nothing clear."""
    return _read(a_first, _AS_SHOWN), _read(b_first, _SWAPPED)


def _meant(side: Side | Nonsense, meaning: dict[Side, Winner]) -> Winner | None:
    return None if isinstance(side, Nonsense) else meaning[side]


def _read(text: str, meaning: dict[Side, Winner]) -> Winner | None:
    try:
        return meaning[read_side(text)]
    except Nonsense:
        return None


async def _side(
    models: Models, name: str, judge: PairJudge, case: Case, first: Given, second: Given
) -> Side | Nonsense:
    """Its verdict in one order; nonsense is a value here, so that the other order is still asked."""
    request = pair_request(judge.asks, case, first, second, judge.length, may_tie=judge.may_tie)

    def read(text: str) -> Side:
        side = read_side(text)
        if side == "tie" and not judge.may_tie:
            raise Nonsense("tie is not an answer here: name A or B")
        return side

    try:
        return (await ask_verdict(models, name, request, read))[0]
    except Nonsense as error:
        return error
