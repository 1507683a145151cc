"""Looks up the host of a URL that a caller gave, and refuses one that leads inside.

Looked up and checked once more when the connection is made (`Pool(resolve=lookup.addresses)`), and connected
to exactly what was checked: a name that means something else by then (DNS rebinding) leads nowhere.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from pilothouse.core.errors import InvalidInput, ProviderError
from pilothouse.core.safe_url import address_of, address_problem, name_problem, read_url

LookUp = Callable[[str, int], Sequence[str]]
"""Host and port to the addresses behind it; blocks. Raises `OSError`."""
_REFUSED = "the URL leads inside, which is not allowed here"


class Lookup:
    """The rule of one configuration.

    `inside`: hosts (exact names) and networks (`10.1.0.0/16`) of the operator's own that may be asked all the
    same. Raises `InvalidInput` for a network that cannot be read.
    """

    def __init__(self, inside: Sequence[str] = (), *, look_up: LookUp | None = None) -> None:
        self._look_up = look_up or looked_up
        self._names: set[str] = set()
        self._networks: list[IPv4Network | IPv6Network] = []
        for one in inside:
            if "/" in one or address_of(one) is not None:
                self._networks.append(_network(one))
            else:
                self._names.add(one.lower().removesuffix("."))

    def check_url(self, url: str) -> str | None:
        """Why the URL must not be asked, or None. Looks its name up: it may block for seconds."""
        try:
            found = read_url(url)
            self._checked(found.host, found.port)
        except InvalidInput as error:
            return str(error)
        except OSError:
            return "the URL's host is not known"
        return None

    def shape_problem(self, url: str) -> str | None:
        """As `check_url` as far as the URL says it by itself: nothing is looked up, so it does not block."""
        try:
            host = read_url(url).host.lower().removesuffix(".")
            if host in self._names:
                return None
            literal = address_of(host)
            if literal is not None:
                self._check(str(literal))
            problem = name_problem(host)
        except InvalidInput as error:
            return str(error)
        return None if problem is None else f"{_REFUSED}: {problem}"

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Those behind a host, all of them checked, for `Pool(resolve=...)`. Raises `ProviderError`."""
        try:
            return await asyncio.to_thread(self._checked, host, port)
        except InvalidInput as error:
            raise ProviderError("caller", str(error)) from None
        except OSError:
            raise ProviderError("provider_down", f"the name {host} is not known") from None

    def _checked(self, host: str, port: int) -> Sequence[str]:
        host = host.lower().removesuffix(".")
        is_ours = host in self._names
        problem = None if is_ours else name_problem(host)
        if problem is not None:
            raise InvalidInput(f"{_REFUSED}: {problem}")
        literal = address_of(host)
        found = [str(literal)] if literal is not None else self._look_up(host, port)
        if not found:
            raise OSError("no address")
        for address in found if not is_ours else ():
            self._check(address)
        return tuple(found)

    def _check(self, text: str) -> None:
        """Raises `InvalidInput`; names the kind of address, and not the address: it is a fact about the inside."""
        address = ip_address(text)
        if any(address in network for network in self._networks):
            return
        problem = address_problem(address)
        if problem is not None:
            raise InvalidInput(f"{_REFUSED}: its address is {problem}")


def looked_up(host: str, port: int) -> Sequence[str]:
    """The system's answer, each address once, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def check_url(url: str) -> str | None:
    """Why the URL must not be asked, or None: everything inside is refused. It may block for seconds."""
    return Lookup().check_url(url)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise InvalidInput(f'"{text}" is no network, like 10.1.0.0/16 or fd00:1::/64') from None
