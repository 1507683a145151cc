"""What one plan comes to on a table, case by case: exact expectations over the errors of its check.

A score is the probability that the answer is good (0 and 1 where it is known). A check takes a good answer with
probability 1 - false_reject and a bad one with false_accept; given the case, models and checks are independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.route.table import Table

Kind = Literal["single", "verifier", "agreement"]


class Check(Struct, frozen=True, kw_only=True):
    """Anything that calls an answer good or bad: tests, a schema, a pattern, a judge. Rates are shares, 0-1."""

    false_accept: float = 0.1
    false_reject: float = 0.1
    usd: float = 0.0
    ms: float = 0.0


class Plan(Struct, frozen=True, kw_only=True):
    """`verifier`: in order, to the first answer that the check takes; the last one counts whatever it says.

    `agreement`: the first two at once; where they say the same it counts, else the third. `single`: one model.
    """

    kind: Kind
    models: tuple[str, ...]

    def __str__(self) -> str:
        if self.kind == "agreement":
            return f"{self.models[0]} = {self.models[1]}, else {self.models[2]}"
        return " -> ".join(self.models)


class Columns(Struct, frozen=True, kw_only=True):
    """A table by model, over the cases that every model has a score and a cost for."""

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    score: dict[str, list[float]]
    cost_usd: dict[str, list[float]]
    latency_ms: dict[str, list[float]]
    """Only of models whose every latency is known."""
    answers: dict[str, list[str | None]]
    """Without case and outer white space; only of models with at least one answer."""
    left_out: int


class Outcome(Struct, frozen=True, kw_only=True):
    """Lists are by case; `first_share` and `check_usd` are means over cases, the latter a part of the cost."""

    score: list[float]
    cost_usd: list[float]
    latency_ms: list[float] | None
    first_share: float
    """Answered without asking the last model (agreement), or by the first (verifier)."""
    check_usd: float


def columns(table: Table, models: Sequence[str] = ()) -> Columns:
    """Of these models, or of all. Raises `InvalidInput`: an unknown model, a model without costs, no case left."""
    for name in models:
        if name not in table.models:
            raise InvalidInput(
                f'{table.name}: no model "{name}" in the table.{did_you_mean(name, table.models)}'
            )
    at = {m: i for i, m in enumerate(table.models) if not models or m in models}
    for model, i in at.items():
        if all(row[i] is None for row in table.cost_usd):
            raise InvalidInput(
                f"{table.name}: no case says what {model} costs, and a cascade is judged by its cost "
                f"(give `cost_usd`, or leave the model out with --model)"
            )
    kept = [
        n
        for n, (scores, costs) in enumerate(zip(table.score, table.cost_usd, strict=True))
        if all(scores[i] is not None and costs[i] is not None for i in at.values())
    ]
    if not kept:
        raise InvalidInput(f"{table.name}: no case has a score and a cost of every model")
    latency = {m: [table.latency_ms[n][i] for n in kept] for m, i in at.items()}
    said = {m: [table.answers[n][i] for n in kept] for m, i in at.items()} if table.answers else {}
    return Columns(
        ids=tuple([table.ids[n] for n in kept]),
        groups=tuple([table.groups[n] for n in kept]),
        score={m: [table.score[n][i] or 0.0 for n in kept] for m, i in at.items()},
        cost_usd={m: [table.cost_usd[n][i] or 0.0 for n in kept] for m, i in at.items()},
        latency_ms={
            m: [v for v in values if v is not None]
            for m, values in latency.items()
            if None not in values
        },
        answers={m: [_normal(v) for v in values] for m, values in said.items() if any(values)},
        left_out=len(table) - len(kept),
    )


def outcome(of: Columns, plan: Plan, check: Check) -> Outcome:
    """What `plan` comes to."""
    if plan.kind == "agreement":
        return _agreed(of, *plan.models)
    return _verified(of, plan.models, check)


def _verified(of: Columns, models: Sequence[str], check: Check) -> Outcome:
    n = len(of.ids)
    reach, score, cost, checks, first = [1.0] * n, [0.0] * n, [0.0] * n, 0.0, 1.0
    waits = [of.latency_ms[m] for m in models if m in of.latency_ms]
    late: list[float] | None = [0.0] * n if len(waits) == len(models) else None
    taken, mistaken = 1 - check.false_reject, check.false_accept
    for i, model in enumerate(models):
        good, is_last = of.score[model], i == len(models) - 1
        sure = 1.0 if is_last else taken
        score = [s + r * g * sure for s, r, g in zip(score, reach, good, strict=True)]
        usd, ms = (0.0, 0.0) if is_last else (check.usd, check.ms)
        cost = [c + r * (u + usd) for c, r, u in zip(cost, reach, of.cost_usd[model], strict=True)]
        if late is not None:
            late = [t + r * (w + ms) for t, r, w in zip(late, reach, waits[i], strict=True)]
        if not is_last:
            checks += sum(reach)
            reach = [
                r * (1 - g * taken - (1 - g) * mistaken) for r, g in zip(reach, good, strict=True)
            ]
            first = first if i else 1 - sum(reach) / n
    return Outcome(
        score=score,
        cost_usd=cost,
        latency_ms=late,
        first_share=first,
        check_usd=checks / n * check.usd,
    )


def _agreed(of: Columns, one: str, other: str, strong: str) -> Outcome:
    same = [
        a is not None and a == b for a, b in zip(of.answers[one], of.answers[other], strict=True)
    ]
    both = [a + b for a, b in zip(of.cost_usd[one], of.cost_usd[other], strict=True)]
    late = None
    if all(m in of.latency_ms for m in (one, other, strong)):
        slower = map(max, of.latency_ms[one], of.latency_ms[other])
        late = _unless(same, list(slower), of.latency_ms[strong])
    return Outcome(
        score=[
            a if is_same else s
            for is_same, a, s in zip(same, of.score[one], of.score[strong], strict=True)
        ],
        cost_usd=_unless(same, both, of.cost_usd[strong]),
        latency_ms=late,
        first_share=sum(same) / len(same),
        check_usd=0.0,
    )


def _unless(same: Sequence[bool], first: Sequence[float], more: Sequence[float]) -> list[float]:
    return [a if is_same else a + b for is_same, a, b in zip(same, first, more, strict=True)]


def _normal(text: str | None) -> str | None:
    return None if text is None else text.strip().casefold() or None
