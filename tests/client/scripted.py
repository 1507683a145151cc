"""A provider that does what its script says: answers, fails, or is silent until it is told to go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import count

from pilothouse.client.caller import Client
from pilothouse.core.answer import Answer, Begin, End, Event, Finish, TextDelta, Usage, Used
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.errors import ProviderError
from pilothouse.core.key_pool import KeyPool
from pilothouse.core.ports import AnswerStream, Piece, Priced, Reply
from pilothouse.core.request import Message, Request
from pilothouse.core.route import Route, Target
from pilothouse.core.route_settings import Timeouts

USAGE = Usage(input_tokens=10, output_tokens=5)
PRICE = Decimal("0.01")
SILENT = "silent"
"""A step of a script: nothing comes until `Scripted.go_on`, which may never be."""
Step = Event | ProviderError | str
QUESTION = Request(model="route", messages=(Message.of_text("user", "2 + 2?"),))


def says(*texts: str, id: str = "x") -> list[Step]:
    """A whole stream."""
    said: list[Step] = [TextDelta(text) for text in texts]
    return [Begin(id, "m"), *said, Finish("stop"), Used(USAGE), End()]


def breaks(*texts: str, error: ProviderError | None = None) -> list[Step]:
    """A stream that breaks after these."""
    said: list[Step] = [TextDelta(text) for text in texts]
    return [Begin("x", "m"), *said, error or ProviderError("cut", "the line went dead")]


class Scripted:
    """Implements `Provider`. One script a request, the last one again and again; a whole answer is the
    texts of the script."""

    is_timed = True

    def __init__(
        self, *scripts: Sequence[Step], lost: tuple[str, ...] = (), dialect: str = "openai_chat"
    ) -> None:
        self.dialect = dialect
        self.keys = KeyPool(1)
        self.asks: list[Ask] = []
        self.was_asked = asyncio.Event()
        self.go_on = asyncio.Event()
        self.was_cancelled = False
        self.limits: list[Timeouts | None] = []
        self._scripts = list(scripts)
        self._lost = lost

    def losses(self, target: Target, ask: Ask) -> tuple[str, ...]:
        return self._lost

    async def complete(
        self, target: Target, ask: Ask, key: int = 0, limits: Timeouts | None = None
    ) -> Reply:
        stream = await self.stream(target, ask, key, limits)
        texts: list[str] = []
        while (piece := await stream.next()) is not None:
            texts += [event.text for event in piece.events if isinstance(event, TextDelta)]
        return Reply(b"{}", Answer.of_text("".join(texts), usage=USAGE), self.dialect, self._lost)

    async def stream(
        self, target: Target, ask: Ask, key: int = 0, limits: Timeouts | None = None
    ) -> AnswerStream:
        self.asks.append(ask)
        self.limits.append(limits)
        self.was_asked.set()
        script = self._scripts[min(len(self.asks), len(self._scripts)) - 1]
        return _Stream(self, script, self._lost)

    async def close(self) -> None: ...


class _Stream:
    def __init__(self, owner: Scripted, script: Sequence[Step], lost: tuple[str, ...]) -> None:
        self.dialect = owner.dialect
        self._owner = owner
        self._steps = iter(script)
        self.lost = lost

    async def next(self) -> Piece | None:
        for step in self._steps:
            if isinstance(step, ProviderError):
                raise step
            if isinstance(step, str):
                await self._silence()
                continue
            return Piece(f"[{type(step).__name__}]".encode(), [step])
        return None

    async def _silence(self) -> None:
        try:
            await self._owner.go_on.wait()
        except asyncio.CancelledError:
            self._owner.was_cancelled = True
            raise

    def close(self) -> None: ...


class Rows:
    """Implements `Recorder`."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def record(self, call: Call) -> None:
        self.calls.append(call)


def targets(*names: str) -> tuple[Target, ...]:
    """Each at a provider of its own name."""
    return tuple(Target(name=name, provider=name, model=name) for name in names)


def route(*names: str, rollout_id: str | None = None) -> Route:
    return Route(name="route", targets=targets(*names), rollout_id=rollout_id)


def client_of(
    providers: Mapping[str, Scripted],
    rows: Rows,
    *,
    price: Callable[[Target], Priced] = lambda target: Priced(PRICE),
    now_us: Callable[[], int] = lambda: 1_000_000,
) -> Client:
    bits = count(1)
    return Client(providers, lambda t, u, at: price(t), rows, now_us, lambda: next(bits))


async def turns(count: int = 100) -> None:
    """Let everything that is ready run."""
    for _ in range(count):
        await asyncio.sleep(0)
