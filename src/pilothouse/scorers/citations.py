"""Are there citations, do they name documents that are there, and does the document support the sentence?

A citation is `[1]` (the first document of the case, as `{context}` numbers them) or `[1, 3]`.
"""

from __future__ import annotations

import re

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._words import content_words, sentences

_CITED = re.compile(r"\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")


class CitationsScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The value is the mean of three shares: sentences with a citation, citations that exist, and are supported."""

    support: float = 0.4
    """The part of a sentence's content words that its documents must have."""

    def check(self, case: Case) -> None:
        """Raises `ValueError` without documents."""
        if not case.context:
            raise ValueError(f"case {case.id}: there is no context to cite")

    def score(self, given: Given, case: Case) -> Grade:
        """Parts: cited, existing, supported."""
        documents = [content_words(d) for d in case.context]
        said = [s for s in sentences(given.text) if content_words(_CITED.sub("", s))]
        if not said:
            return Grade(value=0.0, detail="nothing is said", parts={})
        cited = supported = existing = named = 0
        for sentence in said:
            places = [int(n) for found in _CITED.findall(sentence) for n in found.split(",")]
            if not places:
                continue
            cited += 1
            named += len(places)
            there = [documents[n - 1] for n in places if 1 <= n <= len(documents)]
            existing += len(there)
            words = content_words(_CITED.sub("", sentence))
            supported += len(words & set[str]().union(*there)) >= self.support * len(words)
        parts = {
            "cited": cited / len(said),
            "existing": existing / named if named else 0.0,
            "supported": supported / cited if cited else 0.0,
        }
        return Grade(
            value=sum(parts.values()) / 3,
            detail=f"{cited} of {len(said)} sentences cite, {existing} of {named} citations exist",
            parts=parts,
        )


plugin = CitationsScorer
