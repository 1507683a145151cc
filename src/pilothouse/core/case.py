"""One example of a test set."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from pilothouse.core.request import Message, Tool

EDGE = "edge"
"""The tag of an edge case: a failure mode, an odd input, what must be refused."""
CONTAMINATED = "contaminated"
"""The tag of a case that models are known or suspected to have seen in training."""


class Case(Struct, frozen=True, kw_only=True):
    """One question with what a good answer holds."""

    id: str
    prompt: str = ""
    """The (last) user turn; a template may wrap it."""
    expected: str | None = None
    accepted: tuple[str, ...] = ()
    """Other texts that are as right as `expected`."""
    choices: tuple[str, ...] = ()
    """The options of a multiple-choice question, in the order shown."""
    context: tuple[str, ...] = ()
    """Documents that the answer must rest on."""
    variables: dict[str, str] = {}
    """What a prompt template may name besides `prompt`."""
    messages: tuple[Message, ...] = ()
    """The conversation before `prompt`, images and tool results included."""
    then: tuple[str, ...] = ()
    """User turns that follow, each sent when the one before it is answered; the last answer is graded."""
    tools: tuple[Tool, ...] = ()
    """Functions that the model may ask for."""
    tags: tuple[str, ...] = ()
    cluster: str | None = None
    """What cases share that makes them alike: a document, a customer, a subject."""
    is_synthetic: bool = False
    """Made by a model or a template, not taken from real use."""
    details: dict[str, Any] = {}
    """What one scorer needs of this case and no other noun holds, e.g. `tests` or `fields`."""

    @property
    def right_answers(self) -> tuple[str, ...]:
        """`expected` and all that is as right."""
        return self.accepted if self.expected is None else (self.expected, *self.accepted)
