"""What a request's head must be beyond what llhttp's strict mode asks, and names in their one form.

Sources: RFC 9110 (section 5.3: repeated fields; 7.2: host; 10.1.1: expect), RFC 9112 (3.2: host and targets;
6.1: transfer codings).
"""

from __future__ import annotations

from collections.abc import Mapping

KNOWN_NAMES: dict[bytes, str] = {}
"""As sent to lower case: few clients, so few spellings."""
_MOST_KNOWN = 512
_SINGLE = frozenset(
    {"host", "content-length", "transfer-encoding", "content-type", "expect"}
    | {"authorization", "x-api-key", "x-goog-api-key", "api-key"}
)
"""Two of these would mean one thing to us and another to a proxy before us."""


class RefusedHead(Exception):
    """The request is not read any further."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def lowered(name: bytes) -> str:
    """A field's name, remembered."""
    found = name.decode("latin-1").lower()
    if len(KNOWN_NAMES) < _MOST_KNOWN:
        KNOWN_NAMES[name] = found
    return found


def joined(name: str, first: str, again: str) -> str:
    """A repeated field is a list. Raises `RefusedHead` for those that can be no list."""
    if name in _SINGLE:
        raise RefusedHead(400, f"the header {name} comes twice")
    return f"{first}, {again}"


def refuse_head(method: str, version: str, headers: Mapping[str, str]) -> None:
    """Raises `RefusedHead` for what nobody may answer."""
    if version != "1.1":
        if version != "1.0":
            raise RefusedHead(505, "this server speaks HTTP/1.1")
        if "transfer-encoding" in headers:
            raise RefusedHead(400, "HTTP/1.0 knows no transfer-encoding")
    elif "host" not in headers:
        raise RefusedHead(400, "a request needs a host header")
    if method == "CONNECT":
        raise RefusedHead(501, "this server is no proxy")
    coding = headers.get("transfer-encoding")
    if coding is not None and coding.lower() != "chunked":
        raise RefusedHead(501, "of transfer codings, only chunked is read")
    expected = headers.get("expect")
    if expected is not None and expected.lower() != "100-continue":
        raise RefusedHead(417, "only 100-continue may be expected")


def path_of(target: bytes) -> str:
    """The path of a target in absolute form; any other is itself, and nothing is there."""
    scheme, has_authority, rest = target.partition(b"://")
    if has_authority and scheme.lower() in (b"http", b"https"):
        return "/" + rest.partition(b"/")[2].decode("latin-1")
    return target.decode("latin-1")
