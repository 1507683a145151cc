"""A prompt to the model that should answer it. Pure: the same prompt and dial, the same decision.

    log-odds_k = bias_k + surface . w_k + prior . v_k + tag_k + sum over terms of tf-idf . u_k

Terms count log(1 + n) times their inverse document frequency, and a prompt's terms have length 1 together.
A prompt that does not look like those learned from is judged by `plain` heads, without terms; without a known tag
beside it, not at all. Then, among models that are
expected to be worse than the reference by no more than the tolerance, the most of

    quality_usd . P_k - cost_k - slowness_usd_per_s . latency_k
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from math import exp, hypot, inf, log
from operator import mul
from typing import Literal, NamedTuple

from msgspec import Struct

from pilothouse.learned.artefact import Artefact, Heads
from pilothouse.learned.surface import PRIOR, SURFACE, surface
from pilothouse.learned.words import read_part, terms_of, words_of

Gate = Literal["familiar", "unfamiliar words", "unfamiliar"]
_CUT = 4.0
_PRIOR_AT = tuple(SURFACE.index(name) for name in PRIOR)


class Dial(Struct, frozen=True, kw_only=True):
    """What is wanted: moved without learning again."""

    tolerance: float = inf
    """How much less likely a good answer may be than the reference's, 0-1."""
    quality_usd: float = 0.0
    """What a good answer is worth; 0 = the cheapest that is tolerated."""
    slowness_usd_per_s: float = 0.0
    """What a second of waiting costs."""

    def value_usd(self, good: float, cost_usd: float, latency_ms: float) -> float:
        """What an answer is worth, less what it takes."""
        wait = self.slowness_usd_per_s / 1000 * latency_ms
        return self.quality_usd * good - cost_usd - wait


ANY = Dial()
"""The cheapest, however good."""


class Decision(Struct, frozen=True, kw_only=True):
    """The choice, and all that led to it. Tuples are by model, in the artefact's order."""

    chosen: int
    order: tuple[int, ...]
    """All allowed models: the chosen one, then by value."""
    eligible: tuple[int, ...]
    """Within the tolerance."""
    good: tuple[float, ...]
    """P(good answer)."""
    cost_usd: tuple[float, ...]
    latency_ms: tuple[float, ...]
    gate: Gate
    coverage: float
    """How much of the prompt's terms was met in learning, 0-1."""
    tag: str | None
    """As far as it is known."""


class Reading(Struct, frozen=True):
    """What is made of a prompt before anything is wanted of it."""

    good: tuple[float, ...]
    gate: Gate
    coverage: float
    tag: str | None
    chars: int


