"""What a report must know of the question besides the evidence: names, criteria, what was left out."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from pilothouse.core.criterion import Criterion

PublishedLabel = Callable[[str, str], bool | None]
"""Case id and model to the label its publishers gave, where there is one."""


class AskedCandidate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A candidate's name in the report and the model behind it."""

    name: str
    model: str
    cost_note: str | None = None
    """Why some of its answers have no price."""


class ReportSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Small enough to be kept with a run, so that its report can be made again."""

    name: str
    candidates: tuple[AskedCandidate, ...]
    baseline: str
    """The candidate that the others are compared with."""
    criteria: tuple[Criterion, ...]
    repeats: int = 1
    excluded: str | None = None
    """The tag whose cases were left out."""
    protocol: str | None = None
    """How a standard suite put its questions, in words."""
    is_cut_by_budget: bool = False
    """The budget ended the run before every question was asked."""
    unvalidated_judges: tuple[str, ...] = ()
    """Judges whose agreement with people nobody has measured."""

    def model_of(self, candidate: str) -> str:
        """The model behind a candidate; its own name when the settings do not list it."""
        for asked in self.candidates:
            if asked.name == candidate:
                return asked.model
        return candidate

    def cost_note_of(self, candidate: str) -> str | None:
        """Why some of its answers have no price."""
        return next((a.cost_note for a in self.candidates if a.name == candidate), None)
