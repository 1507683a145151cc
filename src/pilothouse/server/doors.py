"""Which dialect is spoken at which address, and what is asked there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import unquote

from msgspec import Struct

from pilothouse import registry
from pilothouse.core.dialect import Dialect

Asks = Literal["answer", "count", "embed", "models", "model", "capabilities", "health"]


class Door(Struct, frozen=True):
    """What stands at one address. `model` and `stream` where the address itself says them."""

    asks: Asks
    method: str
    dialect: Dialect
    model: str | None = None
    stream: bool = False
    embeds: str | None = None
    """The embedding dialect spoken there."""


_GEMINI_VERBS: dict[str, tuple[Asks, bool]] = {
    "generateContent": ("answer", False),
    "streamGenerateContent": ("answer", True),
    "countTokens": ("count", False),
    "embedContent": ("embed", False),
    "batchEmbedContents": ("embed", False),
}
_VERSIONS = ("/v1/", "/v1beta/", "/v1alpha/")


class Doors:
    """All addresses. Those with a model in them are few and looked at last."""

    def __init__(self) -> None:
        self._chat = dialect("openai_chat")
        self._anthropic = dialect("anthropic_messages")
        self._gemini = dialect("gemini")
        chat = self._chat
        self._fixed = {
            "/v1/chat/completions": Door("answer", "POST", chat),
            "/v1/responses": Door("answer", "POST", dialect("openai_responses")),
            "/v1/messages": Door("answer", "POST", self._anthropic),
            "/v1/messages/count_tokens": Door("count", "POST", self._anthropic),
            "/v1/embeddings": Door("embed", "POST", chat, embeds="openai_embeddings"),
            "/v1/models": Door("models", "GET", chat),
            "/v1beta/models": Door("models", "GET", self._gemini),
            "/v1/capabilities": Door("capabilities", "GET", chat),
            "/healthz": Door("health", "GET", chat),
        }

    def at(self, path: str, headers: Mapping[str, str]) -> Door | None:
        """The door at `path`; None where there is none."""
        door = self._fixed.get(path)
        if door is None:
            door = self._with_model(path, headers)
        elif door.asks == "models":
            return Door("models", "GET", self.spoken(path, headers))
        return door

    def spoken(self, path: str, headers: Mapping[str, str]) -> Dialect:
        """Whose SDK asks: for errors where there is no door, and for lists of models."""
        if "anthropic-version" in headers or path.startswith("/v1/messages"):
            return self._anthropic
        is_google = "x-goog-api-key" in headers or "x-goog-api-client" in headers
        if is_google or path.startswith("/v1beta/") or _verb(path):
            return self._gemini
        return self._chat

    def _with_model(self, path: str, headers: Mapping[str, str]) -> Door | None:
        for version in _VERSIONS:
            rest = path.removeprefix(version + "models/")
            if rest == path:
                continue
            verb = _verb(rest)
            if verb:
                asks, stream = _GEMINI_VERBS[verb]
                model = unquote(rest[: -len(verb) - 1]).removeprefix("models/")
                embeds = "gemini_embeddings" if asks == "embed" else None
                return Door(asks, "POST", self._gemini, model, stream, embeds)
            return Door("model", "GET", self.spoken(path, headers), unquote(rest))
        return None


def dialect(name: str) -> Dialect:
    """By name, imported when asked for."""
    return registry.plugin("dialects", name)


def _verb(path: str) -> str | None:
    verb = path.rpartition(":")[2]
    return verb if verb in _GEMINI_VERBS and ":" in path else None
