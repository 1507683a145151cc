"""Does what the answer says stand in the case's documents? By words and numbers, sentence by sentence.

It sees sentences whose words or figures are nowhere in the documents; it does not see a true sentence turned
round ("A bought B" for "B bought A"). A judge with the rubric `faithfulness` sees more.
"""

from __future__ import annotations

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._words import content_words, numbers, sentences, shown


class GroundednessScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The value is the share of the answer's sentences that are supported."""

    support: float = 0.6
    """The part of a sentence's content words that one document must have."""

    def check(self, case: Case) -> None:
        """Raises `ValueError` without documents."""
        if not case.context:
            raise ValueError(f"case {case.id}: there is no context to be grounded in")

    def score(self, given: Given, case: Case) -> Grade:
        """The detail is the first sentence that is not supported."""
        return grounded(given.text, (*case.context, case.prompt), self.support)


def grounded(text: str, documents: tuple[str, ...], support: float) -> Grade:
    """Of sentences that say something; an answer that says nothing is grounded."""
    known = [(content_words(d), numbers(d)) for d in documents]
    every = set[str]().union(*(figures for _, figures in known))
    said = [s for s in sentences(text) if content_words(s)]
    loose: list[str] = []
    for sentence in said:
        words, figures = content_words(sentence), numbers(sentence)
        best = max([len(words & document) / len(words) for document, _ in known], default=0.0)
        if best < support or figures - every:
            loose.append(sentence)
    value = 1 - len(loose) / len(said) if said else 1.0
    return Grade(
        value=value, detail=f"not in the documents: {shown(loose[0])}" if loose else "supported"
    )


plugin = GroundednessScorer
