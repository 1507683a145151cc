"""The honest table: what routing would have given on cases that nothing was learned or chosen from.

Each split by group: half to learn, a fifth to choose the trade by, three tenths to measure. AIQ is RouterBench's: the area
under the non-decreasing hull of (cost, quality), over the range of single models' costs. `realised` is what the trade
chosen on the validation part gave on the test part, not the best point of the test curve.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log, nan
from random import Random
from statistics import fmean

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from pilothouse.core.stats.calibration import expected_calibration_error
from pilothouse.core.stats.proportion import Interval
from pilothouse.learned.decide import Decider
from pilothouse.route.fit import fit
from pilothouse.route.split import folds_of
from pilothouse.route.table import Table

Floats = NDArray[np.float64]
_PARTS = 10
_LEARN, _CHOOSE = 5, 7
"""Of ten folds: the first five, then two; the other three measure."""
_BINS = 10
_SHRINK = 20.0
_RESAMPLES = 500


class Realised(Struct, frozen=True, kw_only=True):
    """At the trade chosen on validation: the saving that keeps the best single model's quality."""

    saving: float
    saving_interval: Interval
    quality_gain: float
    """Against the best single model, in score points (0-1)."""
    quality_gain_interval: Interval


class Judged(Struct, frozen=True, kw_only=True):
    """A way to route, over all splits."""

    name: str
    aiq: float
    quality: float | None = None
    """Of a single model."""
    cost_usd: float | None = None
    calibration_error: float | None = None
    """ECE of P(good), ten bins, mean over models."""
    realised: Realised | None = None
    curve: tuple[tuple[float, float], ...] = ()
    """(USD a case, score), from a good answer worth nothing to worth everything."""
    reliability: tuple[tuple[float, float, float], ...] = ()
    """(P(good) said, share that were good, share of all) in ten bins, over models, of the last split."""


class Unseen(Struct, frozen=True, kw_only=True):
    """Tasks that were left out of learning altogether."""

    tags: tuple[str, ...]
    flagged_with_tag: float
    """Share of their requests that are known for unfamiliar when the caller says the tag."""
    flagged_by_text: float
    """The same by their looks alone."""
    false_flags: float
    """Share of test requests of known tasks that are taken for unfamiliar, by looks alone."""
    quality_gain: float
    """Of routing them (by text) against the best single model on them."""
    quality_gain_with_tag: float


class Evaluation(Struct, frozen=True, kw_only=True):
    """All of it. `test_cases` is the mean of a split."""

    table: str
    cases: int
    test_cases: int
    splits: int
    best: str
    rows: tuple[Judged, ...]
    unseen: tuple[Unseen, ...]


class _Part(Struct):
    score: Floats
    cost: Floats
    groups: tuple[str, ...]


class _Method(Struct):
    """P(good) and expected cost by case and model, on the validation and the test part."""

    good: tuple[Floats, Floats]
    cost: tuple[Floats, Floats]


def evaluated(table: Table, *, splits: int = 3, seed: int = 0) -> Evaluation:
    """Raises `ValueError`: too few cases, or no costs."""
    whole = table.complete()
    if any(None in row for row in whole.cost_usd):
        raise ValueError("costs are not known for every case and model: savings cannot be said")
    if len(whole) < 50:
        raise ValueError(f"{len(whole)} cases: 50 are the least that can be split in three")
    found: dict[str, list[Judged]] = {}
    pooled: dict[str, list[tuple[str, float, float, float]]] = {}
    sizes: list[int] = []
    for split in range(splits):
        folds = np.array(folds_of(whole.groups, _PARTS, f"evaluate{seed}.{split}"))
        learn, choose, test = (
            whole.at(np.flatnonzero(part).tolist())
            for part in (folds < _LEARN, (folds >= _LEARN) & (folds < _CHOOSE), folds >= _CHOOSE)
        )
        sizes.append(len(test))
        for judged, rows in _judged_split(learn, choose, test):
            found.setdefault(judged.name, []).append(judged)
            pooled.setdefault(judged.name, []).extend(rows)
    means = _array(whole.score).mean(0)
    return Evaluation(
        table=table.name,
        cases=len(whole),
        test_cases=round(fmean(sizes)),
        splits=splits,
        best=whole.models[int(means.argmax())],
        rows=tuple(_mean(found[name], pooled[name]) for name in found),
        unseen=tuple(_unseen(whole, seed)),
    )


