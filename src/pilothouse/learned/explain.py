"""Why a prompt would go where it would go: every part of the odds between the chosen model and the reference."""

from __future__ import annotations

from collections import Counter
from math import log, sqrt

from msgspec import Struct

from pilothouse.learned.decide import ANY, Decider, Decision, Dial, scaled_look
from pilothouse.learned.surface import SURFACE, surface
from pilothouse.learned.words import read_part, terms_of, words_of


class Part(Struct, frozen=True):
    """What one thing adds to the log-odds of the model over the reference's."""

    name: str
    log_odds: float


class Explanation(Struct, frozen=True, kw_only=True):
    """A decision, and what moved it most."""

    decision: Decision
    compared: int
    """The model whose odds are taken apart against the reference: the chosen one, else the next by value."""
    parts: tuple[Part, ...]
    """By size; all that is not small."""


def explained(
    decider: Decider, prompt: str, tag: str | None = None, dial: Dial = ANY, *, most: int = 8
) -> Explanation:
    """Slower than a decision, and of the same heads."""
    artefact = decider.artefact
    decision = decider.decide(prompt, tag, dial)
    reference = artefact.reference
    other = next((k for k in decision.order if k != reference), reference)
    k = other if decision.chosen == reference else decision.chosen
    heads = artefact.full if decision.gate == "familiar" else artefact.plain
    text = read_part(prompt)
    words = words_of(text)
    look = scaled_look(artefact, surface(text, words))
    parts = [
        Part(f"looks: {name}", value * (heads.surface[k][i] - heads.surface[reference][i]))
        for i, (name, value) in enumerate(zip(SURFACE, look.scaled, strict=True))
    ]
    parts.append(
        Part("hard to read (prior)", look.prior * (heads.prior[k] - heads.prior[reference]))
    )
    parts.append(Part("all alike", heads.bias[k] - heads.bias[reference]))
    if decision.tag is not None and decision.tag in heads.tags:
        by_tag = heads.tags[decision.tag]
        parts.append(Part(f"tag: {decision.tag}", by_tag[k] - by_tag[reference]))
    if decision.gate == "familiar":
        parts += _terms(decider, words, k)
    parts.sort(key=lambda part: -abs(part.log_odds))
    return Explanation(
        decision=decision,
        compared=k,
        parts=tuple(part for part in parts[:most] if abs(part.log_odds) > 0.005),
    )


def _terms(decider: Decider, words: list[str], k: int) -> list[Part]:
    artefact = decider.artefact
    counts = Counter(terms_of(words))
    known = {t: n for t, n in counts.items() if t in artefact.terms}
    values = {t: artefact.terms[t][0] * (1 + log(n)) for t, n in known.items()}
    length = sqrt(sum([v * v for v in values.values()])) or 1.0
    reference = artefact.reference
    return [
        Part(
            f'says "{t}"',
            v / length * (artefact.terms[t][k + 1] - artefact.terms[t][reference + 1]),
        )
        for t, v in values.items()
    ]
