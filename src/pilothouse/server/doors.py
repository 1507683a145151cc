"""Which dialect is spoken at which address, and what is asked there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from pilothouse import registry
from pilothouse.core.dialect import Dialect

Asks = Literal["answer", "models", "health"]


class Door(Struct, frozen=True):
    """What stands at one address. `model` and `stream` where the address itself says them."""

    asks: Asks
    method: str
    dialect: Dialect
    model: str | None = None
    stream: bool = False


def fixed_doors() -> dict[str, Door]:
    """The addresses that are always the same."""
    chat = dialect("openai_chat")
    return {
        "/v1/chat/completions": Door("answer", "POST", chat),
        "/v1/models": Door("models", "GET", chat),
        "/healthz": Door("health", "GET", chat),
    }


def dialect(name: str) -> Dialect:
    """By name, imported when asked for."""
    return registry.plugin("dialects", name)


def spoken(path: str, headers: Mapping[str, str]) -> Dialect:
    """The dialect for an error where there is no door."""
    return dialect("openai_chat")
