"""A need's answers to the guide's nine questions, each with what in the need says so."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from pilothouse.core.need import Need

LONG_TOKENS = 100_000
"""Guide, line 736."""
FAST_S = 0.5
"""Guide, line 742."""
MANY_A_DAY = 1_000_000
"""Guide, line 757."""
_HIGH_VOLUME_A_DAY = 100_000
"""The guide says "high volume" without a number; its own example has this many (line 800)."""
_TYPES = (
    ("creative_nuanced", ("creative", "writing", "marketing")),
    ("code_technical", ("code", "technical")),
    ("mathematical", ("math", "arithmetic")),
)


class Answered(Struct, frozen=True, kw_only=True):
    """A question that the need answers with yes, and the answer to its second question."""

    node: str
    why: str
    then: str | None = None


def answers_of(need: Need) -> list[Answered]:
    """In the order of the tree. What the need is silent about is a no."""
    return [*_hard(need), *_soft(need)]


def as_answers(found: list[Answered]) -> dict[str, str | bool]:
    """As `walk` takes them."""
    answers: dict[str, str | bool] = {a.node: True for a in found}
    answers.update({f"{a.node}.then": a.then for a in found if a.then is not None})
    return answers


def _hard(need: Need) -> Iterator[Answered]:
    must, nice = need.must, need.nice
    if need.is_on_own_machines:
        yield Answered(node="privacy", then="yes", why=f"must.deployment is {must.deployment}")
    longest = max(need.tokens.longest_input or 0, need.tokens.input, must.context_tokens or 0)
    is_video = "video" in must.inputs
    if longest > LONG_TOKENS or is_video:
        what = "must.inputs has video" if is_video else f"{longest:,} tokens must fit"
        then = "yes" if is_video else "no"
        yield Answered(node="very_long_input", then=then, why=what)
    limit_s = need.latency_limit_s
    if limit_s is not None and limit_s <= FAST_S:
        then = "yes" if nice.quality > nice.cost else "no"
        yield Answered(node="latency", then=then, why=f"the answer within {limit_s:g} s")
    if "code" in need.tasks:
        then = "yes" if nice.cost > nice.quality else "no"
        yield Answered(node="code", then=then, why="code is among the tasks")
    if "audio" in must.inputs or "voice" in need.tasks:
        yield Answered(node="voice", why="it must hear")


def _soft(need: Need) -> Iterator[Answered]:
    nice = need.nice
    is_cheap = nice.cost > nice.quality
    if need.volume_per_day > MANY_A_DAY:
        yield Answered(node="cost", then="no", why=f"{need.volume_per_day:,} requests a day")
    if nice.quality >= 3 * max(nice.cost, 0.001):
        why = f"quality weighs {nice.quality:g}, cost {nice.cost:g}"
        yield Answered(node="max_reasoning", then=_type(need), why=why)
    if is_cheap and need.volume_per_day >= _HIGH_VOLUME_A_DAY:
        why = f"{need.volume_per_day:,} requests a day, and cost weighs more than quality"
        yield Answered(node="high_volume_simple", then="simple", why=why)


def _type(need: Need) -> str:
    words = " ".join(need.tasks)
    return next(
        (kind for kind, parts in _TYPES if any(part in words for part in parts)), "general_complex"
    )
