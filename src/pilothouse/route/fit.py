"""A table to an artefact: logistic heads over prior, surface, tag and words, each shrunk, then calibrated.

All heads are ridge-penalised logistic regressions of the score (0-1, partial credit included). What shrinks how much
is the scale of its features: the prior's score weighs in at once, the tag after a few cases of it (about m / (m + 5)
of m), looks and words with what they explain out of sample. How much the words may say is chosen by cross-validation
over groups; the same held-out answers calibrate each head (Platt) and set how much of a prompt must be known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize  # pyright: ignore[reportMissingTypeStubs]
import scipy.sparse  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # pyright: ignore[reportMissingTypeStubs]

from pilothouse.learned.artefact import FORMAT, Artefact, Heads, Look, Shape
from pilothouse.learned.surface import PRIOR, SURFACE, surface
from pilothouse.learned.words import read_part, terms_of, words_of
from pilothouse.route.expected import money_of
from pilothouse.route.prior import prior_weights
from pilothouse.route.split import folds_of
from pilothouse.route.table import Table

sparse: Any = scipy.sparse  # neither has types
optimize: Any = scipy.optimize
Floats = NDArray[np.float64]
SURFACE_SCALE = 0.1
FEW = 2_000
"""With fewer cases a term that was met once counts too."""
MOST_TERMS = 60_000
FOLDS = 3
DIRECTIONS = 14
"""Of 25, those in which prompts vary least: where an unlike one shows first."""
_COVERAGE_SCALE = 0.1
FALSE_FLAGS = 0.03
"""Of prompts like those learned from, so many are taken for unfamiliar."""
_CUT = 4.0
_COMMON, _OWN = 5.0, 50.0
"""How strongly the common slope of calibration is held to 1, and each model's own to the common one."""
_TRIED = ((1.0, 1.0, 1.0), (2.0, 0.3, 1.0), (1.0, 1.0, 4.0), (1.5, 0.6, 4.0), (2.0, 0.3, 4.0))
"""Scale of the words, C of the ridge, and how much stronger it holds what models do not have in common."""


class Read(NamedTuple):
    """Prompts, read once."""

    raw: Floats
    """By case and feature of `SURFACE`."""
    counts: list[Counter[str]]


class Words(NamedTuple):
    """The terms that are known, and what they weigh in."""

    at: dict[str, int]
    idf: Floats
    unknown_idf: float


def fit(table: Table, *, at_us: int = 0) -> Artefact:
    """Learn from every case that has a score. No certificate yet. Raises `ValueError`: no case, one model."""
    if len(table.models) < 2 or not len(table):
        raise ValueError("two models and a case are the least that a choice can be learned from")
    read = read_all(table.prompts)
    score = _scores(table)
    look, fixed = _look(read)
    tags = sorted({t for t in table.tags if t is not None})
    plain_x = sparse.hstack([fixed, _tag_columns(table.tags, tags)]).tocsr()
    (scale, c, own), held = _tuned(table, read, plain_x, score, len(tags))
    words = _words(read.counts)
    full_x = sparse.hstack([plain_x, _matrix(read.counts, words) * scale]).tocsr()
    full = _logistic(full_x, score, c, _own(full_x, len(tags), own))
    plain = _logistic(plain_x, score, c, _own(plain_x, len(tags), own))
    full, plain = (
        _calibrated(weights, by, score) for weights, by in ((full, held.full), (plain, held.plain))
    )
    fixed_columns = fixed.shape[1] + len(tags)
    means = tuple(float(np.nanmean(score[:, k])) for k in range(score.shape[1]))
    money, has_costs = money_of(table)
    reference = max(range(len(means)), key=lambda k: (round(means[k], 9), -money[k].usd))
    return Artefact(
        format=FORMAT,
        learned_from=table.name,
        at_us=at_us,
        models=table.models,
        reference=reference,
        cases=len(table),
        mean=means,
        look=look,
        full=_heads(full, tags),
        plain=_heads(plain, tags),
        terms={
            term: (
                _short(words.idf[at]),
                *[_short(scale * w) for w in full[1 + fixed_columns + at]],
            )
            for term, at in words.at.items()
        },
        unknown_idf=_short(words.unknown_idf),
        tag_counts=dict(Counter(t for t in table.tags if t is not None)),
        shape=_shape(read, look, held.coverage),
        has_costs=has_costs,
        money=money,
    )


def read_all(prompts: Sequence[str]) -> Read:
    """As the decider reads them."""
    raw: list[tuple[float, ...]] = []
    counts: list[Counter[str]] = []
    for prompt in prompts:
        text = read_part(prompt)
        words = words_of(text)
        raw.append(surface(text, words))
        counts.append(Counter(terms_of(words)))
    return Read(np.array(raw), counts)


class _Held(NamedTuple):
    """What was said of each case by heads that had not seen it: log-odds by case and model, and coverage."""

    full: Floats
    plain: Floats
    coverage: Floats


