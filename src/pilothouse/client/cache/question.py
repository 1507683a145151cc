"""What a question is, apart from who asks it, where and how its answer is delivered: a digest.

Two steps. The bytes of a body's fields give a digest in microseconds. The first time that one is met the body is
read as a whole, for a digest of our own nouns that is the same whatever dialect asked; the memo keeps the pair.

Where a reader does not hold everything that a body says (a field within a field that no noun has), the
dialect's own bytes stay the question: two questions must never be taken for one because of what was not read.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from pilothouse.core.ask import Ask
from pilothouse.core.errors import BadRequest
from pilothouse.core.request import Request

NOT_THE_QUESTION = frozenset(
    {
        "model",  # the route's, which is in the key
        "stream",
        "stream_options",
        "user",
        "metadata",
        "requestMetadata",
        "labels",
        "safety_identifier",
        "prompt_cache_key",
        "prompt_cache_retention",
    }
)
"""Top-level fields that change how an answer is delivered, counted or billed, never what it says."""
HAS_MEMORY = ("conversation", "background", "prompt")
"""Fields that let the vendor answer by what may change on its side, or later: equal bodies are different
questions. (`previous_response_id` and `cachedContent` name what does not change.)"""

_raw_object = msgspec.json.Decoder(dict[str, Raw])
_encode = msgspec.json.Encoder().encode
_MEMO = 20_000
_IS_COLD = re.compile(rb'"temperature"\s*:\s*-?0(?:\.0*)?[\s,}]')


class _PlainTurn(Struct, forbid_unknown_fields=True):
    role: str
    content: str


_plain_turns = msgspec.json.Decoder(list[_PlainTurn])


class Question(Struct, frozen=True):
    """A body's meaning to the cache."""

    digest: bytes
    is_deterministic: bool
    """Temperature 0."""
    is_whole: bool = True
    """Whether our nouns hold everything it says."""
    unfit: str | None = None
    """Why its answer is not to be given again, whatever the settings; None = it may be."""


def may_be_deterministic(ask: Ask) -> bool:
    """False when the bytes alone say that the temperature is not 0: then nothing more need be read."""
    return ask.dialect is None or bool(_IS_COLD.search(ask.written(ask.dialect).body))


class Questions:
    """Remembers the last few thousand bodies' digests, 250 bytes each."""

    def __init__(self, most: int = _MEMO) -> None:
        self._most = most
        self._known: OrderedDict[bytes, Question] = OrderedDict()

    def of(self, ask: Ask) -> Question:
        """The question that `ask` puts. Raises `BadRequest` when it cannot be read."""
        if ask.dialect is None:
            return _of_request(ask.request, b"")
        fields = _fields(ask)
        own = _digest(ask.dialect.name, fields)
        found = self._known.get(own)
        if found is not None:
            self._known.move_to_end(own)
            return found
        found = _read(ask, fields, own)
        self._known[own] = found
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return found


def _fields(ask: Ask) -> dict[str, Raw]:
    assert ask.dialect is not None
    body = ask.written(ask.dialect).body
    try:
        fields = _raw_object.decode(body)
    except msgspec.DecodeError as error:
        raise BadRequest(f"not a JSON object: {error}") from None
    for name in NOT_THE_QUESTION & fields.keys():
        del fields[name]
    return fields


def _digest(dialect: str, fields: dict[str, Raw]) -> bytes:
    """Top-level order means nothing; below it stands as it was written, for models read it in that order."""
    hashed = blake2b(dialect.encode(), digest_size=32)
    for name in sorted(fields):
        value = fields[name]
        hashed.update(b"\0%d:%s%d:" % (len(name), name.encode(), len(value)))
        hashed.update(value)
    return hashed.digest()


def _read(ask: Ask, fields: dict[str, Raw], own: bytes) -> Question:
    request = ask.request
    for name in HAS_MEMORY:
        if name in fields:
            return Question(own, False, False, f"it depends on more than the request: {name}")
    if _is_whole(ask, request, fields):
        return _of_request(request, b"")
    return _of_request(request, own)


def _of_request(request: Request, own: bytes) -> Question:
    """By our nouns, or (`own`) by the dialect's bytes."""
    is_deterministic = request.temperature == 0
    extra = {n: v for n, v in request.extra.items() if n not in NOT_THE_QUESTION}
    unfit = "it has the vendor's own tools look things up" if "tools" in extra else None
    if own:
        return Question(own, is_deterministic, False, unfit)
    bare = replace(
        request,
        model="",
        stream=False,
        subject=None,
        extra=dict(sorted(extra.items())),
        dialect=request.dialect if extra else None,
    )
    digest = blake2b(_encode(bare), digest_size=32, person=b"nouns").digest()
    return Question(digest, is_deterministic, True, unfit)


def _is_whole(ask: Ask, request: Request, fields: dict[str, Raw]) -> bool:
    """Whether our nouns hold every value of the body: written anew in its dialect, none is missing."""
    if _is_plain(fields):
        return True
    assert ask.dialect is not None
    try:
        anew = ask.dialect.write_request(replace(request, stream=False, subject=None)).body
    except BadRequest:
        return False
    return not _leaves(fields) - _leaves(_raw_object.decode(anew))


def _is_plain(fields: dict[str, Raw]) -> bool:
    """Turns of plain text and settings that are one value each: no reader loses any of that, for a value
    at the top without a noun stays in `extra`. Spares most requests the writing anew."""
    for name, value in fields.items():
        if name == "messages":
            try:
                _plain_turns.decode(value)
            except msgspec.MsgspecError:
                return False
        elif name == "tool_choice" or memoryview(value)[0] in b"{[":
            return False
    return True


def _leaves(fields: dict[str, Raw]) -> Counter[object]:
    """Every scalar of these fields, with how often it is there; flags and numbers below the top by name."""
    found: Counter[object] = Counter()
    waiting: list[tuple[str, Any]] = [("", msgspec.json.decode(raw)) for raw in fields.values()]
    while waiting:
        name, value = waiting.pop()
        match value:
            case dict():
                waiting += value.items()  # pyright: ignore[reportUnknownMemberType]
            case list():
                waiting += [(name, inner) for inner in value]  # pyright: ignore[reportUnknownVariableType]
            case None:
                pass
            case str():
                found[value] += 1
            case _:
                found[name, float(value), type(value) is bool] += 1
    return found
