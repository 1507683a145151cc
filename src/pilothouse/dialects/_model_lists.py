"""The list of models in the three shapes that vendors' SDKs read.

A wrong shape is not an error for every SDK: Google's reads it as an empty list.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import msgspec

_encode = msgspec.json.Encoder().encode

Shape = Literal["openai", "anthropic", "gemini"]


class ListedModel(NamedTuple):
    """One line of the list. `vendor` is who owns or serves it."""

    id: str
    created_s: int
    vendor: str


def write_models(models: Sequence[ListedModel], shape: Shape) -> bytes:
    """The whole list as one page."""
    match shape:
        case "openai":
            found = {"object": "list", "data": [openai_model(m) for m in models]}
        case "anthropic":
            found = _anthropic_page(models)
        case "gemini":
            found = {"models": [gemini_model(m) for m in models]}
    return _encode(found)


def write_model(model: ListedModel, shape: Shape) -> bytes:
    """One of them alone."""
    match shape:
        case "openai":
            found = openai_model(model)
        case "anthropic":
            found = anthropic_model(model)
        case "gemini":
            found = gemini_model(model)
    return _encode(found)


def openai_model(model: ListedModel) -> dict[str, Any]:
    """As `GET /v1/models/{id}` answers too."""
    return {
        "id": model.id,
        "object": "model",
        "created": model.created_s,
        "owned_by": model.vendor,
    }


def anthropic_model(model: ListedModel) -> dict[str, Any]:
    """As `GET /v1/models/{id}` answers too."""
    created = datetime.fromtimestamp(model.created_s, UTC)
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.id,
        "created_at": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def gemini_model(model: ListedModel) -> dict[str, Any]:
    """As `GET /v1beta/models/{id}` answers too."""
    return {
        "name": f"models/{model.id}",
        "displayName": model.id,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }


def _anthropic_page(models: Sequence[ListedModel]) -> dict[str, Any]:
    return {
        "data": [anthropic_model(m) for m in models],
        "has_more": False,
        "first_id": models[0].id if models else None,
        "last_id": models[-1].id if models else None,
    }
