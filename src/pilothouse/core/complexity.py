"""How demanding a request is: the caller's own word, or else a guess by marks that can be named.

The guess knows a request's length and what it comes with, never what it means, and short is not easy: of MMLU's
questions 63 % are low, and on these the stronger of two models still leads by 9.7 points (17.4 on the others). APGR is
0.53 on GSM8K, 0.57 on MMLU, 0.66 on 14 mixed tasks, where chance has 0.5 and a prompt's length alone 0.60, 0.58, 0.63.
Measured by `bench/guide_routers.py` at the default lines on single questions; docs/routing.md has all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from msgspec import Struct

from pilothouse.core.facts import Facts
from pilothouse.core.route import GuideRoles

Level = Literal["low", "medium", "high"]
LEVELS: tuple[Level, ...] = get_args(Level)
SAID = "complexity"
"""The caller's word for it, in the metadata."""
_FEW_MESSAGES = 2
"""A system message and a question."""


class Complexity(Struct, frozen=True, kw_only=True):
    """A level, and what it follows from."""

    level: Level
    why: str


def complexity(facts: Facts, roles: GuideRoles) -> Complexity:
    """The caller's word; without one, high by length, by thinking or by two marks at once, and low without any."""
    said = facts.metadata.get(SAID)
    if said in LEVELS:
        return Complexity(level=said, why=f"the caller says {said}")
    guess = _guess(facts, roles)
    if said is None:
        return guess
    return Complexity(
        level=guess.level, why=f"{guess.why} (the caller's {SAID} is not low, medium or high)"
    )


def _guess(facts: Facts, roles: GuideRoles) -> Complexity:
    tokens, low_under = facts.input_tokens, roles.simple_under_tokens
    high_from = max(roles.high_from_tokens, low_under)
    if tokens is not None and tokens >= high_from:
        return Complexity(level="high", why=f"about {tokens} tokens, {high_from} or more")
    marks = list(_marks(facts))
    if facts.wants_thinking or len(marks) > 1:
        return Complexity(level="high", why=f"it comes with {' and '.join(marks)}")
    if marks:
        return Complexity(level="medium", why=f"it comes with {marks[0]}")
    if tokens is None:
        return Complexity(level="medium", why="its length is not known")
    if tokens >= low_under:
        return Complexity(level="medium", why=f"about {tokens} tokens, not under {low_under}")
    return Complexity(level="low", why=f"a short single question (about {tokens} tokens)")


def _marks(facts: Facts) -> Iterator[str]:
    if facts.wants_thinking:
        yield "thinking"
    if facts.has_tools:
        yield "tools"
    if facts.has_code:
        yield "marks of code"
    if facts.has_images or facts.has_audio or facts.has_files:
        yield "media"
    if facts.wants_json:
        yield "JSON"
    if (facts.messages or 0) > _FEW_MESSAGES:
        yield f"{facts.messages} messages"
