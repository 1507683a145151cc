"""One question asked to its end: all its turns, streamed where wished, waiting out what a vendor asks us to wait."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from pilothouse.client.cache.replay import Gathering
from pilothouse.client.caller import Asked, Client
from pilothouse.core.answer import Answer
from pilothouse.core.call import Call
from pilothouse.core.errors import ProviderError
from pilothouse.core.grade import Given, ToolUse
from pilothouse.core.proof_store import Before, PaidAnswer
from pilothouse.core.request import Part, RefusalPart, Request, TextPart, ToolCallPart
from pilothouse.core.route import Route, RouteSpec
from pilothouse.core.route_settings import Retries
from pilothouse.prove.pace import Pace
from pilothouse.prove.questions import Asker, Question, next_turn
from pilothouse.prove.spec import Poc

_MOST_WAITS = 12
"""Times one question waits for a vendor that says it is asked too much."""


class Turns(Protocol):
    """Where the first turns of conversations are kept, so that a stopped run pays none twice."""

    def find(self, key: str) -> PaidAnswer | None:
        """An answer by the key of its question."""
        ...

    def keep(self, key: str, target: str, call: Call, given: Given) -> None:
        """Durably."""
        ...


class Said(Struct):
    """What one turn came to."""

    call: Call
    parts: tuple[Part, ...] | None
    """None = every attempt failed."""
    attempts: int
    cost_usd: Decimal
    """Of all attempts."""


class Asking:
    """Asks for one run."""

    def __init__(self, poc: Poc, client: Client, asker: Asker, run_id: str) -> None:
        file = poc.file
        self._client = client
        self._asker = asker
        self._run_id = run_id
        self._is_stream = file.stream
        self._paces = {name: Pace(file.concurrency) for name in file.providers}
        self._candidates = file.candidates
        self._routes = [
            Route(name=file.name, targets=(c.target,), arm=c.name, why="a proof")
            for c in file.candidates
        ]
        retries = Retries(
            attempts_per_target=file.attempts, budget_share=1.0, budget_floor_per_s=1000.0
        )
        self._spec = RouteSpec(name=file.name, policy="fallback", targets=(), retries=retries)

    @property
    def slowed(self) -> dict[str, int]:
        """Providers that asked us to slow down, and how often."""
        return {name: pace.slowed for name, pace in self._paces.items() if pace.slowed}

    async def answer(
        self, question: Question, request: Request, key: str, turns: Turns
    ) -> tuple[PaidAnswer, Decimal]:
        """The answer as it is kept, and what it cost with all its attempts."""
        earlier: list[str] = []
        before: list[Call] = []
        attempts, cost = 0, Decimal(0)
        for number, turn in enumerate((*question.case.then, None)):
            is_last = turn is None
            turn_key = f"{key}/{number}"
            kept = None if is_last else turns.find(turn_key)
            if kept is not None and kept.given is not None:
                said = Said(kept.call, _parts(kept.given), kept.attempts, Decimal(0))
            else:
                said = await self._turn(question, request)
            attempts += said.attempts
            cost += said.cost_usd
            if said.parts is None or turn is None:
                return self._paid(question, key, said, earlier, before, attempts), cost
            text = _text(said.parts)
            if kept is None:
                given = Given(text=text, tool_uses=_tool_uses(said.parts))
                turns.keep(turn_key, self._candidates[question.candidate].name, said.call, given)
            earlier.append(text)
            before.append(said.call)
            request = next_turn(request, said.parts, turn)
        raise AssertionError("a conversation has a last turn")

    async def _turn(self, question: Question, request: Request) -> Said:
        """Until it is answered, or failed in a way that waiting does not help."""
        provider = self._candidates[question.candidate].provider
        pace = self._paces[provider]
        attempts, cost, waits = 0, Decimal(0), 0
        while True:
            entered_s = await pace.enter()
            calls: list[Call] = []
            error: ProviderError | None = ProviderError("cancelled", "stopped")
            try:
                answer, error = await self._once(question, request, calls)
            finally:
                is_limited = error is not None and error.kind == "rate_limited"
                after_s = None if error is None else error.retry_after_s
                pace.leave(entered_s, was_limited=is_limited, after_s=after_s)
            pace.told(getattr(self._client.providers[provider], "rate", None))
            cost += sum([c.cost_usd for c in calls if c.cost_usd is not None], Decimal(0))
            # To be told to wait is no failure of the vendor's, and no try of ours.
            attempts += sum([c.error_class != "rate_limited" for c in calls])
            if is_limited and waits < _MOST_WAITS:
                waits += 1
                continue
            parts = None if answer is None else answer.candidates[0].parts
            return Said(calls[-1], parts, max(1, attempts), cost)

    async def _once(
        self, question: Question, request: Request, calls: list[Call]
    ) -> tuple[Answer | None, ProviderError | None]:
        route = self._routes[question.candidate]
        asked = Asked(
            source="prove",
            run_id=self._run_id,
            case_id=question.case.id,
            repeat=question.repeat,
        )
        if not self._is_stream:
            outcome = await self._client.call(
                request, route, asked=asked, spec=self._spec, calls=calls
            )
            return outcome.answer, outcome.error
        try:
            live = await self._client.stream(
                request, route, asked=asked, spec=self._spec, calls=calls
            )
            gathering = Gathering()
            while (piece := await live.next()) is not None:
                gathering.add(piece.events)
        except ProviderError as error:
            return None, error
        whole = gathering.answer()
        if whole is None:
            return None, ProviderError("garbage", "the stream cannot be put together")
        return whole, None

    def _paid(
        self,
        question: Question,
        key: str,
        said: Said,
        earlier: list[str],
        before: list[Call],
        attempts: int,
    ) -> PaidAnswer:
        given = None
        if said.parts is not None:
            given = Given(
                text=_text(said.parts),
                tool_uses=_tool_uses(said.parts),
                finish_reason=said.call.finish_reason,
                earlier=tuple(earlier),
            )
        return PaidAnswer(
            run_id=self._run_id,
            case_id=question.case.id,
            target=self._candidates[question.candidate].name,
            repeat=question.repeat,
            call=said.call,
            given=given,
            attempts=attempts,
            question_key=key,
            before=Before.of(before) if before else None,
        )


def _text(parts: tuple[Part, ...]) -> str:
    return "".join([p.text for p in parts if isinstance(p, TextPart | RefusalPart)])


def _tool_uses(parts: tuple[Part, ...]) -> tuple[ToolUse, ...]:
    return tuple([ToolUse(p.name, p.arguments) for p in parts if isinstance(p, ToolCallPart)])


def _parts(given: Given) -> tuple[Part, ...]:
    """A kept turn, as it goes back into the conversation."""
    uses = enumerate(given.tool_uses)
    calls = tuple(ToolCallPart(id=f"call_{i}", name=u.name, arguments=u.arguments) for i, u in uses)
    return (TextPart(given.text), *calls)
