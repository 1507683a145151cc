"""The way out through an HTTP proxy: a tunnel to the origin, made by CONNECT (RFC 9110, section 9.3.6).

Which proxy is what the environment says, as curl and Go read it: `https_proxy`, `http_proxy`, `all_proxy`, and
`no_proxy` for hosts that are asked directly; capitals count too. This machine itself never is behind one.
"""

from __future__ import annotations

import asyncio
import socket
from base64 import b64encode
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from pilothouse.core.errors import InvalidInput, ProviderError
from pilothouse.core.secret import Secret

_MOST_HEAD = 64 * 1024


class Proxy(Struct, frozen=True):
    """`login`: the value of `proxy-authorization`."""

    host: str
    port: int
    login: Secret | None = None

    @property
    def where(self) -> str:
        """Without the login."""
        return f"{self.host}:{self.port}"


def proxy_for(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy for an origin; None = straight. Raises `InvalidInput`, without repeating what may hold a password."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_this_machine(host) or _is_excepted(host, parts.port, _said(environ, "no_proxy")):
        return None
    name = f"{parts.scheme}_proxy"
    given = _said(environ, name) or _said(environ, "all_proxy")
    if not given:
        return None
    found = urlsplit(given if "://" in given else f"http://{given}")
    if found.scheme != "http" or not found.hostname:
        raise InvalidInput(
            f"the environment variable {name} is not the address of an HTTP proxy, like http://proxy.example:3128"
        )
    login = None
    if found.username is not None:
        told = f"{unquote(found.username)}:{unquote(found.password or '')}"
        login = Secret("Basic " + b64encode(told.encode()).decode())
    return Proxy(found.hostname, found.port or 80, login)


async def tunnel(proxy: Proxy, host: str, port: int) -> socket.socket:
    """A connected socket whose other end is `host`. Raises `OSError`, `ProviderError`."""
    loop = asyncio.get_running_loop()
    sock = await _connected(loop, proxy)
    try:
        origin = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        login = f"proxy-authorization: {proxy.login.reveal()}\r\n" if proxy.login else ""
        head = f"CONNECT {origin} HTTP/1.1\r\nhost: {origin}\r\n{login}\r\n"
        await loop.sock_sendall(sock, head.encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            data = await loop.sock_recv(sock, 4096)
            if not data or len(answer) > _MOST_HEAD:
                raise ProviderError("provider_down", f"the proxy {proxy.where} made no tunnel")
            answer += data
        status = answer.split(b" ", 2)[1:2]
        if not status or not status[0].startswith(b"2"):
            raise ProviderError("provider_down", _refusal(proxy, status))
    except BaseException:
        sock.close()
        raise
    return sock


async def _connected(loop: asyncio.AbstractEventLoop, proxy: Proxy) -> socket.socket:
    found = await loop.getaddrinfo(proxy.host, proxy.port, type=socket.SOCK_STREAM)
    failed: OSError | None = None
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            await loop.sock_connect(sock, address)
        except OSError as error:
            sock.close()
            failed = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failed or OSError("no address")


def _refusal(proxy: Proxy, status: list[bytes]) -> str:
    said = status[0][:3].decode("latin-1") if status else "nothing that is HTTP"
    what = " (it wants another user or password)" if said == "407" else ""
    return f"the proxy {proxy.where} makes no tunnel: {said}{what}"


def _said(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_excepted(host: str, port: int | None, no_proxy: str) -> bool:
    for one in no_proxy.replace(",", " ").split():
        name, _, its_port = one.lower().partition(":")
        name = name.removeprefix("*").removeprefix(".")
        if one == "*":
            return True
        is_it = bool(name) and (host == name or host.endswith(f".{name}"))
        if is_it and its_port in ("", str(port)):
            return True
    return False
