"""A route's limits of time, through the client: over the real wire, and slow streams by a clock of our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from scripted import QUESTION, Rows, Scripted, Step, client_of, route, says, targets

from pilothouse.client import live as live_module
from pilothouse.core.answer import Event, TextDelta
from pilothouse.core.errors import ProviderError
from pilothouse.core.route import RouteSpec
from pilothouse.core.route_settings import Retries, Timeouts
from pilothouse.providers._rows import row
from pilothouse.providers.http import HttpProvider

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
ROLE = (
    b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},'
    b'"finish_reason":null}]}\n\n'
)
TOKEN = b'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}\n\n'
SHORT_S = 0.1
Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def spec(**timeouts: float) -> RouteSpec:
    return RouteSpec(
        name="route",
        policy="fallback",
        targets=targets("a"),
        retries=Retries(attempts_per_target=1),
        timeouts=Timeouts(**timeouts),
    )


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@asynccontextmanager
async def vendor(behave: Behave) -> AsyncGenerator[HttpProvider]:
    """A server that reads a request, then does what it likes until the client hangs up."""
    tasks: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
            await behave(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    provider = HttpProvider(row("openai_compatible"), base_url=url)
    try:
        yield provider
    finally:
        await provider.close()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def only_begins(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Start-up frames and signs of life, never a token."""
    writer.write(HEAD + chunk(ROLE))
    while True:
        writer.write(chunk(b": still here\n\n"))
        await writer.drain()
        await asyncio.sleep(0)


async def one_token(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + chunk(ROLE + TOKEN))
    await reader.read()


async def never_ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    while True:
        writer.write(chunk(TOKEN))
        await writer.drain()
        await asyncio.sleep(0)


async def failure(behave: Behave, how: RouteSpec) -> tuple[str, str, Rows]:
    """The class and words of what went wrong with a stream."""
    rows = Rows()
    async with vendor(behave) as provider:
        client = client_of({"a": provider}, rows)  # type: ignore[dict-item]
        with pytest.raises(ProviderError) as caught:
            live = await client.stream(QUESTION, route("a"), spec=how)
            while await live.next() is not None:
                pass
    return caught.value.kind, str(caught.value), rows


@pytest.mark.parametrize(
    ("behave", "limits", "says_"),
    [
        (silent, {"first_token_s": SHORT_S}, "no first byte within 0.1 s"),
        (only_begins, {"first_token_s": SHORT_S}, "no first token within 0.1 s"),
        (one_token, {"between_tokens_s": SHORT_S}, "no next byte within 0.1 s"),
        (never_ends, {"total_s": SHORT_S}, "no whole answer within 0.1 s"),
        (silent, {"total_s": SHORT_S}, "no whole answer within 0.1 s"),
    ],
)
def test_each_limit_holds_and_the_failure_says_which(
    behave: Behave, limits: dict[str, float], says_: str
) -> None:
    kind, message, rows = asyncio.run(failure(behave, spec(**limits)))
    assert (kind, message) == ("timeout", says_)
    assert [call.error_class for call in rows.calls] == ["timeout"]


def test_what_had_come_before_a_stream_was_too_long_is_counted_as_used() -> None:
    *_, rows = asyncio.run(failure(never_ends, spec(total_s=SHORT_S)))
    [call] = rows.calls
    assert call.is_usage_estimated and (call.output_tokens or 0) > 0


def test_a_whole_answer_has_a_limit_in_total() -> None:
    async def body() -> None:
        rows = Rows()
        async with vendor(silent) as provider:
            client = client_of({"a": provider}, rows)  # type: ignore[dict-item]
            outcome = await client.call(QUESTION, route("a"), spec=spec(total_s=SHORT_S))
        assert outcome.error is not None
        assert str(outcome.error) == "no whole answer within 0.1 s"

    asyncio.run(body())


def test_the_first_token_of_a_stream_is_no_limit_for_a_whole_answer() -> None:
    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def body() -> None:
        async with vendor(late) as provider:
            client = client_of({"a": provider}, Rows())  # type: ignore[dict-item]
            how = spec(first_token_s=SHORT_S / 2, total_s=SHORT_S * 2)
            outcome = await client.call(QUESTION, route("a"), spec=how)
        assert str(outcome.error) == "no whole answer within 0.2 s"

    asyncio.run(body())


class Clock:
    """Every look at it is a tenth of a second later."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 0.1
        return self.now_s


def trickle(chars: int) -> list[Step]:
    """Says so many characters with each look at the clock, which is ten times a second."""
    return [*says(*["x" * chars] * 40)]


@pytest.mark.parametrize(("chars", "target"), [(5, "b"), (20, "a")])
def test_a_stream_that_starts_too_slowly_goes_to_the_next_target_unseen(
    monkeypatch: pytest.MonkeyPatch, chars: int, target: str
) -> None:
    monkeypatch.setattr(live_module, "monotonic", Clock())

    async def body() -> None:
        rows = Rows()
        providers = {"a": Scripted(trickle(chars)), "b": Scripted(says("from b"))}
        client = client_of(providers, rows)
        how = spec(min_chars_per_s=100.0)
        live = await client.stream(QUESTION, route("a", "b"), spec=how)
        assert live.target.name == target
        events: list[Event] = []
        while (piece := await live.next()) is not None:
            events.extend(piece.events)
        text = "".join([e.text for e in events if isinstance(e, TextDelta)])
        assert text == ("from b" if target == "b" else "x" * chars * 40), "nothing is lost or mixed"
        if target == "b":
            assert rows.calls[0].error_class == "timeout"
            assert rows.calls[0].is_usage_estimated, "what came has been paid for"
            assert "fewer than 100" in (rows.calls[0].error or "")

    asyncio.run(body())


def test_a_short_answer_is_never_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "monotonic", Clock())

    async def body() -> None:
        client = client_of({"a": Scripted(says("x", "y"))}, Rows())
        live = await client.stream(QUESTION, route("a"), spec=spec(min_chars_per_s=1e6))
        events: list[Event] = []
        while (piece := await live.next()) is not None:
            events.extend(piece.events)
        assert sum(isinstance(event, TextDelta) for event in events) == 2

    asyncio.run(body())
