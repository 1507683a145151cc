"""A provider that fails on purpose, around a real one: what a rehearsal injects."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from msgspec import Struct

from pilothouse.core.ask import Ask
from pilothouse.core.errors import InvalidInput, ProviderError
from pilothouse.core.ports import SAME_LIMITS, AnswerStream, Provider, Reply
from pilothouse.core.route import Target
from pilothouse.core.route_settings import Timeouts

_FORM = re.compile(r"^errors=(0?\.\d+|1|\d{1,3}%)@(0?\.\d+|1|\d{1,3}%)$")


class Fault(Struct, frozen=True):
    """From the stage with `from_share` on, `errors` of the new target's calls fail (both 0-1)."""

    errors: float
    from_share: float


def parse_fault(text: str) -> Fault:
    """`errors=0.3@25%`. Raises `InvalidInput`."""
    found = _FORM.match(text.replace(" ", ""))
    if not found:
        raise InvalidInput(f'"{text}" is not a fault: write for example errors=0.3@25%')
    return Fault(_share(found[1]), _share(found[2]))


class Faulty:
    """Implements `Provider`. `is_on` says whether the fault has begun for a target."""

    def __init__(
        self, inner: Provider, errors: float, is_on: Callable[[Target], bool], dice: random.Random
    ) -> None:
        self.keys = inner.keys
        self.is_timed = inner.is_timed
        self._inner = inner
        self._errors = errors
        self._is_on = is_on
        self._dice = dice

    def losses(self, target: Target, ask: Ask) -> tuple[str, ...]:
        """The inner provider's."""
        return self._inner.losses(target, ask)

    async def complete(
        self, target: Target, ask: Ask, key: int = 0, limits: Timeouts = SAME_LIMITS
    ) -> Reply:
        """The inner provider's answer, or a failure."""
        self._maybe_fail(target)
        return await self._inner.complete(target, ask, key, limits)

    async def stream(
        self, target: Target, ask: Ask, key: int = 0, limits: Timeouts = SAME_LIMITS
    ) -> AnswerStream:
        """The inner provider's stream, or a failure before it."""
        self._maybe_fail(target)
        return await self._inner.stream(target, ask, key, limits)

    async def close(self) -> None:
        """Close the inner provider."""
        await self._inner.close()

    def _maybe_fail(self, target: Target) -> None:
        if self._is_on(target) and self._dice.random() < self._errors:
            raise ProviderError("provider_down", "HTTP 500: injected fault", http_status=500)


def _share(text: str) -> float:
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)
