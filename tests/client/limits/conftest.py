"""A real Redis: the one at PILOTHOUSE_TEST_REDIS or on the usual port, else one that is started here."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import pytest

from redis_of_our_own import RedisServer as Server

from .make import Body, Clock, a_local, a_prefix, a_replica, swept


def _loudly_skipped(why: str) -> None:
    print(f"\n*** LIMITS IN REDIS ARE NOT TESTED: {why} ***", file=sys.stderr)
    pytest.skip(why)


@pytest.fixture
def redis_server() -> Iterator[Server]:
    if find_spec("redis") is None:
        _loudly_skipped("redis-py is not installed (pip install 'pilothouse[redis]')")
    if shutil.which("redis-server") is None:
        _loudly_skipped("there is no redis-server here to stop and start")
    server = Server()
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    if find_spec("redis") is None:
        _loudly_skipped("redis-py is not installed (pip install 'pilothouse[redis]')")
    given = os.environ.get("PILOTHOUSE_TEST_REDIS")
    if given:
        yield given
        return
    try:
        socket.create_connection(("127.0.0.1", 6379), timeout=1).close()
    except OSError:
        pass
    else:
        yield "redis://127.0.0.1:6379/0"
        return
    if shutil.which("redis-server") is None:
        _loudly_skipped("no Redis on port 6379 and no redis-server to start")
    server = Server()
    server.start()
    yield server.url
    server.close()


@pytest.fixture
def prefix(redis_url: str) -> Iterator[str]:
    made = a_prefix()
    yield made
    asyncio.run(swept(redis_url, made))


@pytest.fixture(params=["in this process", "in redis"])
def counted(request: pytest.FixtureRequest) -> Callable[[Body], None]:
    """Runs a test of the port with either implementation."""

    def run(body: Body) -> None:
        async def here() -> None:
            clock = Clock()
            limiter = a_local(clock)
            await body(limiter, clock)
            await limiter.close()

        async def in_redis(url: str, prefix: str) -> None:
            clock = Clock()
            async with a_replica(url, clock, prefix) as limiter:
                await body(limiter, clock)

        if request.param == "in this process":
            asyncio.run(here())
        else:
            url, prefix = request.getfixturevalue("redis_url"), request.getfixturevalue("prefix")
            asyncio.run(in_redis(url, prefix))

    return run
