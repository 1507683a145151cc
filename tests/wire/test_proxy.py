"""Through an HTTP proxy: which one, the tunnel, and what is said when there is none."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from sys import path

import pytest

path.insert(0, str(Path(__file__).parent.parent / "server"))

from self_made import self_made_tls

from pilothouse.core.errors import InvalidInput, ProviderError
from pilothouse.wire.deadlines import Timeouts
from pilothouse.wire.pool import Pool
from pilothouse.wire.proxy import Proxy, proxy_for


@pytest.mark.parametrize(
    ("url", "environ", "where"),
    [
        ("https://api.x.com/v1", {"https_proxy": "http://p:3128"}, "p:3128"),
        ("https://api.x.com/v1", {"HTTPS_PROXY": "p:3128"}, "p:3128"),
        ("https://api.x.com/v1", {"ALL_PROXY": "http://p"}, "p:80"),
        ("https://api.x.com/v1", {"http_proxy": "http://p:3128"}, None),
        ("http://api.x.com/v1", {"http_proxy": "http://p:3128"}, "p:3128"),
        ("https://api.x.com/v1", {"https_proxy": "p:1", "no_proxy": "y.com, .x.com"}, None),
        ("https://api.x.com/v1", {"https_proxy": "p:1", "NO_PROXY": "*.x.com"}, None),
        ("https://api.x.com/v1", {"https_proxy": "p:1", "no_proxy": "*"}, None),
        ("https://api.x.com:8/v1", {"https_proxy": "p:1", "no_proxy": "x.com:8"}, None),
        ("https://api.x.com:9/v1", {"https_proxy": "p:1", "no_proxy": "x.com:8"}, "p:1"),
        ("https://api.xx.com/v1", {"https_proxy": "p:1", "no_proxy": "x.com"}, "p:1"),
        ("http://127.0.0.1:8000/v1", {"http_proxy": "p:1"}, None),
        ("http://localhost:8000/v1", {"all_proxy": "p:1"}, None),
        ("https://api.x.com/v1", {}, None),
    ],
)
def test_the_environment_says_which(url: str, environ: dict[str, str], where: str | None) -> None:
    found = proxy_for(url, environ)
    assert (found.where if found else None) == where


def test_a_proxy_that_cannot_be_meant_is_refused_without_its_password() -> None:
    with pytest.raises(InvalidInput, match="https_proxy is not the address") as caught:
        proxy_for("https://x.com", {"https_proxy": "socks5://u:planted@p:1"})
    assert "planted" not in str(caught.value)


class World:
    """A proxy, and an origin that answers with what it was asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.refuses: bytes | None = None
        self.proxy_port = self.origin_port = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head)
        if self.refuses is not None:
            writer.write(self.refuses)
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.origin_port)
        self.writers.append(back)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(carried(reader, back), carried(there, writer))

    async def origin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await reader.read()
        writer.close()


async def carried(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(4096):
        sink.write(data)
    sink.close()


@asynccontextmanager
async def world(tls: ssl.SSLContext | None = None) -> AsyncGenerator[World]:
    found = World()
    proxy = await asyncio.start_server(found.proxy, "127.0.0.1", 0)
    origin = await asyncio.start_server(found.origin, "127.0.0.1", 0, ssl=tls)
    found.proxy_port = proxy.sockets[0].getsockname()[1]
    found.origin_port = origin.sockets[0].getsockname()[1]
    yield found
    for server in (proxy, origin):
        server.close()
    for writer in found.writers:
        writer.transport.abort()
    await asyncio.sleep(0.05)


def asked(world: World, url: str, login: str = "") -> Pool:
    proxy = proxy_for(url, {"all_proxy": f"http://{login}127.0.0.1:{world.proxy_port}"})
    return Pool(url, Timeouts(connect_s=5), proxy=proxy)


def test_the_origin_answers_through_the_tunnel_and_the_proxy_gets_its_login() -> None:
    async def main() -> None:
        async with world() as w:
            pool = asked(w, "http://origin.example:81/v1", "ann:p%40ss@")
            for _ in range(2):
                response = await pool.send(pool.head("POST", "/x", {}), b"{}")
                assert (response.status, response.body) == (200, b"ok")
                pool.close()
                await asyncio.sleep(0)
            assert all(b"CONNECT origin.example:81 HTTP/1.1\r\n" in head for head in w.asked)
            login = b"proxy-authorization: Basic " + b64encode(b"ann:p@ss")
            assert all(login in head for head in w.asked)

    asyncio.run(main())


def test_tls_is_spoken_with_the_origin_and_not_with_the_proxy() -> None:
    async def main() -> None:
        async with world(self_made_tls()) as w:
            pool = asked(w, "https://origin.example/v1")
            with pytest.raises(ProviderError, match="no trusted connection to origin.example:443"):
                await pool.send(pool.head("POST", "/x", {}), b"{}")
            assert w.asked[0].startswith(b"CONNECT origin.example:443 ")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407 .it wants another user"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "makes no tunnel: 403"),
        (b"", "made no tunnel"),
    ],
)
def test_a_proxy_that_makes_no_tunnel_is_named_without_its_login(
    refusal: bytes, words: str
) -> None:
    async def main() -> None:
        async with world() as w:
            w.refuses = refusal
            pool = asked(w, "http://origin.example/v1", "ann:planted@")
            with pytest.raises(ProviderError, match=words) as caught:
                await pool.send(pool.head("POST", "/x", {}), b"{}")
            assert "planted" not in str(caught.value)

    asyncio.run(main())


def test_a_proxy_that_is_not_there_is_a_provider_that_is_down() -> None:
    async def main() -> None:
        pool = Pool("http://origin.example/v1", Timeouts(connect_s=5), proxy=Proxy("127.0.0.1", 9))
        with pytest.raises(ProviderError) as caught:
            await pool.send(pool.head("POST", "/x", {}), b"{}")
        assert caught.value.kind == "provider_down"

    asyncio.run(main())
