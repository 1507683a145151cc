"""The semantic cache of one route: the last user turn by its meaning, everything else exactly."""

from __future__ import annotations

from hashlib import blake2b

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pilothouse.client.cache.semantic.details import Details, details
from pilothouse.client.cache.semantic.embedder import Embedder, Vector
from pilothouse.client.cache.semantic.index import NearIndex
from pilothouse.core.request import Message, Request, TextPart
from pilothouse.core.route_settings import SemanticSettings

_encode = msgspec.json.Encoder().encode


class Spot(Struct, frozen=True):
    """Where a question lies among others."""

    group: bytes
    vector: Vector
    marks: Details


class Near(Struct, frozen=True):
    """A question that was answered, and how much it is like this one (0-1)."""

    key: bytes
    similarity: float


class Nearby:
    """`index` may be shared by routes: `place` keeps them, and tenants, apart."""

    def __init__(self, settings: SemanticSettings, embedder: Embedder, index: NearIndex) -> None:
        self._settings = settings
        self._embedder = embedder
        self._index = index

    async def spot(self, place: bytes, request: Request) -> Spot | None:
        """None when the last turn is not a user's plain text, or cannot be embedded."""
        text = last_turn(request)
        if text is None:
            return None
        vector = await self._embedder.embed(text)
        return None if vector is None else Spot(group_of(place, request), vector, details(text))

    def nearest(self, spot: Spot) -> Near | None:
        """The nearest that is near enough."""
        marks = spot.marks if self._settings.guards else None
        found = self._index.nearest(spot.group, spot.vector, marks, self._settings.threshold)
        return None if found is None else Near(*found)

    def remember(self, spot: Spot, key: bytes) -> None:
        """Its answer is kept under `key`."""
        self._index.add(spot.group, key, spot.vector, spot.marks)

    def forget(self, key: bytes) -> None:
        """The answer is gone."""
        self._index.drop(key)


def last_turn(request: Request) -> str | None:
    """The text of the last message, if it is a user's and nothing but text."""
    last = request.messages[-1] if request.messages else None
    if last is None or last.role != "user" or not last.parts:
        return None
    if any(not isinstance(part, TextPart) or part.extra is not None for part in last.parts):
        return None
    return last.text


def group_of(place: bytes, request: Request) -> bytes:
    """A digest of all but the last turn's text."""
    last = Message(role="user", parts=(), name=request.messages[-1].name)
    bare = replace(
        request, model="", stream=False, subject=None, messages=(*request.messages[:-1], last)
    )
    return blake2b(place + _encode(bare), digest_size=32).digest()
