"""Were the instructions followed? The 25 kinds of IFEval (Zhou et al. 2023, arXiv 2311.07911), checked by program.

A case has `details.instructions`: [{"id": "length_constraints:number_words", "relation": "at least", "num_words": 300}].
Strict: the answer as it is. `loose`: also without its first or last line and without asterisks, as the paper does.
The language of an answer is told by its script and its commonest words, not by a model: docs/suites.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, cast

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._ifeval_checks import CHECKS


class IfevalScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`level: prompt`: 1 when all instructions are followed; `instruction`: the share that is."""

    loose: bool = False
    level: Literal["prompt", "instruction"] = "prompt"

    def check(self, case: Case) -> None:
        """Raises `ValueError` without instructions, or with one of an unknown kind."""
        asked = _asked(case)
        if not asked:
            raise ValueError(f"case {case.id}: details.instructions is missing")
        for one in asked:
            if one.get("id") not in CHECKS:
                raise ValueError(f'case {case.id}: no instruction is called "{one.get("id")}"')

    def score(self, given: Given, case: Case) -> Grade:
        """A part for each instruction."""
        asked = _asked(case)
        kept = [self._is_kept(one, given.text, case) for one in asked]
        parts = {
            f"{i}:{one['id']}": float(k) for i, (one, k) in enumerate(zip(asked, kept, strict=True))
        }
        broken = [one["id"] for one, k in zip(asked, kept, strict=True) if not k]
        value = float(all(kept)) if self.level == "prompt" else sum(kept) / len(kept)
        return Grade(
            value=value,
            detail=f"broken: {', '.join(broken)}" if broken else "followed",
            parts=parts,
        )

    def _is_kept(self, one: dict[str, Any], text: str, case: Case) -> bool:
        check = CHECKS[one["id"]]
        forms = _forms(text) if self.loose else iter([text])
        return any(bool(form.strip()) and check(form, one, case.prompt) for form in forms)


def _asked(case: Case) -> list[dict[str, Any]]:
    given = case.details.get("instructions")
    return cast(list[dict[str, Any]], given) if isinstance(given, list) else []


def _forms(text: str) -> Iterator[str]:
    """The paper's eight ways to look at an answer again."""
    lines = text.split("\n")
    for some in (lines, lines[1:], lines[:-1], lines[1:-1]):
        form = "\n".join(some).strip()
        yield form
        yield form.replace("*", "")


plugin = IfevalScorer
