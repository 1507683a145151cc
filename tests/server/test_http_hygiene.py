"""What a hostile or broken client may send, against a real socket: refused, bounded or answered, never misread."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.server.http import Exchange, HttpRequest, HttpServer, Limits, ServerConnection

HOST = b"host: x\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"


class Harness:
    """A server, what its handler saw, and how its handlers ended."""

    def __init__(self) -> None:
        self.seen: list[HttpRequest] = []
        self.cancelled = asyncio.Event()
        self.port = 0

    async def handle(self, http: HttpRequest, out: Exchange) -> None:
        self.seen.append(http)
        if http.path != "/flood":
            out.send(200, b"{}")
            return
        out.start_stream(b"")
        try:
            while True:
                out.write(b"x" * 65536)
                if out.is_full:
                    await out.drained()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def send(self, *pieces: bytes) -> bytes:
        """Bytes in; everything that comes until the server closes, or nothing more comes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        got = b""
        try:
            while data := await asyncio.wait_for(reader.read(65536), 0.3):
                got += data
        except (TimeoutError, ConnectionError):
            pass
        writer.close()
        return got


@asynccontextmanager
async def server(limits: Limits | None = None) -> AsyncGenerator[Harness]:
    harness = Harness()
    http = HttpServer(
        harness.handle, lambda status, message, http: message.encode(), limits or Limits()
    )
    harness.port = await http.start("127.0.0.1", 0)
    try:
        yield harness
    finally:
        await http.stop(0.1)


def run(body: Callable[[Harness], Awaitable[None]], limits: Limits | None = None) -> None:
    async def main() -> None:
        async with server(limits) as harness:
            await asyncio.wait_for(body(harness), 20)

    asyncio.run(main())


