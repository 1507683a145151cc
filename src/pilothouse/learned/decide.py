"""A prompt to the model that should answer it. Pure: the same prompt and dial, the same decision.

    log-odds_k = bias_k + surface . w_k + prior . v_k + tag_k + sum over terms of tf-idf . u_k

Terms count log(1 + n) times their inverse document frequency, and a prompt's terms have length 1 together.
A prompt whose terms are mostly unknown is judged by `plain` heads, without terms. Then, among models that are
expected to be worse than the reference by no more than the tolerance, the most of

    quality_usd . P_k - cost_k - slowness_usd_per_s . latency_k
"""

from __future__ import annotations

from collections.abc import Collection
from math import exp, inf, log, sqrt
from typing import Literal

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
        self._prior = tuple(zip(_PRIOR_AT, look.prior, strict=True))
        self._prior_mean, self._prior_scale = look.prior_mean, look.prior_scale
        self._scaling = tuple(zip(look.mean, look.scale, strict=True))
        self._models = range(len(artefact.models))

    def read(self, prompt: str, tag: str | None = None) -> Reading:
        """P(good) of each model. A prompt of any length, script or none at all."""
        artefact = self.artefact
        text = read_part(prompt)
        words = words_of(text)
        raw = surface(text, words)
        sums, coverage = self._terms(words)
        known_tag = tag if tag in artefact.tag_counts else None
        is_familiar = coverage >= artefact.familiar_from
        gate: Gate = "familiar" if is_familiar else "unfamiliar words"
        if not is_familiar and known_tag is None and artefact.tag_counts:
            gate = "unfamiliar"
        if tag is not None and known_tag is None:
            gate = "unfamiliar"
        logits = self._linear(
            artefact.full if gate == "familiar" else artefact.plain, raw, known_tag
        )
        if gate == "familiar":
            logits = [a + b for a, b in zip(logits, sums, strict=True)]
        good = tuple([1 / (1 + exp(-x)) if x > -700 else 0.0 for x in logits])
        return Reading(good, gate, coverage, known_tag, len(prompt))

    def decide(
        self,
        prompt: str,
        tag: str | None = None,
        dial: Dial = Dial(),
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
        worth, wait = dial.quality_usd, dial.slowness_usd_per_s / 1000

        def value(k: int) -> tuple[float, float]:
            return worth * good[k] - cost[k] - wait * latency[k], good[k]

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

    def _terms(self, words: list[str]) -> tuple[list[float], float]:
        """Of each model: the terms' part of the log-odds. And the coverage."""
        artefact = self.artefact
        known, unknown_idf = artefact.terms, artefact.unknown_idf
        counts: dict[str, int] = {}
        for term in terms_of(words):
            counts[term] = counts.get(term, 0) + 1
        squares = covered = total = 0.0
        sums = [0.0] * len(artefact.models)
        for term, count in counts.items():
            found = known.get(term)
            if found is None:
                total += unknown_idf
                continue
            idf = found[0]
            value = idf if count == 1 else idf * (1 + log(count))
            squares += value * value
            covered += idf
            total += idf
            for k in self._models:
                sums[k] += value * found[k + 1]
        length = sqrt(squares) or 1.0
        return [s / length for s in sums], covered / total if total else 0.0

    def _linear(self, heads: Heads, raw: tuple[float, ...], tag: str | None) -> list[float]:
        scaled = [
            min(_CUT, max(-_CUT, (x - mean) / scale))
            for x, (mean, scale) in zip(raw, self._scaling, strict=True)
        ]
        prior = sum([raw[at] * weight for at, weight in self._prior])
        prior = (prior - self._prior_mean) / self._prior_scale
        by_tag = heads.tags.get(tag) if tag is not None else None
        found: list[float] = []
        for k in self._models:
            x = heads.bias[k] + prior * heads.prior[k]
            for value, weight in zip(scaled, heads.surface[k], strict=True):
                x += value * weight
            found.append(x if by_tag is None else x + by_tag[k])
        return found

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
