"""Judges that behave: good ones, biased ones, ones that talk nonsense. They read the prompt as a model would."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from pilothouse.core.errors import ProviderError
from pilothouse.core.grade import Given
from pilothouse.core.request import Request

Says = Callable[[str, Request, int], str]
"""(judge, request, sample) to what it says."""


class FakeModels:
    """Implements `Models`; remembers what it was asked."""

    def __init__(self, says: Says) -> None:
        self.says = says
        self.asked: list[tuple[str, Request, int]] = []

    async def ask(self, name: str, request: Request, *, sample: int = 0) -> Given:
        self.asked.append((name, request, sample))
        return Given(text=self.says(name, request, sample))

    async def embed(self, name: str, texts: Sequence[str]) -> list[list[float]]:
        raise ProviderError("caller", "these judges embed nothing")


def part(request: Request, name: str) -> str:
    """What stands between the marks called `name`."""
    for message in request.messages:
        found = re.search(rf"<{name} (\w+)>\n(.*?)\n</{name} \1>", message.text, re.DOTALL)
        if found:
            return found[2]
    raise AssertionError(f"no part {name}")


def rating(points: float) -> Says:
    return lambda judge, request, sample: json.dumps({"reason": "so", "rating": points})


def prefers(better: Callable[[str, str], str]) -> Says:
    """A judge of pairs: `better` gets the texts shown as A and B, and says A, B or tie."""

    def says(judge: str, request: Request, sample: int) -> str:
        side = better(part(request, "answer_A"), part(request, "answer_B"))
        return json.dumps({"reason": "so", "winner": side})

    return says
