"""The list of models, in the shape of whoever asks."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pilothouse.dialects._model_lists import (
    ListedModel,
    Shape,
    write_model,
    write_models,
)

_MODELS = (ListedModel("fast", 1_700_000_000, "us"), ListedModel("team/smart", 0, "them"))


def _written(shape: Shape, models: tuple[ListedModel, ...] = _MODELS) -> Any:
    return msgspec.json.decode(write_models(models, shape))


def test_openai_s_list() -> None:
    assert _written("openai") == {
        "object": "list",
        "data": [
            {"id": "fast", "object": "model", "created": 1_700_000_000, "owned_by": "us"},
            {"id": "team/smart", "object": "model", "created": 0, "owned_by": "them"},
        ],
    }


def test_anthropic_s_page() -> None:
    page = _written("anthropic")
    assert page["data"][0] == {
        "type": "model",
        "id": "fast",
        "display_name": "fast",
        "created_at": "2023-11-14T22:13:20Z",
    }
    assert (page["has_more"], page["first_id"], page["last_id"]) == (False, "fast", "team/smart")
    empty = {"data": [], "has_more": False, "first_id": None, "last_id": None}
    assert _written("anthropic", ()) == empty


def test_google_s_list() -> None:
    names = [model["name"] for model in _written("gemini")["models"]]
    assert names == ["models/fast", "models/team/smart"]


@pytest.mark.parametrize(
    ("shape", "of_list"), [("openai", "data"), ("anthropic", "data"), ("gemini", "models")]
)
def test_one_model_alone_is_written_as_in_the_list(shape: Shape, of_list: str) -> None:
    alone = msgspec.json.decode(write_model(_MODELS[0], shape))
    assert alone == _written(shape)[of_list][0]