def _scores(table: Table) -> Floats:
    return np.array([[np.nan if s is None else s for s in row] for row in table.score])


def _look(read: Read) -> tuple[Look, Any]:
    """How features are scaled, and the columns that every head has: the prior, then the surface."""
    mean, scale = read.raw.mean(0), read.raw.std(0)
    scale = np.where(scale < 1e-9, 1.0, scale)
    weights = np.array(prior_weights())
    z = np.clip((read.raw - mean) / scale, -_CUT, _CUT)
    said = (z * scale + mean)[:, [SURFACE.index(name) for name in PRIOR]] @ weights
    prior_scale = float(said.std()) or 1.0
    prior = (said - said.mean()) / prior_scale
    look = Look(
        mean=tuple(map(float, mean)),
        scale=tuple(map(float, scale)),
        prior=tuple(map(float, weights)),
        prior_mean=float(said.mean()),
        prior_scale=prior_scale,
    )
    return look, sparse.csr_matrix(np.column_stack([prior, z * SURFACE_SCALE]))


def _shape(read: Read, look: Look, coverage: Floats) -> Shape:
    """A few cases are pulled to a round shape, as if five had been seen that vary alike in every direction.

    Where prompts hardly vary, as far as one would expect of any that do is not yet far.
    """
    mean, scale = np.array([*look.mean, 0.0]), np.array([*look.scale, _COVERAGE_SCALE])
    z = np.clip((read.raw - look.mean) / look.scale, -_CUT, _CUT)
    usual = float(coverage.mean())
    z = np.column_stack([z, np.minimum(coverage, usual) / _COVERAGE_SCALE])
    middle, n = z.mean(0), len(z)
    spread = ((z - middle).T @ (z - middle) + 5 * np.eye(z.shape[1])) / (n + 5)
    spread += 0.01 * np.eye(z.shape[1])
    variances, directions = np.linalg.eigh(spread)
    rows = (directions[:, :DIRECTIONS] / np.sqrt(variances[:DIRECTIONS])).T
    distances = (((z - middle) @ rows.T) ** 2).sum(1)
    scaled = rows / scale
    offsets = rows @ middle + scaled @ mean
    return Shape(
        rows=tuple(tuple(map(_short, row)) for row in scaled),
        offsets=tuple(map(_short, offsets)),
        farthest=max(float(DIRECTIONS), _short(float(np.quantile(distances, 1 - FALSE_FLAGS)))),
        usual_coverage=usual,
    )


def _tag_columns(tags: Sequence[str | None], known: Sequence[str]) -> Any:
    at = {tag: i for i, tag in enumerate(known)}
    rows = [i for i, tag in enumerate(tags) if tag is not None]
    columns = [at[tag] for tag in tags if tag is not None]
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(tags), len(known)))


def _words(counts: Sequence[Counter[str]]) -> Words:
    df: Counter[str] = Counter()
    for each in counts:
        df.update(each.keys())
    least = 1 if len(counts) < FEW else 2
    kept = sorted(((t, n) for t, n in df.items() if n >= least), key=lambda p: (-p[1], p[0]))
    kept = kept[:MOST_TERMS]
    at = {term: i for i, (term, _) in enumerate(kept)}
    idf = np.array([log((1 + len(counts)) / (1 + n)) + 1 for _, n in kept])
    return Words(at, idf, log(1 + len(counts)) + 1)


def _matrix(counts: Sequence[Counter[str]], words: Words) -> Any:
    """TF-IDF, rows of length 1; terms that are not known are left out."""
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for i, each in enumerate(counts):
        found = [(words.at[t], 1 + log(n)) for t, n in each.items() if t in words.at]
        weighed = np.array([words.idf[at] * tf for at, tf in found])
        length = float(np.sqrt((weighed**2).sum())) or 1.0
        rows += [i] * len(found)
        columns += [at for at, _ in found]
        values += list(weighed / length)
    return sparse.csr_matrix((values, (rows, columns)), shape=(len(counts), len(words.at)))


def _coverage(counts: Sequence[Counter[str]], words: Words) -> Floats:
    found: list[float] = []
    for each in counts:
        known = sum(words.idf[words.at[t]] for t in each if t in words.at)
        unknown = sum(t not in words.at for t in each) * words.unknown_idf
        found.append(known / (known + unknown) if each else 0.0)
    return np.array(found)


