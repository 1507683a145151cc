"""One thing that the admin API can do, as data: the door dispatches by it, the OpenAPI document shows it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct


class Asked(Struct, frozen=True):
    """What came with a request, checked for shape."""

    at: Mapping[str, str]
    """The names in the path."""
    query: Any
    """An object of the operation's `query` type, or None."""
    body: Any
    """An object of the operation's `body` type, or None."""


class Page(Struct, frozen=True):
    """An answer that is no JSON."""

    body: bytes
    content_type: str


class Operation(Struct, frozen=True):
    """`answer` gives what is sent: a value for JSON, or a `Page`. It may raise `PilothouseError`."""

    method: str
    path: str
    """With names in braces: `/admin/keys/{key}`."""
    summary: str
    answer: Callable[[Asked], Awaitable[object]]
    returns: Any
    """The type of what is sent, for the document."""
    query: type[Any] | None = None
    body: type[Any] | None = None
    status: int = 200
    is_open: bool = False
    """Whether it asks for no key."""


def pattern_of(operation: Operation) -> re.Pattern[str]:
    """Matches the paths of an operation, with its names as groups."""
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", operation.path))