REFUSED: dict[str, tuple[int, bytes]] = {
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two hosts": (400, b"GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n"),
    "two keys": (400, b"GET / HTTP/1.1\r\nhost: x\r\nx-api-key: a\r\nx-api-key: b\r\n\r\n"),
    "two authorizations": (
        400,
        b"GET / HTTP/1.1\r\nhost: x\r\nauthorization: a\r\nAuthorization: b\r\n\r\n",
    ),
    "two lengths": (
        400,
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nab",
    ),
    "a list of lengths": (400, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2, 2\r\n\r\nab"),
    "length and coding": (400, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n" + CHUNKED[26:]),
    "a coding twice": (
        400,
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
    ),
    "another coding": (501, CHUNKED.replace(b"chunked", b"gzip, chunked") + b"0\r\n\r\n"),
    "an unknown coding": (501, CHUNKED.replace(b"chunked", b"xchunked")),
    "a coding that is hidden": (400, CHUNKED.replace(b"chunked", b"\x0bchunked")),
    "a coding in HTTP/1.0": (400, CHUNKED.replace(b"1.1", b"1.0") + b"0\r\n\r\n"),
    "a space before the colon": (400, b"GET / HTTP/1.1\r\nhost : x\r\n\r\n"),
    "a folded line": (400, b"GET / HTTP/1.1\r\nhost: x\r\na: b\r\n c\r\n\r\n"),
    "bare line feeds": (400, b"GET / HTTP/1.1\nhost: x\n\n"),
    "one bare line feed": (400, b"GET / HTTP/1.1\r\nhost: x\na: b\r\n\r\n"),
    "a bare return": (400, b"GET / HTTP/1.1\r\nhost: x\ra: b\r\n\r\n"),
    "NUL": (400, b"GET / HTTP/1.1\r\nhost: x\r\na: b\0c\r\n\r\n"),
    "a name with a control": (400, b"GET / HTTP/1.1\r\nhost: x\r\na\x01: b\r\n\r\n"),
    "a name of nothing": (400, b"GET / HTTP/1.1\r\nhost: x\r\n: b\r\n\r\n"),
    "a negative length": (400, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n"),
    "a signed length": (400, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: +2\r\n\r\nab"),
    "a length past counting": (400, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %s\r\n\r\n" % (b"9" * 30)),
    "a length over the limit": (413, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999\r\n\r\n"),
    "a negative chunk": (400, CHUNKED + b"-1\r\nab\r\n0\r\n\r\n"),
    "a chunk past counting": (400, CHUNKED + b"F" * 20 + b"\r\nab"),
    "a chunk longer than said": (400, CHUNKED + b"2\r\nabXX0\r\n\r\n"),
    "chunks with line feeds": (400, CHUNKED + b"2\nab\n0\n\n"),
    "extensions without end": (400, CHUNKED + b"1;" + b"a" * 200_000),
    "many extensions": (400, CHUNKED + (b"1;" + b"a" * 500 + b"\r\nx\r\n") * 200),
    # Whether they are too much header or too much framing depends on how they arrive.
    "trailers without end": (4, CHUNKED + b"0\r\n" + b"a: b\r\n" * 20_000),
    "headers without end": (431, b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 20_000),
    "one long header": (431, b"GET / HTTP/1.1\r\nhost: x\r\na: " + b"b" * 200_000),
    "a long target": (431, b"GET /" + b"b" * 200_000),
    "a tunnel": (501, b"CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n"),
    "HTTP/2": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "a version of tomorrow": (505, b"GET / HTTP/2.0\r\nhost: x\r\n\r\n"),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "an unknown method": (400, b"FOO / HTTP/1.1\r\nhost: x\r\n\r\n"),
    "an expectation": (417, b"POST / HTTP/1.1\r\nhost: x\r\nexpect: tea\r\ncontent-length: 2\r\n\r\nab"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_two_readers_could_understand_differently_is_refused(name: str) -> None:
    status, data = REFUSED[name]

    async def body(h: Harness) -> None:
        got = await h.send(data)
        assert got.startswith(b"HTTP/1.1 %d" % status), got[:200]
        assert b"connection: close" in got
        assert got.count(b"content-length: ") == 1
        assert not h.seen

    run(body)


def test_trailers_are_no_headers() -> None:
    async def body(h: Harness) -> None:
        await h.send(CHUNKED + b"2\r\nab\r\n0\r\nauthorization: Bearer mine\r\nx-b: c\r\n\r\n")
        [http] = h.seen
        assert http.body == b"ab"
        assert set(http.headers) == {"host", "transfer-encoding"}

    run(body)


def test_small_chunks_and_short_extensions_are_read() -> None:
    async def body(h: Harness) -> None:
        await h.send(CHUNKED + b"1;a=b\r\nx\r\n" * 5000 + b"0\r\n\r\n")
        assert h.seen[0].body == b"x" * 5000

    run(body)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (b"GET / HTTP/1.0\r\n\r\n", "/"),
        (b"GET http://y/v1/models?a=b HTTP/1.1\r\nhost: x\r\n\r\n", "/v1/models"),
        (b"GET HTTP://y HTTP/1.1\r\nhost: x\r\n\r\n", "/"),
        (b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n", "*"),
        (b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n\r\n", "/"),
        (b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\nwhat is this", "/"),
    ],
)  # fmt: skip
def test_what_is_odd_but_plain_is_answered(data: bytes, path: str) -> None:
    async def body(h: Harness) -> None:
        got = await h.send(data)
        assert got.startswith(b"HTTP/1.1 200 ")
        assert [http.path for http in h.seen] == [path]

    run(body)


def test_a_list_that_is_sent_in_parts_is_one_list() -> None:
    async def body(h: Harness) -> None:
        await h.send(b"GET / HTTP/1.1\r\nhost: x\r\nanthropic-beta: a\r\nAnthropic-Beta: b\r\n\r\n")
        assert h.seen[0].headers["anthropic-beta"] == "a, b"

    run(body)


def test_what_came_before_the_garbage_is_answered_before_the_refusal() -> None:
    async def body(h: Harness) -> None:
        got = await h.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" * 2 + b"\0garbage\r\n\r\n")
        statuses = re.findall(rb"HTTP/1.1 (\d+) ", got)
        assert statuses == [b"200", b"200", b"400"]

    run(body)


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HTTP/1.1\r\nho",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc",
        CHUNKED + b"5\r\nab",
    ],
)
def test_a_request_that_trickles_is_ended(begun: bytes) -> None:
    async def body(h: Harness) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", h.port)
        writer.write(begun)
        got = await asyncio.wait_for(reader.read(), 10)
        assert got == b"" if not begun else got.startswith(b"HTTP/1.1 408 ")
        assert not h.seen
        writer.close()

    run(body, Limits(request_s=0.2))


def test_a_client_that_takes_nothing_is_dropped_and_its_handler_cancelled() -> None:
    async def body(h: Harness) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", h.port, limit=1024)
        writer.write(b"GET /flood HTTP/1.1\r\nhost: x\r\n\r\n")
        await h.cancelled.wait()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            while True:
                await reader.readexactly(1 << 16)
        writer.close()

    run(body, Limits(stall_s=0.1))


def test_a_client_that_reads_slowly_is_not_dropped() -> None:
    async def body(h: Harness) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", h.port)
        writer.write(b"GET /flood HTTP/1.1\r\nhost: x\r\n\r\n")
        for _ in range(30):
            await reader.readexactly(1 << 20)
            await asyncio.sleep(0.05)
        assert not h.cancelled.is_set()
        writer.close()

    run(body, Limits(stall_s=1.0))


def test_connections_past_the_most_are_told_so() -> None:
    async def body(h: Harness) -> None:
        kept = [await asyncio.open_connection("127.0.0.1", h.port) for _ in range(3)]
        for _, writer in kept:
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        for reader, _ in kept:
            await reader.readuntil(b"{}")
        assert (await h.send(b"")).startswith(b"HTTP/1.1 503 ")
        kept[0][1].close()
        await kept[0][1].wait_closed()
        await asyncio.sleep(0.05)
        assert (await h.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        for _, writer in kept[1:]:
            writer.close()

    run(body, Limits(connections=3))


SEEDS = [
    b"GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer y\r\n\r\n",
    b"POST /v1/messages HTTP/1.1\r\nHost: x\r\ncontent-length: 5\r\nx-a: 1\r\nx-a: 2\r\n\r\nhello",
    CHUNKED + b"5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nx-t: 1\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
]
NOISE = st.sampled_from([b"\r\n", b"\n", b":", b" ", b"\0", b"chunked", b"content-length: 3\r\n", b"0", b"host: y\r\n"])  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        gone = draw(st.integers(0, 3))
        data = data[:at] + draw(NOISE | st.binary(max_size=2)) + data[at + gone :]
    return data


class _Transport:
    def __init__(self) -> None:
        self.written = b""
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def read_in(pieces: list[bytes]) -> tuple[list[Any], list[bytes], bool]:
    """Requests as the handler got them, statuses as written, and whether the connection was closed."""
    seen: list[Any] = []

    async def handle(http: HttpRequest, out: Exchange) -> None:
        seen.append((http.method, http.path, http.query, dict(http.headers), http.body))
        out.send(200, b"")

    async def main() -> _Transport:
        http = HttpServer(handle, lambda status, message, http: b"", Limits())
        connection, transport = ServerConnection(http), _Transport()
        connection.connection_made(transport)  # type: ignore[arg-type]
        for piece in pieces:
            connection.data_received(piece)
            await asyncio.sleep(0)
        for _ in range(6):
            await asyncio.sleep(0)
        return transport

    transport = asyncio.run(main())
    statuses = [part[:3] for part in transport.written.split(b"HTTP/1.1 ")[1:]]
    return seen, [s for s in statuses if s != b"100"], transport.is_closed


@settings(max_examples=200, deadline=None)
@given(mutated(), st.data())
def test_no_request_is_read_otherwise_for_how_the_network_cuts_it(
    data: bytes, cuts: st.DataObject
) -> None:
    whole = read_in([data])
    places = sorted(cuts.draw(st.sets(st.integers(1, max(1, len(data) - 1)), max_size=5)))
    pieces = [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]
    assert read_in([p for p in pieces if p]) == whole


def read_by_h11(data: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Method, target and body of the first request; None when h11 refuses or waits for more."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    try:
        head = connection.next_event()
        if not isinstance(head, h11.Request):
            return None
        body = b""
        while isinstance(event := connection.next_event(), h11.Data):
            body += bytes(event.data)
        return (head.method, head.target, body) if isinstance(event, h11.EndOfMessage) else None
    except h11.RemoteProtocolError:
        return None


@settings(max_examples=300, deadline=None)
@given(mutated())
def test_a_request_that_is_accepted_says_to_h11_what_it_says_to_us(data: bytes) -> None:
    """h11 is stricter here and laxer there; what both take, both take for the same."""
    theirs = read_by_h11(data)
    seen, _, _ = read_in([data])
    if seen and theirs is not None:
        method, path, query, _, body = seen[0]
        target = path + (f"?{query}" if query else "")
        assert (method.encode(), target.encode("latin-1"), body) == theirs