class Decider:
    """An artefact made ready. Holds nothing of what it has seen."""

    def __init__(self, artefact: Artefact) -> None:
        self.artefact = artefact
        look = artefact.look
        scaling = list(zip(look.mean, look.scale, strict=True))
        self._ends = tuple([(mean - _CUT * scale, mean + _CUT * scale) for mean, scale in scaling])
        self._full = _folded(artefact.full, artefact)
        self._plain = _folded(artefact.plain, artefact)
        self._shape = tuple(zip(artefact.shape.rows, artefact.shape.offsets, strict=True))
        self._farthest = artefact.shape.farthest
        self._usual = artefact.shape.usual_coverage
        self._needs_tag = sum(artefact.tag_counts.values()) == artefact.cases
        self._models = range(len(artefact.models))

    def read(self, prompt: str, tag: str | None = None) -> Reading:
        """P(good) of each model. A prompt of any length, script or none at all."""
        artefact = self.artefact
        text = read_part(prompt)
        words = words_of(text)
        raw = surface(text, words)
        look = [
            low if x < low else high if x > high else x
            for x, (low, high) in zip(raw, self._ends, strict=True)
        ]
        values, weights, length, coverage = self._terms(words)
        known_tag = tag if tag in artefact.tag_counts else None
        gate = self._gate([*look, min(coverage, self._usual)], tag, known_tag)
        heads = self._full if gate == "familiar" else self._plain
        by_tag = None if known_tag is None else heads.tags.get(known_tag)
        good: list[float] = []
        for k in self._models:
            x = heads.bias[k] + sum(map(mul, look, heads.look[k]))
            if by_tag is not None:
                x += by_tag[k]
            if values and gate == "familiar":
                x += sum(map(mul, values, weights[k])) / length
            good.append(1 / (1 + exp(-x)) if x > -700 else 0.0)
        return Reading(tuple(good), gate, coverage, known_tag, len(prompt))

    def decide(
        self,
        prompt: str,
        tag: str | None = None,
        dial: Dial = ANY,
        allowed: Collection[int] | None = None,
    ) -> Decision:
        """Among `allowed` models (None = all). A prompt unlike all that was learned from goes to the reference.

        When the reference is not allowed, the best of those that are takes its place.
        """
        return self.choose(self.read(prompt, tag), dial, allowed)

    def choose(self, read: Reading, dial: Dial, allowed: Collection[int] | None = None) -> Decision:
        """`decide`, of what was read before."""
        artefact, good = self.artefact, read.good
        among = [k for k in self._models if allowed is None or k in allowed]
        cost = tuple([self._usd(k, read) for k in self._models])
        latency = tuple([self._latency_ms(k, read.tag) for k in self._models])
        reference = artefact.reference
        if reference not in among:
            reference = max(among, key=artefact.mean.__getitem__)
        least = good[reference] - dial.tolerance
        eligible = [k for k in among if k == reference or good[k] >= least]
        if read.gate == "unfamiliar":
            eligible = [reference]

        def value(k: int) -> tuple[float, float]:
            return dial.value_usd(good[k], cost[k], latency[k]), good[k]

        order = sorted(eligible, key=value, reverse=True)
        rest = sorted((k for k in among if k not in eligible), key=good.__getitem__, reverse=True)
        return Decision(
            chosen=order[0],
            order=(*order, *rest),
            eligible=tuple(sorted(eligible)),
            good=good,
            cost_usd=cost,
            latency_ms=latency,
            gate=read.gate,
            coverage=read.coverage,
            tag=read.tag,
        )

    def _gate(self, look: list[float], tag: str | None, known_tag: str | None) -> Gate:
        """A tag that was never seen is a task that was never seen, whatever its words; so is none where all had one."""
        if known_tag is None and (tag is not None or self._needs_tag):
            return "unfamiliar"
        distance = 0.0
        for row, offset in self._shape:
            away = sum(map(mul, row, look)) - offset
            distance += away * away
        if distance <= self._farthest:
            return "familiar"
        return "unfamiliar words" if known_tag is not None else "unfamiliar"

    def _terms(self, words: list[str]) -> tuple[list[float], list[tuple[float, ...]], float, float]:
        """TF-IDF of the known terms, their weights by model, the length of the first, and the coverage."""
        terms = terms_of(words)
        if not terms:
            return [], [], 1.0, 0.0
        counts: dict[str, int] = Counter(terms)
        found = list(map(self.artefact.terms.get, counts))
        hits = [hit for hit in found if hit is not None]
        if not hits:
            return [], [], 1.0, 0.0
        idf, *weights = zip(*hits, strict=True)  # columns at the speed of C
        values: list[float] = list(idf)
        if len(counts) < len(terms):
            values = [
                hit[0] if n == 1 else hit[0] * (1 + log(n))
                for hit, n in zip(found, counts.values(), strict=True)
                if hit is not None
            ]
        covered = sum(idf)
        total = covered + (len(counts) - len(hits)) * self.artefact.unknown_idf
        return values, weights, hypot(*values) or 1.0, covered / total

    def _usd(self, k: int, read: Reading) -> float:
        money = self.artefact.money[k]
        usd = money.usd + money.usd_per_char * read.chars
        return usd * money.tag_usd.get(read.tag, 1.0) if read.tag is not None else usd

    def _latency_ms(self, k: int, tag: str | None) -> float:
        money = self.artefact.money[k]
        return (
            money.latency_ms * money.tag_latency.get(tag, 1.0)
            if tag is not None
            else money.latency_ms
        )


class Look(NamedTuple):
    """Surface features as heads see them."""

    scaled: list[float]
    prior: float


def scaled_look(artefact: Artefact, raw: tuple[float, ...]) -> Look:
    """What `_folded` works into the weights, in full."""
    look = artefact.look
    scaled = [
        min(_CUT, max(-_CUT, (x - mean) / scale))
        for x, mean, scale in zip(raw, look.mean, look.scale, strict=True)
    ]
    cut = [z * scale + mean for z, mean, scale in zip(scaled, look.mean, look.scale, strict=True)]
    said = sum([cut[at] * weight for at, weight in zip(_PRIOR_AT, look.prior, strict=True)])
    return Look(scaled, (said - look.prior_mean) / look.prior_scale)


class _Folded(Struct, frozen=True):
    """Heads whose scaling and prior are worked into the weights of the raw features."""

    bias: tuple[float, ...]
    look: tuple[tuple[float, ...], ...]
    tags: dict[str, tuple[float, ...]]


def _folded(heads: Heads, artefact: Artefact) -> _Folded:
    look = artefact.look
    prior = dict(zip(_PRIOR_AT, look.prior, strict=True))
    bias: list[float] = []
    rows: list[tuple[float, ...]] = []
    for k, at_zero in enumerate(heads.bias):
        by_prior = heads.prior[k] / look.prior_scale
        scaled = [w / scale for w, scale in zip(heads.surface[k], look.scale, strict=True)]
        rows.append(tuple([w + by_prior * prior.get(i, 0.0) for i, w in enumerate(scaled)]))
        middle = sum(map(mul, scaled, look.mean))
        bias.append(at_zero - middle - by_prior * look.prior_mean)
    return _Folded(tuple(bias), tuple(rows), heads.tags)
