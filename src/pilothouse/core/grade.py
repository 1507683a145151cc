"""What a scorer sees of an answer, and what it says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from pilothouse.core.answer import Answer
from pilothouse.core.case import Case
from pilothouse.core.request import Request, ToolCallPart


class ToolUse(Struct, frozen=True):
    """A function that the model asked for. `arguments` is JSON text, as the model wrote it."""

    name: str
    arguments: str


class Given(Struct, frozen=True, kw_only=True):
    """An answer as a scorer sees it."""

    text: str
    tool_uses: tuple[ToolUse, ...] = ()
    finish_reason: str | None = None
    earlier: tuple[str, ...] = ()
    """Its answers to the turns before the last one."""

    @classmethod
    def of(cls, answer: Answer) -> Given:
        """The first candidate of an answer."""
        parts = answer.candidates[0].parts
        uses = [ToolUse(p.name, p.arguments) for p in parts if isinstance(p, ToolCallPart)]
        return cls(text=answer.text, tool_uses=tuple(uses), finish_reason=answer.finish_reason)


class Grade(Struct, frozen=True, kw_only=True):
    """One scorer's verdict on one answer."""

    value: float
    """0-1; of graded scales, where the answer stands between the worst and the best."""
    detail: str | None = None
    """What was read or why, for a person; at most a few hundred characters."""
    labels: tuple[str, str] | None = None
    """(wanted, read), for a confusion matrix."""
    parts: dict[str, float] | None = None
    """Figures inside the value (a field's, a rubric item's), or counts for `Summing`."""


class Models(Protocol):
    """Models that a scorer may ask. Every attempt is a `Call` of source `judge`; nothing is paid twice."""

    async def ask(self, name: str, request: Request, *, sample: int = 0) -> Given:
        """The answer of the configured judge `name`; `sample` tells repeats of one question apart.

        `request.model` is set by the callee. Raises `ProviderError`.
        """
        ...

    async def embed(self, name: str, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text. Raises `ProviderError`."""
        ...


class Scorer(Protocol):
    """Grades by looking. Plugins of kind `scorers` are `Struct` classes whose fields are the options.

    A scorer may have besides:
    `is_slow = True` (ClassVar): it blocks (a sandbox), so it is run in a thread of its own;
    `anchored(folder)`: itself with its file options found from the folder of `poc.yaml`, or a scorer in its place;
    `version() -> str`: what of it can change though the options do not (a digest of a file);
    `summary(grades) -> dict[str, float]`: figures of all grades that are no means (corpus BLEU, macro F1);
    `asks() -> tuple[str, ...]`: the names of the judges it asks.
    """

    def check(self, case: Case) -> None:
        """Raises `ValueError`, naming the case, when the case cannot be graded. Asked before money is spent."""
        ...

    def score(self, given: Given, case: Case) -> Grade:
        """Anything raised makes this answer an ungraded one; the run goes on."""
        ...


class AskingScorer(Protocol):
    """Grades by asking models: a judge, an embedding."""

    def check(self, case: Case) -> None:
        """As `Scorer.check`."""
        ...

    async def grade(self, given: Given, case: Case, models: Models) -> Grade:
        """As `Scorer.score`."""
        ...