def _tuned(
    table: Table, read: Read, plain_x: Any, score: Floats, tags: int
) -> tuple[tuple[float, float, float], _Held]:
    """Which of `_TRIED` foretells the models' differences best on cases that were held out."""
    folds = np.array(folds_of(table.groups, FOLDS))
    said = {tried: np.zeros_like(score) for tried in _TRIED}
    plain = {tried[1:]: np.zeros_like(score) for tried in _TRIED}
    coverage = np.zeros(len(table))
    for fold in range(FOLDS):
        train, test = folds != fold, folds == fold
        if not train.any() or not test.any():
            continue
        words = _words([c for c, is_in in zip(read.counts, train, strict=True) if is_in])
        content = _matrix(read.counts, words)
        coverage[test] = _coverage(
            [c for c, is_in in zip(read.counts, test, strict=True) if is_in], words
        )
        for scale, c, own in _TRIED:
            x = sparse.hstack([plain_x, content * scale]).tocsr()
            weights = _logistic(x[train], score[train], c, _own(x, tags, own))
            said[scale, c, own][test] = _said(weights, x[test])
        for c, own in plain:
            weights = _logistic(plain_x[train], score[train], c, _own(plain_x, tags, own))
            plain[c, own][test] = _said(weights, plain_x[test])
    best = min(_TRIED, key=lambda tried: _loss(said[tried], score))
    return best, _Held(said[best], plain[best[1:]], coverage)


def _own(x: Any, tags: int, own: float) -> Floats:
    """By column: tags say what a model alone can do, and are not held."""
    found = np.full((x.shape[1], 1), own)
    first = 1 + len(SURFACE)
    found[first : first + tags] = 1.0
    return found


def _logistic(x: Any, score: Floats, c: float, own: Floats) -> Floats:
    """Weights by column (the bias first) and model: ridge-penalised, by L-BFGS.

    `own`: by column, how many times stronger a model's difference from the mean of all is held to 0.
    """
    known = ~np.isnan(score)
    wanted = np.where(known, score, 0.0)
    models, columns = score.shape[1], x.shape[1]
    start = np.zeros((columns + 1, models))
    shares = np.clip(
        [wanted[:, k].sum() / max(1, known[:, k].sum()) for k in range(models)], 0.01, 0.99
    )
    start[0] = np.log(shares / (1 - shares))
    xt = x.T.tocsr()

    def objective(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(columns + 1, models)
        z = x @ weights[1:] + weights[0]
        common = weights[1:].mean(1, keepdims=True)
        apart = weights[1:] - common
        pulled = common + own * apart
        loss = (np.logaddexp(0, z) - wanted * z)[known].sum()
        loss += (pulled * weights[1:]).sum() / (2 * c)
        error = np.where(known, 1 / (1 + np.exp(-z)) - wanted, 0.0)
        slope = np.vstack([error.sum(0), xt @ error + pulled / c])
        return float(loss), slope.ravel()

    # Of vectors this short every thread beside the first costs more than it brings: ten times, on busy cores.
    with threadpool_limits(1, user_api="blas"):
        found = optimize.minimize(
            objective,
            start.ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 100, "ftol": 1e-7},
        )
    return found.x.reshape(columns + 1, models)


def _said(weights: Floats, x: Any) -> Floats:
    return x @ weights[1:] + weights[0]


def _loss(said: Floats, score: Floats) -> float:
    """Mean square by which differences between models were foretold wrongly: decisions stand on nothing else."""
    wrong: Floats = 1 / (1 + np.exp(-said)) - score
    mean: Floats = np.nanmean(wrong, 1)[:, None]
    return float(np.nanmean((wrong - mean) ** 2))


def _calibrated(weights: Floats, held: Floats, score: Floats) -> Floats:
    """Platt's lines through held-out log-odds, folded into the weights.

    Slopes of all models are pulled together: decisions stand on differences between models, which a slope of one
    model that a few cases bent would turn round. A slope below 0 knew nothing: then the mean is all that is left.
    """
    models = score.shape[1]
    known = ~np.isnan(score)
    wanted = np.where(known, score, 0.0)

    def objective(at: Floats) -> tuple[float, Floats]:
        slope, away, shift = at[0], at[1 : models + 1], at[models + 1 :]
        z = held * (slope + away) + shift
        loss = (np.logaddexp(0, z) - wanted * z)[known].sum()
        loss += _COMMON * (slope - 1) ** 2 + _OWN * (away**2).sum()
        error = np.where(known, 1 / (1 + np.exp(-z)) - wanted, 0.0)
        by_model = (error * held).sum(0)
        own = by_model + 2 * _OWN * away
        common = by_model.sum() + 2 * _COMMON * (slope - 1)
        return float(loss), np.concatenate([[common], own, error.sum(0)])

    start = np.concatenate([[1.0], np.zeros(2 * models)])
    at: Floats = optimize.minimize(objective, start, jac=True, method="L-BFGS-B").x
    slopes = np.maximum(0.0, at[0] + at[1 : models + 1])
    found = weights * slopes
    found[0] += at[models + 1 :]
    return found


def _heads(weights: Floats, tags: Sequence[str]) -> Heads:
    first = 2 + len(SURFACE)
    return Heads(
        bias=tuple(map(_short, weights[0])),
        prior=tuple(map(_short, weights[1])),
        surface=tuple(
            tuple(map(_short, column)) for column in (weights[2:first] * SURFACE_SCALE).T
        ),
        tags={tag: tuple(map(_short, weights[first + i])) for i, tag in enumerate(tags)},
    )


def _short(value: float) -> float:
    """Six digits: the file is half as long, and decisions are the same."""
    return float(f"{value:.6g}")
