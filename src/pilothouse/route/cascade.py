"""Does a cascade pay, and which? Every order of models is replayed on a table of what each one did.

Decides from the table alone: no model is asked. Source of the question: RouterBench (arXiv 2403.12031), where
cascades are good only while the check is; and arXiv 2605.06350, where they lose because the cheap call is always paid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, permutations
from statistics import fmean

from msgspec import Struct
from msgspec.structs import replace

from pilothouse.core.errors import InvalidInput
from pilothouse.core.stats.mean_interval import mean_interval
from pilothouse.core.stats.proportion import Interval
from pilothouse.route.cascade_break_even import break_even
from pilothouse.route.cascade_draws import against
from pilothouse.route.cascade_outcome import Check, Columns, Kind, Outcome, Plan, columns, outcome
from pilothouse.route.table import Table

MARGIN = 0.01
LEAST_GROUPS = 30
"""With fewer independent cases nothing is said to pay."""
_MOST_DRAWN = 40


class Worth(Struct, frozen=True, kw_only=True):
    """A plan on the table. Intervals are at 95 %; those against the best single model only where they could pay."""

    plan: Plan
    score: float
    score_interval: Interval
    cost_usd: float
    """Mean for a case, checks included."""
    check_usd: float
    latency_ms: float | None
    first_share: float
    """Answered by the first model (the first two, where they agree) alone."""
    cost_ratio: float
    difference: float
    """Score less that of the best single model."""
    cost_ratio_interval: Interval | None = None
    difference_interval: Interval | None = None
    break_even_error: float | None = None
    """Of a verifier, both ways alike; only where the plan could pay, and for pairs."""
    pays: bool = False


class Oracle(Struct, frozen=True, kw_only=True):
    """The best score of each case, at the least cost: no router can do better, and luck is in it."""

    score: float
    cost_usd: float


class Planned(Struct, frozen=True, kw_only=True):
    """`chosen`: among those that pay the one that costs least. `best_score`: the best one at no more cost."""

    table: str
    cases: int
    left_out: int
    groups: int
    check: Check
    margin: float
    singles: tuple[Worth, ...]
    best: Worth
    cheapest: Worth
    oracle: Oracle
    tried: int
    cascades: tuple[Worth, ...]
    """Those that pay or could, cheapest first; then the rest by their cost."""
    chosen: Worth | None
    best_score: Worth | None


def plan(
    table: Table,
    check: Check | None = None,
    *,
    models: Sequence[str] = (),
    kinds: Sequence[Kind] = ("verifier", "agreement"),
    longest: int = 3,
    margin: float = MARGIN,
    seed: int = 7,
    times: int = 1000,
) -> Planned:
    """Tries every pair, every agreement of two before a third, and a third model in pairs that may pay.

    A plan pays when its score is not inferior to the best single model's (lower end of the difference >= -margin)
    and the upper end of its cost ratio is below 1. Raises `InvalidInput`: fewer than two models or cases, no costs.
    """
    check = check or Check()
    of = columns(table, models)
    if len(of.score) < 2 or len(of.ids) < 2:
        raise InvalidInput(f"{table.name}: a cascade needs two models and two cases")
    if "verifier" not in kinds and (len(of.answers) < 2 or len(of.score) < 3):
        raise InvalidInput(
            f"{table.name}: agreement needs three models, and the `answers` of two of them"
        )
    alone = {m: outcome(of, Plan(kind="single", models=(m,)), check) for m in of.score}
    first = max(alone, key=lambda m: (fmean(alone[m].score), -fmean(alone[m].cost_usd)))
    bench = _Bench(of=of, check=check, best=alone[first], best_model=first)
    if sum(bench.best.cost_usd) <= 0:
        raise InvalidInput(
            f"{table.name}: {first}, the best model, costs nothing; nothing can be saved"
        )
    singles = [bench.worth(Plan(kind="single", models=(m,))) for m in of.score]
    best = next(w for w in singles if w.plan.models == (first,))
    cascades = _cascades(bench, kinds, longest, margin)
    open_ = [w for w in (*singles, *cascades) if w is not best and could_pay(w, margin)]
    judged = _judged(bench, _most_telling(open_), margin, seed, times)
    known = {w.plan: w for w in judged}
    singles = [known.get(w.plan, w) for w in singles]
    cascades = [known.get(w.plan, w) for w in cascades]
    paying = [w for w in judged if w.pays]
    within = [w for w in (*singles, *cascades) if w.cost_ratio <= 1]
    top = max(within, key=_by_score, default=None)
    return Planned(
        table=table.name,
        cases=len(of.ids),
        left_out=of.left_out,
        groups=len(set(of.groups)),
        check=check,
        margin=margin,
        singles=tuple(sorted(singles, key=_by_score, reverse=True)),
        best=best,
        cheapest=min(singles, key=lambda w: (w.cost_usd, -w.score)),
        oracle=_oracle(of),
        tried=len(cascades),
        cascades=tuple(sorted(cascades, key=lambda w: (not could_pay(w, margin), w.cost_usd))),
        chosen=min(paying, key=lambda w: (w.cost_usd, -w.score), default=None),
        best_score=None if top is None or top.plan == best.plan else top,
    )


class _Bench(Struct, frozen=True, kw_only=True):
    """What every plan is measured with."""

    of: Columns
    check: Check
    best: Outcome
    best_model: str

    def outcome(self, plan: Plan) -> Outcome:
        return outcome(self.of, plan, self.check)

    def worth(self, plan: Plan) -> Worth:
        found = self.outcome(plan)
        score, cost = fmean(found.score), fmean(found.cost_usd)
        is_pair = plan.kind == "verifier" and len(plan.models) == 2
        return Worth(
            plan=plan,
            score=score,
            score_interval=mean_interval(found.score, self.of.groups).interval,
            cost_usd=cost,
            check_usd=found.check_usd,
            latency_ms=None if found.latency_ms is None else fmean(found.latency_ms),
            first_share=found.first_share,
            cost_ratio=cost / fmean(self.best.cost_usd),
            difference=score - fmean(self.best.score),
            break_even_error=self.break_even(plan) if is_pair else None,
        )

    def is_never_worse(self, plan: Plan) -> bool:
        """Whatever the cases: only good answers are taken, and the best model has the last word."""
        return (
            plan.kind == "verifier"
            and self.check.false_accept == 0
            and plan.models[-1] == self.best_model
        )

    def break_even(self, plan: Plan) -> float | None:
        if plan.kind != "verifier":
            return None
        return break_even(self.of, plan, self.check, self.best)


def _cascades(bench: _Bench, kinds: Sequence[Kind], longest: int, margin: float) -> list[Worth]:
    names = list(bench.of.score)
    found: list[Worth] = []
    if "verifier" in kinds:
        pairs = [bench.worth(Plan(kind="verifier", models=two)) for two in permutations(names, 2)]
        found += pairs
        if longest > 2:
            promising = _front([w for w in pairs if could_pay(w, margin)])
            found += [bench.worth(p) for p in _with_a_third(promising, names)]
    if "agreement" in kinds:
        said = [m for m in names if m in bench.of.answers]
        found += [
            bench.worth(Plan(kind="agreement", models=(*two, strong)))
            for two in combinations(said, 2)
            for strong in names
            if strong not in two
        ]
    return found


def _with_a_third(pairs: Iterable[Worth], names: Sequence[str]) -> list[Plan]:
    """A third model before, between and behind."""
    longer: dict[tuple[str, ...], None] = {}
    for pair in pairs:
        a, b = pair.plan.models
        for c in names:
            if c not in (a, b):
                longer.update(dict.fromkeys([(c, a, b), (a, c, b), (a, b, c)]))
    return [Plan(kind="verifier", models=models) for models in longer]


def could_pay(worth: Worth, margin: float) -> bool:
    """The intervals hold the figures themselves: what fails by these cannot pay."""
    return worth.difference >= -margin and worth.cost_ratio < 1


def _front(worths: Sequence[Worth]) -> list[Worth]:
    """Cheapest first, each one with a better score than all before it."""
    found: list[Worth] = []
    for worth in sorted(worths, key=lambda w: (w.cost_usd, -w.score)):
        if not found or worth.score > found[-1].score:
            found.append(worth)
    return found


def _most_telling(worths: Sequence[Worth]) -> list[Worth]:
    """The front and then the cheapest, as many as intervals are drawn for; the one with the best score always."""
    front = _front(worths)
    rest = sorted([w for w in worths if w not in front], key=lambda w: w.cost_usd)
    return [*front[::-1], *rest][: max(_MOST_DRAWN, len(front))]


def _judged(
    bench: _Bench, worths: Sequence[Worth], margin: float, seed: int, times: int
) -> list[Worth]:
    groups = bench.of.groups
    outcomes = [bench.outcome(w.plan) for w in worths]
    is_enough = len(set(groups)) >= LEAST_GROUPS
    found = against(groups, bench.best, outcomes, seed=seed, times=times)
    judged: list[Worth] = []
    for worth, drawn in zip(worths, found, strict=True):
        gap, ratio = drawn.difference, drawn.cost_ratio
        if bench.is_never_worse(worth.plan):
            gap = Interval(max(0.0, gap.low), gap.high)
        judged.append(
            replace(
                worth,
                cost_ratio_interval=ratio,
                difference_interval=gap,
                break_even_error=bench.break_even(worth.plan),
                pays=is_enough and gap.low >= -margin and ratio.high < 1,
            )
        )
    return judged


def _by_score(worth: Worth) -> tuple[float, float]:
    return worth.score, -worth.cost_usd


def _oracle(of: Columns) -> Oracle:
    scores = list(zip(*of.score.values(), strict=True))
    costs = list(zip(*of.cost_usd.values(), strict=True))
    tops = [max(row) for row in scores]
    least = [
        min([c for s, c in zip(row, usd, strict=True) if s == top])
        for row, usd, top in zip(scores, costs, tops, strict=True)
    ]
    return Oracle(score=fmean(tops), cost_usd=fmean(least))
