"""Our client reads what h11 reads, wherever the network cuts the bytes; and events survive any cutting."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import pairwise

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.core.errors import InvalidInput, ProviderError
from pilothouse.wire.deadlines import Timeouts
from pilothouse.wire.pool import Pool, Response
from pilothouse.wire.sse import Events

FAST = Timeouts(connect_s=2, first_byte_s=2, between_s=2, total_s=5)


def answered(status: int, body: bytes, *, is_chunked: bool, pieces: int) -> bytes:
    """An answer as h11 writes it."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
    connection.next_event()
    connection.next_event()
    length = (
        [("transfer-encoding", "chunked")] if is_chunked else [("content-length", str(len(body)))]
    )
    out = connection.send(
        h11.Response(status_code=status, headers=[("x-Thing", "Some Value"), *length])
    )
    assert out is not None
    size = max(1, len(body) // pieces)
    for start in range(0, len(body), size):
        out += connection.send(h11.Data(body[start : start + size])) or b""
    return out + (connection.send(h11.EndOfMessage()) or b"")


async def exchange(data: bytes, cuts: list[int], *, is_stream: bool) -> tuple[Response, bytes]:
    """Serve `data`, cut at `cuts`, to our client."""

    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            edges = sorted({0, *(c % (len(data) + 1) for c in cuts), len(data)})
            for start, end in pairwise(edges):
                writer.write(data[start:end])
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    pool = Pool(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", FAST)
    head = pool.head("POST", "/", {})
    try:
        if not is_stream:
            response = await pool.send(head, b"")
            return response, response.body
        incoming = await pool.open(head, b"")
        got = await incoming.rest()
        return Response(incoming.status, incoming.headers, b""), got
    finally:
        pool.close()
        await asyncio.wait_for(ended.wait(), 5)
        server.close()


@settings(max_examples=40, deadline=None)
@given(
    status=st.sampled_from([200, 201, 404, 429, 500]),
    body=st.binary(max_size=400),
    is_chunked=st.booleans(),
    pieces=st.integers(1, 8),
    cuts=st.lists(st.integers(0, 10_000), max_size=6),
    is_stream=st.booleans(),
)
def test_answers_written_by_h11_are_read_back_whole(
    status: int, body: bytes, is_chunked: bool, pieces: int, cuts: list[int], is_stream: bool
) -> None:
    data = answered(status, body, is_chunked=is_chunked, pieces=pieces)
    response, got = asyncio.run(exchange(data, cuts, is_stream=is_stream))
    assert (response.status, got) == (status, body)
    assert response.headers["x-thing"] == "Some Value"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_make_anything_but_an_answer_or_a_classed_error(
    data: bytes, is_stream: bool
) -> None:
    try:
        asyncio.run(exchange(data, [], is_stream=is_stream))
    except ProviderError as error:
        assert error.kind in ("garbage", "cut", "provider_down")


def test_a_1xx_answer_is_waited_through() -> None:
    data = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + answered(
        200, b"yes", is_chunked=False, pieces=1
    )
    response, got = asyncio.run(exchange(data, [], is_stream=False))
    assert (response.status, got) == (200, b"yes")
    assert "link" not in response.headers


def test_an_answer_larger_than_the_bound_is_refused() -> None:
    async def main() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n" + b"x" * 2_000_000)
            with contextlib.suppress(ConnectionError):
                await reader.read()
            writer.close()
            gone.set()

        gone = asyncio.Event()
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        pool = Pool(f"http://127.0.0.1:{port}", FAST, most_body_mb=1)
        with pytest.raises(ProviderError, match="over 1048576 bytes") as caught:
            await pool.send(pool.head("POST", "/", {}), b"")
        assert caught.value.kind == "garbage"
        await asyncio.wait_for(gone.wait(), 5)
        server.close()

    asyncio.run(main())


def test_a_kept_alive_connection_that_died_unanswered_is_tried_once_more_on_a_fresh_one() -> None:
    async def main() -> None:
        served = 0
        over = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal served
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            served += 1
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")  # a second request is never answered
            writer.close()
            if served == 2:
                over.set()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        pool = Pool(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", FAST)
        head = pool.head("POST", "/", {})
        for _ in range(2):
            assert (await pool.send(head, b"")).body == b"ok"
        assert served == 2
        pool.close()
        await asyncio.wait_for(over.wait(), 5)
        await asyncio.sleep(0)
        server.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    "url", ["ftp://x", "http://", "http://user:pass@x", "http://x?key=1", "nonsense"]
)
def test_addresses_that_cannot_be_used_are_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        Pool(url, FAST)


def test_a_header_value_with_a_line_break_is_refused() -> None:
    pool = Pool("http://x", FAST)
    with pytest.raises(InvalidInput, match="line break"):
        pool.head("POST", "/", {"authorization": "Bearer x\r\nx-evil: 1"})


@given(
    st.lists(st.sampled_from(["data: a", "data: é∂", ": note", "event: x\ndata: y"]), max_size=8),
    st.sampled_from(["\n\n", "\r\n\r\n"]),
    st.lists(st.integers(0, 300), max_size=8),
)
def test_events_are_the_same_wherever_the_bytes_are_cut(
    events: list[str], blank: str, cuts: list[int]
) -> None:
    data = "".join(e.replace("\n", blank[: len(blank) // 2]) + blank for e in events).encode()
    edges = sorted({0, *(min(c, len(data)) for c in cuts), len(data)})
    reader = Events()
    got = [e for a, b in pairwise(edges) for e in reader.feed(data[a:b])]
    assert b"".join(got) == data
    assert len(got) == len(events)


def test_an_event_whose_blank_line_is_missing_at_the_end_is_told_when_asked_for() -> None:
    reader = Events()
    assert reader.feed(b"data: 1\n\ndata: 2\n") == [b"data: 1\n\n"]
    assert reader.end() == [b"data: 2\n\n"]
    assert reader.end() == []
