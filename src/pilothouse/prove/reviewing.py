"""What a person is shown of a run, blind, and what came of it. Pure.

An item is two answers to one case, or one answer. Whose they are is not shown; which stands first, and in which order
the items come, is drawn from the reviewer's name, so that a stopped review goes on with the same items and two people
see different orders.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from itertools import combinations
from typing import Literal

from msgspec import Struct

from pilothouse.core.review_store import Review
from pilothouse.core.stats.agreement import Kappa, cohen_kappa
from pilothouse.core.stats.mean_interval import MeanInterval, mean_interval
from pilothouse.prove.pairwise import Pair

TIE = "tie"
_SEPARATOR = "\x1f"
Side = Literal["first", "second", "tie"]


class Item(Struct, frozen=True, kw_only=True):
    """Two answers (or one: `second` is None) to one question."""

    key: str
    case_id: str
    question: str
    expected: str | None
    first: str
    second: str | None
    names: tuple[str, ...]
    """Whose `first` and `second` are; not for the reviewer's eyes."""

    def verdict(self, side: Side) -> str:
        """As it is kept: a candidate's name, or tie."""
        return TIE if side == "tie" else self.names[0 if side == "first" else 1]


class Standing(Struct, frozen=True, kw_only=True):
    """One candidate before people: the share of its pairs won (a tie is a half), or of its answers passed."""

    candidate: str
    share: MeanInterval
    verdicts: int


class Agreement(Struct, frozen=True, kw_only=True):
    """Two people on the items that both have seen."""

    one: str
    other: str
    items: int
    kappa: Kappa


def items_of(pairs: Sequence[Pair], reviewer: str, *, graded: bool) -> list[Item]:
    """In the reviewer's own order."""
    found: dict[str, Item] = {}
    for pair in pairs:
        answers = {pair.a: pair.answer_a.text, pair.b: pair.answer_b.text}
        if graded:
            for name, text in answers.items():
                found.setdefault(_key(pair, (name,)), _item(pair, (name,), text, None))
            continue
        key = _key(pair, (pair.a, pair.b))
        names = (pair.a, pair.b) if _draw(reviewer, key) % 2 else (pair.b, pair.a)
        found[key] = _item(pair, names, answers[names[0]], answers[names[1]])
    return sorted(found.values(), key=lambda item: _draw(reviewer, f"order{item.key}"))


def open_items(items: Sequence[Item], reviews: Sequence[Review], reviewer: str) -> list[Item]:
    """Those that the reviewer has not judged."""
    done = {r.item for r in reviews if r.reviewer == reviewer}
    return [item for item in items if item.key not in done]


def standings(reviews: Sequence[Review]) -> list[Standing]:
    """Of all reviewers together; verdicts on one case are clustered."""
    values: dict[str, list[float]] = defaultdict(list)
    clusters: dict[str, list[str]] = defaultdict(list)
    for review in reviews:
        case_id, *names = review.item.split(_SEPARATOR)
        for name in names:
            good = "pass" if len(names) == 1 else name
            values[name].append(0.5 if review.verdict == TIE else float(review.verdict == good))
            clusters[name].append(case_id)
    return [
        Standing(candidate=name, share=mean_interval(some, clusters[name]), verdicts=len(some))
        for name, some in sorted(values.items())
    ]


def agreements(reviews: Sequence[Review]) -> list[Agreement]:
    """Every two reviewers who share an item."""
    by_person: dict[str, dict[str, str]] = defaultdict(dict)
    for review in reviews:
        by_person[review.reviewer][review.item] = review.verdict
    found: list[Agreement] = []
    for one, other in combinations(sorted(by_person), 2):
        common = sorted(set(by_person[one]) & set(by_person[other]))
        if common:
            kappa = cohen_kappa(
                [by_person[one][i] for i in common], [by_person[other][i] for i in common]
            )
            found.append(Agreement(one=one, other=other, items=len(common), kappa=kappa))
    return found


def majority(reviews: Sequence[Review]) -> dict[str, str]:
    """Item to the verdict that most gave; where as many say otherwise, a pair is a tie and a grade is left out."""
    votes: dict[str, list[str]] = defaultdict(list)
    for review in reviews:
        votes[review.item].append(review.verdict)
    found: dict[str, str] = {}
    for item, said in votes.items():
        counts = sorted(((said.count(v), v) for v in set(said)), reverse=True)
        if len(counts) == 1 or counts[0][0] > counts[1][0]:
            found[item] = counts[0][1]
        elif item.count(_SEPARATOR) == 2:
            found[item] = TIE
    return found


def _item(pair: Pair, names: tuple[str, ...], first: str, second: str | None) -> Item:
    case = pair.case
    asked = "\n\n".join([*(f"[{m.role}] {m.text}" for m in case.messages), case.prompt, *case.then])
    return Item(
        key=_key(pair, names if second is None else (pair.a, pair.b)),
        case_id=case.id,
        question=asked,
        expected=case.expected,
        first=first,
        second=second,
        names=names,
    )


def _key(pair: Pair, names: tuple[str, ...]) -> str:
    return _SEPARATOR.join((pair.case.id, *names))


def _draw(reviewer: str, text: str) -> int:
    return int.from_bytes(sha256(f"{reviewer}\n{text}".encode(errors="surrogatepass")).digest()[:8])
