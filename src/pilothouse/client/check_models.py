"""The judges of a route's check: targets of the gateway, asked through the one call path."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from pilothouse.client.attempt import Asked
from pilothouse.client.caller import Client
from pilothouse.core.answer import Answer
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.errors import ProviderError
from pilothouse.core.grade import Given
from pilothouse.core.ports import SAME_LIMITS
from pilothouse.core.request import Request
from pilothouse.core.route import Check, Route, RouteSpec, Target
from pilothouse.core.route_settings import Timeouts


class CheckModels:
    """Implements `Models` for one request. `calls` gets the row of every attempt: each is paid.

    A row's source is `judge`, its request an id of its own (several may be asked at once), and its case the id of
    the request that is checked.
    """

    def __init__(
        self, client: Client, check: Check, route: str, asked: Asked, calls: list[Call]
    ) -> None:
        self._client = client
        self._judges = {target.name: target for target in check.judges}
        self._route = route
        self._timeouts = Timeouts(total_s=check.timeout_s)
        self._asked = replace(asked, source="judge", request_id=None, case_id=asked.request_id)
        self._calls = calls

    async def ask(self, name: str, request: Request, *, sample: int = 0) -> Given:
        """See `Models`. The target's own temperature stands: some models refuse any."""
        target = self._judges[name]
        request = replace(request, model=target.model)
        return Given.of(await self.say(target, request, sample, self._timeouts))

    async def embed(self, name: str, texts: Sequence[str]) -> list[list[float]]:
        """No scorer that fits a check compares vectors. Raises `ProviderError`."""
        raise ProviderError("caller", "a check has no embedders")

    async def say(
        self,
        target: Target,
        question: Ask | Request,
        sample: int = 0,
        timeouts: Timeouts = SAME_LIMITS,
    ) -> Answer:
        """What `target` says to `question`, whole. Raises `ProviderError`."""
        route = Route(name=self._route, targets=(target,), why="a check of another answer")
        spec = RouteSpec(name=self._route, policy="fallback", targets=(target,), timeouts=timeouts)
        calls: list[Call] = []
        try:
            asked = replace(self._asked, repeat=sample)
            outcome = await self._client.call(question, route, asked=asked, spec=spec, calls=calls)
        finally:
            self._calls += calls
        if outcome.error is not None:
            raise outcome.error
        assert outcome.answer is not None
        return outcome.answer
