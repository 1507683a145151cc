"""What gives a text its vector: a plugin that asks nobody, or a configured target that embeds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from math import sqrt
from typing import Protocol

from pilothouse.core.embedding import EmbeddingAnswer, EmbeddingRequest, floats
from pilothouse.core.errors import ProviderError
from pilothouse.core.route import Target

Vector = Sequence[float]
"""Of length 1."""
Embed = Callable[[Target, EmbeddingRequest], Awaitable[EmbeddingAnswer]]
"""Asks a provider. Raises `ProviderError`."""


class TextEmbedder(Protocol):
    """A plugin (`embedders/`): pure, and quick enough for the event loop."""

    name: str
    version: str

    def embed(self, text: str) -> Vector | None:
        """None for a text that it cannot place."""
        ...


class Embedder(Protocol):
    """Either kind."""

    @property
    def name(self) -> str:
        """Under which it is measured."""
        ...

    async def embed(self, text: str) -> Vector | None:
        """None when there is none: then nothing is near. Never raises but for cancellation."""
        ...


class PluginEmbedder:
    """A plugin."""

    def __init__(self, plugin: TextEmbedder) -> None:
        self._plugin = plugin

    @property
    def name(self) -> str:
        """With its version."""
        return f"{self._plugin.name}/{self._plugin.version}"

    async def embed(self, text: str) -> Vector | None:
        """See `Embedder`."""
        return self._plugin.embed(text)


class TargetEmbedder:
    """A target whose model embeds; each look-up that misses the exact cache costs one question to it."""

    def __init__(self, target: Target, embed: Embed) -> None:
        self._target = target
        self._embed = embed
        self.failures = 0

    @property
    def name(self) -> str:
        """The model's id."""
        return self._target.model

    async def embed(self, text: str) -> Vector | None:
        """See `Embedder`."""
        request = EmbeddingRequest(model=self._target.model, inputs=(text,))
        try:
            answer = await self._embed(self._target, request)
            numbers = floats(answer.vectors[0])
        except (ProviderError, ValueError, IndexError):
            self.failures += 1
            return None
        length = sqrt(sum([x * x for x in numbers]))
        return [x / length for x in numbers] if length else None
