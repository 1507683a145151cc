"""Where answers lie: both kinds behind one port; bounds here, a real Redis there."""

from __future__ import annotations

import asyncio
import shutil
import sys
import uuid
from collections.abc import Awaitable, Callable
from decimal import Decimal
from importlib.util import find_spec
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from pilothouse.client.cache.backend import Backend
from pilothouse.client.cache.entry import Entry, entry_of
from pilothouse.client.cache.memory import MemoryBackend
from pilothouse.client.cache.redis_backend import CacheRedis, RedisBackend
from pilothouse.client.limits.redis_wire import connect
from pilothouse.core.answer import Answer, Candidate
from pilothouse.core.ports import Reply
from pilothouse.core.request import TextPart

from .make import START_US, Clock

REDIS = "redis://127.0.0.1:6379/0"


def an_entry(text: str = "x", *, logprobs: bytes | None = None) -> Entry:
    candidate = Candidate(
        parts=(TextPart(text),),
        finish_reason="stop",
        logprobs=Raw(logprobs) if logprobs else None,
    )
    return entry_of(
        Reply(b'{"body":1}', Answer(candidates=(candidate,)), "openai_chat", ("seed",)),
        target="t",
        provider="p",
        model="m",
        at_us=START_US,
        cost_usd=Decimal("0.000012345"),
    )


def key(n: int) -> bytes:
    return n.to_bytes(32)