def quality_hull(points: Sequence[tuple[float, float]], low: float, high: float) -> float:
    """RouterBench's AIQ: the mean height of the non-decreasing convex hull of (cost, quality) on [low, high]."""
    hull: list[tuple[float, float]] = []
    for point in sorted(points):
        if hull and point[1] <= hull[-1][1]:
            continue
        while len(hull) > 1 and _turns_up(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    grid = np.linspace(low, high, 1001)
    xs, ys = [p[0] for p in hull], [p[1] for p in hull]
    return float(np.interp(grid, xs, ys).mean())


def reliability(said: Floats, happened: Floats) -> tuple[tuple[float, float, float], ...]:
    """Means of both and the share of cases, by bin of what was said; empty bins are (nan, nan, 0)."""
    bins = np.minimum((said * _BINS).astype(int), _BINS - 1)
    found: list[tuple[float, float, float]] = []
    for i in range(_BINS):
        inside = bins == i
        if inside.any():
            means = float(said[inside].mean()), float(happened[inside].mean())
            found.append((*means, float(inside.mean())))
        else:
            found.append((nan, nan, 0.0))
    return tuple(found)


def _turns_up(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return (b[1] - a[1]) * (c[0] - a[0]) <= (c[1] - a[1]) * (b[0] - a[0])


def _array(rows: Sequence[Sequence[float | None]]) -> Floats:
    return np.array(rows, dtype=float)


def _part(table: Table) -> _Part:
    return _Part(_array(table.score), _array(table.cost_usd), table.groups)


def _judged_split(
    learn: Table, choose: Table, test: Table
) -> list[tuple[Judged, list[tuple[str, float, float, float]]]]:
    """Each way, and for each test case (group, spent, spent on the best, score gained on it)."""
    chosen_by, measured = _part(choose), _part(test)
    learned_on = _part(learn)
    best = int(learned_on.score.mean(0).argmax())
    ends = measured.cost.mean(0)
    low, high = float(ends.min()), float(ends.max())
    singles = [(float(c), float(q)) for c, q in zip(ends, measured.score.mean(0), strict=True)]
    found: list[tuple[Judged, list[tuple[str, float, float, float]]]] = [
        (Judged(name=name, aiq=q, quality=q, cost_usd=c), [])
        for name, (c, q) in zip(test.models, singles, strict=True)
    ]
    found.append(
        (
            Judged(name="(no router: hull of single models)", aiq=quality_hull(singles, low, high)),
            [],
        )
    )
    for name, method in _methods(learn, choose, test).items():
        curve = [
            _point(measured, _pick(method.good[1], method.cost[1], worth))
            for worth in _worths(learned_on.cost)
        ]
        worth = _trade(chosen_by, method, best, learned_on.cost)
        rows = _realised(measured, method, best, worth)
        error = fmean(
            [
                expected_calibration_error(
                    method.good[1][:, k].tolist(), measured.score[:, k].tolist()
                )
                for k in range(len(test.models))
            ]
        )
        is_said = name.startswith("learned")
        found.append(
            (
                Judged(
                    name=name,
                    aiq=quality_hull([*curve, *singles], low, high),
                    calibration_error=error if is_said else None,
                    curve=tuple(curve),
                    reliability=reliability(method.good[1].ravel(), measured.score.ravel())
                    if is_said
                    else (),
                ),
                rows if name != "(oracle)" else [],
            )
        )
    return found


def _methods(learn: Table, choose: Table, test: Table) -> dict[str, _Method]:
    both = (choose, test)
    means = _array(learn.cost_usd).mean(0)
    flat = tuple(np.tile(means, (len(t), 1)) for t in both)
    no_tags = replace(learn, tags=(None,) * len(learn))
    found = {"length": _Method(_binned(learn, both, _by_length(learn)), (flat[0], flat[1]))}
    if any(t is not None for t in learn.tags):
        found["tag table"] = _Method(
            _binned(learn, both, lambda t, i: t.tags[i]), _tag_costs(learn, both)
        )
    found["learned, text"] = _learned(no_tags, both, with_tags=False)
    if "tag table" in found:
        found["learned, tag and text"] = _learned(learn, both, with_tags=True)
    found["(oracle)"] = _Method(
        (_array(choose.score), _array(test.score)), (_array(choose.cost_usd), _array(test.cost_usd))
    )
    return found


def _by_length(learn: Table) -> Callable[[Table, int], object]:
    ends = np.quantile([log(len(p) + 1) for p in learn.prompts], np.linspace(0, 1, _BINS + 1)[1:-1])
    return lambda table, i: int(np.searchsorted(ends, log(len(table.prompts[i]) + 1)))


def _binned(
    learn: Table, both: tuple[Table, Table], kind: Callable[[Table, int], object]
) -> tuple[Floats, Floats]:
    """Means by kind, shrunk to the mean of all."""
    return _table_of(_array(learn.score), learn, both, kind)


def _tag_costs(learn: Table, both: tuple[Table, Table]) -> tuple[Floats, Floats]:
    return _table_of(_array(learn.cost_usd), learn, both, lambda t, i: t.tags[i])


def _table_of(
    values: Floats, learn: Table, both: tuple[Table, Table], kind: Callable[[Table, int], object]
) -> tuple[Floats, Floats]:
    overall = values.mean(0)
    rows: dict[object, list[int]] = {}
    for i in range(len(learn)):
        rows.setdefault(kind(learn, i), []).append(i)
    means = {
        k: (values[at].sum(0) + _SHRINK * overall) / (len(at) + _SHRINK) for k, at in rows.items()
    }
    one, other = (np.array([means.get(kind(t, i), overall) for i in range(len(t))]) for t in both)
    return one, other


def _learned(learn: Table, both: tuple[Table, Table], *, with_tags: bool) -> _Method:
    decider = Decider(fit(learn))
    good: list[Floats] = []
    cost: list[Floats] = []
    for table in both:
        decisions = [
            decider.decide(p, table.tags[i] if with_tags else None)
            for i, p in enumerate(table.prompts)
        ]
        good.append(np.array([d.good for d in decisions]))
        cost.append(np.array([d.cost_usd for d in decisions]))
    return _Method((good[0], good[1]), (cost[0], cost[1]))


def _worths(cost: Floats) -> list[float]:
    """Dollars that a good answer may be worth: from nothing to everything."""
    scale = float(cost.mean())
    return [0.0, *(scale * 10 ** (step / 12) for step in range(-24, 49)), scale * 1e9]


def _pick(good: Floats, cost: Floats, worth: float) -> NDArray[np.int64]:
    return (worth * good - cost).argmax(1)


def _point(part: _Part, picked: NDArray[np.int64]) -> tuple[float, float]:
    rows = np.arange(len(picked))
    return float(part.cost[rows, picked].mean()), float(part.score[rows, picked].mean())


def _trade(part: _Part, method: _Method, best: int, cost: Floats) -> float | None:
    """The cheapest that is as good as the best single model on validation, by half a standard error; None = none."""
    rows = np.arange(len(part.score))
    found: tuple[float, float] | None = None
    for worth in _worths(cost):
        picked = _pick(method.good[0], method.cost[0], worth)
        gain = part.score[rows, picked] - part.score[:, best]
        error = float(gain.std(ddof=1)) / len(gain) ** 0.5
        spent = float(part.cost[rows, picked].mean())
        if float(gain.mean()) >= 0.5 * error and (found is None or spent < found[0]):
            found = (spent, worth)
    return None if found is None else found[1]


def _realised(
    part: _Part, method: _Method, best: int, worth: float | None
) -> list[tuple[str, float, float, float]]:
    count = len(part.score)
    picked = np.full(count, best) if worth is None else _pick(method.good[1], method.cost[1], worth)
    rows = np.arange(count)
    spent, without = part.cost[rows, picked], part.cost[:, best]
    gain = part.score[rows, picked] - part.score[:, best]
    return list(zip(part.groups, spent.tolist(), without.tolist(), gain.tolist(), strict=True))


def _mean(each: list[Judged], rows: list[tuple[str, float, float, float]]) -> Judged:
    def mean(name: str) -> float | None:
        values = [getattr(j, name) for j in each]
        return None if None in values else fmean(values)

    return Judged(
        name=each[0].name,
        aiq=fmean([j.aiq for j in each]),
        quality=mean("quality"),
        cost_usd=mean("cost_usd"),
        calibration_error=mean("calibration_error"),
        realised=_interval(rows) if rows else None,
        curve=_mean_pairs([j.curve for j in each]),
        reliability=each[-1].reliability,
    )


def _mean_pairs(
    curves: Sequence[tuple[tuple[float, float], ...]],
) -> tuple[tuple[float, float], ...]:
    """Over splits; every curve turns the same dial."""
    means = [tuple(map(fmean, zip(*points, strict=True))) for points in zip(*curves, strict=True)]
    return tuple([(cost, score) for cost, score in means])


def _interval(rows: list[tuple[str, float, float, float]]) -> Realised:
    """A case of several splits is one group: it is drawn as a whole."""
    groups: dict[str, list[float]] = {}
    for group, spent, without, gain in rows:
        sums = groups.setdefault(group, [0.0, 0.0, 0.0, 0.0])
        for i, value in enumerate((spent, without, gain, 1.0)):
            sums[i] += value
    sums = np.array(list(groups.values()))
    rng = Random(7)
    savings: list[float] = []
    gains: list[float] = []
    for _ in range(_RESAMPLES):
        drawn = sums[[rng.randrange(len(sums)) for _ in range(len(sums))]].sum(0)
        savings.append(1 - drawn[0] / drawn[1] if drawn[1] else 0.0)
        gains.append(drawn[2] / drawn[3])
    whole = sums.sum(0)
    return Realised(
        saving=float(1 - whole[0] / whole[1]) if whole[1] else 0.0,
        saving_interval=_ends(savings),
        quality_gain=float(whole[2] / whole[3]),
        quality_gain_interval=_ends(gains),
    )


def _ends(values: list[float]) -> Interval:
    return Interval(float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975)))


