"""Whether a URL that a caller gave may be asked: its shape here, the addresses behind its name in `wire/lookup.py`.

Pure: nothing is looked up. Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries; WHATWG URL (numeric
hosts) and Fetch (bad ports); the vendors' pages for metadata addresses outside of those ranges.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from msgspec import Struct

from pilothouse.core.errors import InvalidInput

LONGEST = 2048
_DEFAULT_PORTS = {"http": 80, "https": 443}
_BAD_PORTS = frozenset(
    {
        *(1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566),
        *(6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
    }
)
"""Of 1024 and above; below it only 80 and 443 are asked."""
_ODD = re.compile(r"[\x00-\x20\x7f\\]|[^\x00-\x7f]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_\-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_INSIDE_NAMES = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home.arpa")
"""Names that lead inside by definition (RFC 6761, 6762, 8375; ICANN's `internal`) or by custom."""

_NOT_PUBLIC_4 = tuple(
    (IPv4Network(block), what)
    for block, what in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a carrier's customers"),
        ("127.0.0.0/8", "this machine"),
        ("168.63.129.16/32", "a cloud's metadata"),
        ("169.254.0.0/16", "link-local (metadata of clouds)"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for measurements"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    (IPv6Network(block), what)
    for block, what in (
        ("::1/128", "this machine"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
        ("2001::/23", "reserved (tunnels among them)"),
        ("2001:db8::/32", "for documentation"),
        ("3fff::/20", "for documentation"),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


class WebUrl(Struct, frozen=True, kw_only=True):
    """A URL that may be asked, once the addresses behind `host` are looked at."""

    scheme: str
    host: str
    """As it is looked up: lower case, ASCII, without a dot at its end; an IPv6 address without brackets."""
    port: int
    target: str
    """Path and query, as sent. The fragment is dropped."""

    @property
    def origin(self) -> str:
        """Scheme, host and port, the default port left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def read_url(url: str) -> WebUrl:
    """The URL taken apart. Raises `InvalidInput` for one that must not be asked; the message repeats none of it."""
    if len(url) > LONGEST:
        raise InvalidInput(f"the URL is longer than {LONGEST} characters")
    scheme, mark, rest = url.partition("://")
    scheme = scheme.lower()
    if not mark or scheme not in _DEFAULT_PORTS:
        raise InvalidInput("only http:// and https:// URLs are asked")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        raise InvalidInput("a URL must hold no user and no password")
    if _ODD.search(authority.encode("ascii", "ignore").decode()) or _ODD.search(
        rest[len(authority) :]
    ):
        raise InvalidInput("the URL holds a character that must be percent-encoded")
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidInput("the URL's host or port cannot be read") from None
    port = _DEFAULT_PORTS[scheme] if port is None else port
    if port not in (80, 443) and (port < 1024 or port in _BAD_PORTS):
        raise InvalidInput(f"port {port} is not asked: 80, 443, and most of 1024 and above are")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    is_v6 = authority.startswith("[")
    return WebUrl(
        scheme=scheme, host=_v6_host(host) if is_v6 else _host(host), port=port, target=target
    )


def address_of(host: str) -> Address | None:
    """The address that a host of a `WebUrl` spells out; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def name_problem(host: str) -> str | None:
    """Why a name leads inside, before anybody looks it up; None when it need not."""
    if address_of(host) is not None:
        return None
    if "." not in host:
        return "a name without a dot leads inside"
    for name in _INSIDE_NAMES:
        if host == name or host.endswith(f".{name}"):
            return f"names under .{name} lead inside"
    return None


def address_problem(address: Address) -> str | None:
    """Why an address is not public, as in "private"; None when it is.

    An IPv6 address that carries an IPv4 one (mapped, 6to4, NAT64) is what the inner one is.
    """
    if isinstance(address, IPv4Address):
        return next((what for block, what in _NOT_PUBLIC_4 if address in block), None)
    if address.scope_id is not None:
        return "link-local"
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return address_problem(inner)
    for block, what in _NOT_PUBLIC_6:
        if address in block:
            return what
    return None if address in _PUBLIC_6 else "reserved"


def _host(host: str) -> str:
    """A name or a dotted IPv4 address, normalised the way it will be looked up."""
    try:
        host = host.encode("idna").decode("ascii") if not host.isascii() else host
    except UnicodeError:
        raise InvalidInput("the URL's host is no name that can be looked up") from None
    host = host.lower().removesuffix(".")
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidInput("the URL's host is no name that can be looked up")
    if _NUMBER.fullmatch(labels[-1]):
        # `0x7f.1`, `2130706433`, `0177.0.0.1`: what they mean depends on who reads them.
        try:
            return str(IPv4Address(host))
        except ValueError:
            raise InvalidInput("write an IPv4 address as four decimal numbers") from None
    return host


def _v6_host(host: str) -> str:
    if "%" in host:
        raise InvalidInput("an IPv6 address of one link (with a zone) is not asked")
    try:
        return str(IPv6Address(host))
    except ValueError:
        raise InvalidInput("the URL's host is no IPv6 address") from None
