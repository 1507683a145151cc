"""What a request pays in the client for ways of serving it, and for shadows that do not take it.

Reference in the same run: the same provider asked without any of it. Leaves out: the network, the record's
own writing, prices; what a copy itself costs, which is a request like any other.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from statistics import median

from pilothouse.cli.output import table
from pilothouse.client.caller import Client
from pilothouse.client.shadow import Shadows
from pilothouse.core.answer import Answer, Begin, End, Event, Finish, TextDelta, Usage, Used
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.key_pool import KeyPool
from pilothouse.core.ports import SAME_LIMITS, AnswerStream, Piece, Priced, Reply
from pilothouse.core.request import Message, Request
from pilothouse.core.route import Route, RouteSpec, Shadow, Target
from pilothouse.core.route_settings import ShadowLimits, Timeouts

USAGE = Usage(input_tokens=10, output_tokens=100)
TOKENS = 100
EVENTS: list[Event] = [
    Begin("x", "m"),
    *[TextDelta(" word")] * TOKENS,
    Finish("stop"),
    Used(USAGE),
    End(),
]
ASK = Ask.of_request(Request(model="r", messages=(Message.of_text("user", "2 + 2?"),)))
TARGETS = (Target(name="a", provider="p", model="a"), Target(name="b", provider="p", model="b"))
ROUTE = Route(name="r", targets=TARGETS)


class Instant:
    """Implements `Provider`: answers at once."""

    is_timed = True

    def __init__(self) -> None:
        self.keys = KeyPool(1)

    def losses(self, target: Target, ask: Ask) -> tuple[str, ...]:
        return ()

    async def complete(
        self, target: Target, ask: Ask, key: int = 0, limits: Timeouts = SAME_LIMITS
    ) -> Reply:
        return Reply(b"{}", Answer.of_text("Four.", usage=USAGE), "openai_chat")

    async def stream(
        self, target: Target, ask: Ask, key: int = 0, limits: Timeouts = SAME_LIMITS
    ) -> AnswerStream:
        return Words()

    async def close(self) -> None: ...


class Words:
    """Implements `AnswerStream`: one event a piece."""

    dialect = "openai_chat"
    lost: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._events = iter(EVENTS)

    async def next(self) -> Piece | None:
        event = next(self._events, None)
        return None if event is None else Piece(b"", (event,))

    def close(self) -> None: ...


class Nowhere:
    """Implements `Recorder`."""

    def record(self, call: Call) -> None: ...


def spec(**more: object) -> RouteSpec:
    fields: dict[str, object] = {"name": "r", "policy": "fallback", "targets": TARGETS, **more}
    return RouteSpec(**fields)  # pyright: ignore[reportArgumentType]


def ways(client: Client, shadows: Shadows) -> dict[str, Callable[[int], Awaitable[None]]]:
    """Each does one request's worth."""
    provider = client.providers["p"]

    async def reference(i: int) -> None:
        await provider.complete(TARGETS[0], ASK)

    def whole(how: RouteSpec) -> Callable[[int], Awaitable[None]]:
        async def once(i: int) -> None:
            await client.call(ASK, ROUTE, spec=how)

        return once

    def stream(how: RouteSpec) -> Callable[[int], Awaitable[None]]:
        async def once(i: int) -> None:
            live = await client.stream(ASK, ROUTE, spec=how)
            while await live.next() is not None:
                pass

        return once

    def shadow(how: RouteSpec) -> Callable[[int], Awaitable[None]]:
        async def once(i: int) -> None:
            shadows.start(ASK, ROUTE, how, f"request-{i}")

        return once

    none = Shadow(targets=TARGETS[:1], limits=ShadowLimits(share=0.0))
    poor = Shadow(
        targets=TARGETS[:1], limits=ShadowLimits(share=1.0, budget_usd_per_day=Decimal("1e-9"))
    )
    return {
        "the provider alone (reference)": reference,
        "a whole answer": whole(spec()),
        "... with a hedge that is not needed": whole(spec(hedge_after_s=60.0)),
        "... with unsupported: reject": whole(spec(unsupported="reject")),
        f"a stream of {TOKENS} tokens": stream(spec()),
        "... with continuation": stream(spec(continuation=True)),
        "shadows: none on the route": shadow(spec()),
        "shadows: not sampled": shadow(spec(shadow=none)),
        "shadows: sampled, over budget": shadow(spec(shadow=poor)),
    }


async def measured(count: int, rounds: int) -> list[tuple[str, float, float, float]]:
    """Microseconds of CPU a request: median, least and most of the rounds, the first left out."""

    def price(target: Target, usage: Usage, at_us: int) -> Priced:
        return Priced(Decimal("0.01"))

    client = Client({"p": Instant()}, price, Nowhere(), lambda: 1, lambda: 1)
    shadows = Shadows(client.apart(), price, lambda: 1)
    rows: list[tuple[str, float, float, float]] = []
    for name, once in ways(client, shadows).items():
        found: list[float] = []
        for _ in range(rounds + 1):
            start_ns = time.thread_time_ns()
            for i in range(count):
                await once(i)
            found.append((time.thread_time_ns() - start_ns) / 1000 / count)
        rows.append((name, median(found[1:]), min(found[1:]), max(found[1:])))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="a few seconds")
    given = parser.parse_args()
    count, rounds = (500, 3) if given.smoke else (5_000, 7)
    rows = asyncio.run(measured(count, rounds))
    shown = [(name, *(round(v, 2) for v in us)) for name, *us in rows]
    header = ("what", "median us", "least", "most")
    if given.json:
        print(json.dumps([dict(zip(header, row, strict=True)) for row in shown]))
        return
    print(table(header, shown))
    print(f"{count} requests a round, {rounds} rounds")


if __name__ == "__main__":
    main()