def _unseen(table: Table, seed: int) -> list[Unseen]:
    """Thirds of the tags, each left out once."""
    tags = sorted({t for t in table.tags if t is not None})
    if len(tags) < 3:
        return []
    folds = folds_of(tags, 3, f"unseen{seed}")
    found: list[Unseen] = []
    for fold in range(3):
        out = {t for t, f in zip(tags, folds, strict=True) if f == fold}
        known = [i for i, t in enumerate(table.tags) if t not in out]
        parts = folds_of([table.groups[i] for i in known], 2, f"known{seed}")
        learn = table.at([i for i, p in zip(known, parts, strict=True) if p == 0])
        rest = table.at([i for i, p in zip(known, parts, strict=True) if p == 1])
        new = table.at(i for i, t in enumerate(table.tags) if t in out)
        if len(learn) and len(rest) and len(new):
            found.append(_left_out(learn, rest, new, tuple(sorted(out))))
    return found


def _left_out(learn: Table, rest: Table, new: Table, tags: tuple[str, ...]) -> Unseen:
    by_text = Decider(fit(replace(learn, tags=(None,) * len(learn))))
    with_tag = Decider(fit(learn))
    reference = by_text.artefact.reference
    reads = [by_text.read(p) for p in new.prompts]
    score = _array(new.score)

    def gain(decider: Decider, *, said: bool) -> float:
        chosen = [
            max(d.eligible, key=d.good.__getitem__)
            for d in (
                decider.decide(p, new.tags[i] if said else None) for i, p in enumerate(new.prompts)
            )
        ]
        return float((score[np.arange(len(new)), chosen] - score[:, reference]).mean())

    return Unseen(
        tags=tags,
        flagged_with_tag=fmean(
            [with_tag.read(p, new.tags[i]).gate == "unfamiliar" for i, p in enumerate(new.prompts)]
        ),
        flagged_by_text=fmean([r.gate != "familiar" for r in reads]),
        false_flags=fmean([by_text.read(p).gate != "familiar" for p in rest.prompts]),
        quality_gain=gain(by_text, said=False),
        quality_gain_with_tag=gain(with_tag, said=True),
    )
