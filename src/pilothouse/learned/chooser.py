"""A learned router in a route: names of targets, a conversation that stays where it is, a little exploration.

A conversation is decided by replaying what its user wrote: the first question chooses, a later one moves it only when
its model is no longer within the tolerance, or when another saves more than it costs to read everything again without
the vendor's prompt cache. Nothing is remembered, so every worker and replica decides alike, and a turn that only
brings back a tool's result, with no new question, cannot move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from pilothouse.core.facts import Facts
from pilothouse.core.place import draw
from pilothouse.core.route import Choice, Target
from pilothouse.learned.decide import Decider, Decision, Dial

_TURNS = 8
"""Of a long conversation, the first question and so many of the last are replayed."""
_UNCACHED = 0.9
"""Of the price of reading again; what vendors' prompt caches take off."""
_KEPT = 256
"""Sets of targets that are known as positions."""


class Settled(Struct, frozen=True, kw_only=True):
    """A choice for a conversation: the last question's decision, and the model that answers it."""

    decision: Decision
    chosen: int
    propensity: float | None
    is_held: bool
    """Whether the last question alone would have gone elsewhere."""


class LearnedChooser:
    """Implements `Chooser`. `target_of`: the artefact's models to targets; `explore`: share of conversations that
    take any model within the tolerance."""

    def __init__(
        self, decider: Decider, dial: Dial, target_of: Mapping[str, str], explore: float = 0.0
    ) -> None:
        self.decider = decider
        self.dial = dial
        self.explore = explore
        self._names = [target_of.get(m, m) for m in decider.artefact.models]
        self._salt = decider.artefact.checksum
        self._known = lru_cache(_KEPT)(self._positions)

    def choose(self, facts: Facts, targets: tuple[Target, ...]) -> Choice:
        """A question that is not text alone goes to the reference: nothing else was learned."""
        place = self._known(targets)
        settled = self.settle(facts, tuple(place))
        by_model = [place[k] for k in _first(settled.chosen, settled.decision.order)]
        others = [t for t in targets if t not in by_model]
        return Choice(
            targets=(*by_model, *others), propensity=settled.propensity, why=self._why(settled)
        )

    def settle(self, facts: Facts, allowed: Sequence[int]) -> Settled:
        """The model for a conversation, among `allowed`."""
        texts = facts.user_texts or ("",)
        if facts.has_images or facts.has_audio or facts.has_files:
            decision = self._unread(texts[-1], facts.tag, allowed)
            return Settled(
                decision=decision, chosen=decision.chosen, propensity=None, is_held=False
            )
        decision = self.decider.decide(texts[0], facts.tag, self.dial, allowed)
        current, propensity = self._explored(decision, texts[0])
        is_explored = current != decision.chosen
        for at in range(max(1, len(texts) - _TURNS), len(texts)):
            decision = self.decider.decide(texts[at], facts.tag, self.dial, allowed)
            before = sum(map(len, texts[:at]))
            is_tolerated = current in decision.eligible
            if not is_tolerated or (not is_explored and self._pays(decision, current, before)):
                is_explored = False
                if current != decision.chosen:  # it was not drawn for this question
                    current, propensity = decision.chosen, None
        is_held = len(texts) > 1 and current != decision.chosen
        return Settled(decision=decision, chosen=current, propensity=propensity, is_held=is_held)

    def _unread(self, text: str, tag: str | None, allowed: Sequence[int]) -> Decision:
        never = Dial(tolerance=float("-inf"))
        return self.decider.decide(text, tag, never, allowed)

    def _explored(self, decision: Decision, first: str) -> tuple[int, float | None]:
        """By the first question alone, so that all turns of a conversation fall alike."""
        if not self.explore:
            return decision.chosen, None
        if len(decision.eligible) < 2:
            return decision.chosen, 1.0
        each = self.explore / len(decision.eligible)
        place = draw(f"{self._salt}\x1f{first}")
        chosen = decision.chosen
        if place < self.explore:
            chosen = decision.eligible[int(place / each)]
        return chosen, each + (1 - self.explore if chosen == decision.chosen else 0.0)

    def _pays(self, decision: Decision, current: int, chars_before: int) -> bool:
        new = decision.chosen
        again = self.decider.artefact.money[new].usd_per_char * chars_before * _UNCACHED

        def value(k: int) -> float:
            return self.dial.value_usd(
                decision.good[k], decision.cost_usd[k], decision.latency_ms[k]
            )

        return value(new) - value(current) > again

    def _positions(self, targets: tuple[Target, ...]) -> dict[int, Target]:
        by_name = {t.name: t for t in targets}
        return {k: by_name[name] for k, name in enumerate(self._names) if name in by_name}

    def _why(self, settled: Settled) -> str:
        decision, k = settled.decision, settled.chosen
        said = f"learned: {self._names[k]}, P(good) {decision.good[k]:.2f}"
        reference = self.decider.artefact.reference
        if reference != k:
            said += f" where {self._names[reference]} has {decision.good[reference]:.2f}"
        if decision.gate != "familiar":
            said += f"; {decision.gate}" + (", not routed" if decision.gate == "unfamiliar" else "")
        return said + ("; the conversation stays" if settled.is_held else "")


def _first(chosen: int, order: tuple[int, ...]) -> list[int]:
    return [chosen, *[k for k in order if k != chosen]]
