"""Whether a route's check takes an answer: its scorers one after the other, and another model's word.

Whatever goes wrong in a check (a scorer raises, a judge fails or is late) means that the answer is not taken: then
the next target is asked, and the caller sees nothing of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from pilothouse.client.attempt import Asked
from pilothouse.client.caller import Client
from pilothouse.client.check_models import CheckModels
from pilothouse.client.same_answer import is_same
from pilothouse.core.answer import Answer
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call, Score
from pilothouse.core.case import Case
from pilothouse.core.grade import AskingScorer, Given, Grade, Scorer
from pilothouse.core.request import Request
from pilothouse.core.route import Check
from pilothouse.scorers._choice import is_asking

log = logging.getLogger("pilothouse.checks")

CHECK = "check"
"""The scorer's name of what a check said, on the call that it was about."""
_MOST_CHARS = 300
Said = Literal["taken", "refused", "failed"]


class Checked:
    """What the check of one request came to so far."""

    __slots__ = ("calls", "refused")

    def __init__(self) -> None:
        self.refused: list[str] = []
        """Targets whose answers were not taken, in order."""
        self.calls: list[Call] = []
        """Of judges and of the model that must agree: paid beside the request's own."""


class Verdict(Struct, frozen=True, kw_only=True):
    """What a check says of one answer. `value`: the lowest of its parts, 0-1."""

    said: Said
    value: float
    detail: str
    parts: dict[str, float] = {}

    def score(self, call_id: str) -> Score:
        """As it stands in the record."""
        detail = f"{self.said}: {self.detail}"[:_MOST_CHARS]
        return Score(
            call_id=call_id, scorer=CHECK, value=self.value, detail=detail, parts=self.parts
        )


Note = Callable[[Call, Verdict], None]
"""Told each verdict with the call that it is about."""


class Checking:
    """The check of one request's answers. `begin` at its start, `close` at its end, however that comes."""

    def __init__(
        self, client: Client, check: Check, ask: Ask, route: str, asked: Asked, checked: Checked
    ) -> None:
        self._check = check
        self._ask = ask
        self._id = asked.request_id or ""
        self._models = CheckModels(client, check, route, asked, checked.calls)
        self._other: asyncio.Task[Answer] | None = None
        self._case: Case | None = None

    def begin(self) -> None:
        """Ask the model that must agree, beside the first target."""
        target = self._check.agree_with
        if target is not None:
            question = _whole(self._ask)
            self._other = asyncio.create_task(self._models.say(target, question))

    async def close(self) -> None:
        """Nobody waits for the other model any more; its row is written when this returns."""
        if self._other is not None:
            self._other.cancel()
            await asyncio.gather(self._other, return_exceptions=True)

    async def verdict(self, answer: Answer | None) -> Verdict:
        """Of one answer; None = a stream that could not be put together. Never raises."""
        parts: dict[str, float] = {}
        try:
            if answer is None:
                raise ValueError("the stream cannot be put together")
            async with asyncio.timeout(self._check.timeout_s):
                return await self._checked(answer, parts)
        except TimeoutError:
            why = f"it took longer than {self._check.timeout_s:g} s"
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
        log.warning("an answer of request %s could not be checked: %s", self._id, why)
        return Verdict(said="failed", value=0.0, detail=why, parts=parts)

    async def _checked(self, answer: Answer, parts: dict[str, float]) -> Verdict:
        """The first that does not accept ends it: judges come last, and cost."""
        given = Given.of(answer)
        details: list[str] = []
        looking = [pair for pair in self._check.scorers if not is_asking(pair[1])]
        for name, scorer in looking:
            if not self._accepts(name, await self._graded(scorer, given), parts, details):
                return _refused(parts, details)
        if self._other is not None:
            other = await asyncio.shield(self._other)
            agrees = is_same(answer, other)
            words = "says the same" if agrees else "says something else"
            who = self._check.agree_with
            grade = Grade(value=float(agrees), detail=f"{who.name if who else ''} {words}")
            if not self._accepts("agreement", grade, parts, details):
                return _refused(parts, details)
        for name, scorer in self._check.scorers[len(looking) :]:
            if not self._accepts(name, await self._graded(scorer, given), parts, details):
                return _refused(parts, details)
        return Verdict(
            said="taken", value=min(parts.values()), detail="; ".join(details), parts=parts
        )

    async def _graded(self, scorer: Scorer | AskingScorer, given: Given) -> Grade:
        case = self._of_request()
        scorer.check(case)
        if is_asking(scorer):
            return await scorer.grade(given, case, self._models)  # type: ignore[union-attr]
        # Somebody's own scorer may block, and the loop has others to serve.
        return await asyncio.to_thread(scorer.score, given, case)  # type: ignore[union-attr]

    def _accepts(
        self, name: str, grade: Grade, parts: dict[str, float], details: list[str]
    ) -> bool:
        parts[name] = grade.value
        details.append(f"{name} {grade.value:g} ({grade.detail})" if grade.detail else name)
        return grade.value >= self._check.at_least

    def _of_request(self) -> Case:
        if self._case is None:
            self._case = case_of(self._ask.request, self._id)
        return self._case


def case_of(request: Request, id: str) -> Case:
    """A request as a case of which nobody knows the answer: its last user turn, and what was said before that."""
    places = [i for i, message in enumerate(request.messages) if message.role == "user"]
    last = places[-1] if places else len(request.messages)
    prompt = request.messages[last].text if places else ""
    return Case(id=id, prompt=prompt, messages=request.messages[:last], tools=request.tools)


def _refused(parts: dict[str, float], details: list[str]) -> Verdict:
    """By the last one that was asked."""
    return Verdict(said="refused", value=min(parts.values()), detail=details[-1], parts=parts)


def _whole(ask: Ask) -> Ask:
    if not ask.envelope.stream:
        return ask
    return ask.replaced(replace(ask.request, stream=False))