def _there() -> bool:
    import socket

    try:
        socket.create_connection(("127.0.0.1", 6379), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def redis_url() -> Any:
    if find_spec("redis") is None:
        _loudly_skipped("redis-py is not installed (pip install 'pilothouse[redis]')")
    if _there():
        yield REDIS
        return
    if shutil.which("redis-server") is None:
        _loudly_skipped("no Redis on port 6379 and no redis-server to start")
    from limits.conftest import Server

    server = Server()
    server.start()
    yield server.url
    server.close()


def _loudly_skipped(why: str) -> None:
    print(f"\n*** THE CACHE IN REDIS IS NOT TESTED: {why} ***", file=sys.stderr)
    pytest.skip(why)


@pytest.fixture(params=["in this process", "in redis"])
def backed(request: pytest.FixtureRequest) -> Callable[[Callable[[Backend], Awaitable[None]]], None]:  # fmt: skip
    """Runs a test of the port with either implementation."""

    def run(body: Callable[[Backend], Awaitable[None]]) -> None:
        async def here() -> None:
            await body(MemoryBackend(1_000_000, Clock().now_s))

        async def there(url: str) -> None:
            client: Any = connect(url, timeout_s=5)
            prefix = f"test-cache-{uuid.uuid4()}:"
            backend = RedisBackend(cast(CacheRedis, client), prefix, Clock().now_s)
            try:
                await body(backend)
                assert backend.failures == 0
            finally:
                async for name in client.scan_iter(f"{prefix}*"):
                    await client.delete(name)
                await backend.close()

        if request.param == "in this process":
            asyncio.run(here())
        else:
            asyncio.run(there(request.getfixturevalue("redis_url")))

    return run


def test_what_is_kept_comes_back_as_it_was(backed: Any) -> None:
    async def body(backend: Backend) -> None:
        for n, entry in enumerate([an_entry(), an_entry("ü" * 9, logprobs=b'{"content":[]}')]):
            assert await backend.get(key(n)) is None
            await backend.put(key(n), entry, 60)
            assert await backend.get(key(n)) == entry
        found = await backend.get(key(1))
        assert found is not None
        assert found.answer.candidates[0].logprobs == Raw(b'{"content":[]}')
        assert found.answer.text == "ü" * 9

    backed(body)


def test_the_newer_answer_takes_the_older_ones_place(backed: Any) -> None:
    async def body(backend: Backend) -> None:
        await backend.put(key(1), an_entry("old"), 60)
        await backend.put(key(1), an_entry("new"), 60)
        found = await backend.get(key(1))
        assert found is not None and found.answer.text == "new"

    backed(body)


def test_in_redis_its_time_ends_by_redis_own_clock(redis_url: str) -> None:
    async def body() -> None:
        client: Any = connect(redis_url, timeout_s=5)
        prefix = f"test-cache-{uuid.uuid4()}:"
        backend = RedisBackend(client, prefix, Clock().now_s)
        await backend.put(key(1), an_entry(), 12.5)
        names = [name async for name in client.scan_iter(f"{prefix}*")]
        assert 11_000 < await client.pttl(names[0]) <= 12_500
        await client.set(names[0], b"of another version", px=1000)
        assert await backend.get(key(1)) is None
        await client.delete(*names)
        await backend.close()

    asyncio.run(body())


def test_a_redis_that_is_gone_is_a_miss_and_is_left_alone_for_a_second() -> None:
    class Gone:
        asked = 0

        async def get(self, name: bytes) -> Any:
            self.asked += 1
            raise ConnectionError("redis://user:secret@host refused")

        async def set(self, name: bytes, value: bytes, *, px: int) -> Any:
            self.asked += 1
            raise ConnectionError

        async def aclose(self) -> None:
            pass

    async def body() -> None:
        clock, gone = Clock(), Gone()
        backend = RedisBackend(gone, "p:", clock.now_s)
        assert await backend.get(key(1)) is None
        await backend.put(key(1), an_entry(), 9)
        assert await backend.get(key(1)) is None
        assert gone.asked == 1
        clock.forward(1.1)
        await backend.put(key(1), an_entry(), 9)
        assert (gone.asked, backend.failures) == (2, 2)

    asyncio.run(body())


@pytest.mark.slow
def test_a_redis_that_stops_and_comes_back_is_used_again() -> None:
    if find_spec("redis") is None or shutil.which("redis-server") is None:
        _loudly_skipped("there is no redis-server here to stop and start")
    from limits.conftest import Server

    async def body() -> None:
        server, clock = Server(), Clock()
        server.start()
        backend = RedisBackend(cast(Any, connect(server.url, timeout_s=5)), "p:", clock.now_s)
        await backend.put(key(1), an_entry(), 60)
        assert await backend.get(key(1)) is not None
        server.stop()
        assert await backend.get(key(1)) is None
        server.start()
        clock.forward(2)
        await backend.put(key(1), an_entry(), 60)
        assert await backend.get(key(1)) is not None
        await backend.close()
        server.close()

    asyncio.run(body())


def test_the_one_that_was_not_asked_for_the_longest_goes_first() -> None:
    async def body() -> None:
        size = an_entry().size
        backend = MemoryBackend(3 * size, Clock().now_s)
        for n in range(3):
            await backend.put(key(n), an_entry(), 60)
        await backend.get(key(0))
        await backend.put(key(3), an_entry(), 60)
        assert [await backend.get(key(n)) is not None for n in range(4)] == [
            True,
            False,
            True,
            True,
        ]
        assert backend.evicted == 1

    asyncio.run(body())


def test_one_that_alone_is_too_large_is_not_kept_and_drives_nobody_out() -> None:
    async def body() -> None:
        backend = MemoryBackend(5_000, Clock().now_s)
        await backend.put(key(1), an_entry(), 60)
        await backend.put(key(2), an_entry("x" * 6_000), 60)
        assert await backend.get(key(1)) is not None
        assert await backend.get(key(2)) is None
        assert backend.bytes == an_entry().size

    asyncio.run(body())


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(1, 900), st.integers(1, 5), st.booleans()),
        max_size=40,
    )
)
def test_the_bound_holds_and_the_sum_is_right_whatever_happens(
    steps: list[tuple[int, int, int, bool]],
) -> None:
    async def body() -> None:
        clock = Clock()
        backend = MemoryBackend(4_000, clock.now_s)
        for number, length, ttl_s, is_read in steps:
            if is_read:
                await backend.get(key(number))
            else:
                await backend.put(key(number), an_entry("x" * length), ttl_s)
            clock.forward(1)
            held = [entry.size for entry, _ in backend._kept.values()]  # pyright: ignore[reportPrivateUsage]
            assert backend.bytes == sum(held) <= 4_000

    asyncio.run(body())
