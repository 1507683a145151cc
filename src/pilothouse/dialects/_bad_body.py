"""What is wrong with a request's body, in words and with the parameter at fault."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from pilothouse.core.errors import BadRequest

T = TypeVar("T")

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_PATH = re.compile(r" - at `\$\.?(.*)`$")
_MISSING = re.compile(r"missing required field `(\w+)`")


def decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """`body` as the decoder's type. Raises `BadRequest`, with `param` when JSON but not that type."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise bad_request(error) from None
    except NOT_JSON as error:
        raise BadRequest(f"the body is not valid JSON: {error}") from None


def must_be_utf8(body: bytes) -> None:
    """Subtrees passed on unread are not decoded, so they are checked here. Raises `BadRequest`."""
    if body.isascii():
        return
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is not valid JSON: {error}") from None


def bad_request(error: msgspec.ValidationError) -> BadRequest:
    """Message without the path, and the path as `param`."""
    text = str(error)
    path = _PATH.search(text)
    missing = _MISSING.search(text)
    param = missing[1] if missing else path[1] if path else None
    return BadRequest(_PATH.sub("", text), param=param or None)
