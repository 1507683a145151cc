"""Models and what they can do, in the shape of whoever asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openai
import pytest
from fake_vendors import SECRET, Doors, run

from pilothouse.providers._capabilities import ABILITIES
from pilothouse.providers._rows import row_names

pytestmark = pytest.mark.filterwarnings("ignore")  # the SDKs' own


def test_one_model_in_the_three_shapes(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        anthropic: Any = pytest.importorskip("anthropic")
        genai: Any = pytest.importorskip("google.genai")
        async with openai.AsyncOpenAI(base_url=f"{d.url}/v1", api_key=SECRET) as client:
            found = await client.models.retrieve("chat")
            assert (found.id, found.object) == ("chat", "model")
            with pytest.raises(openai.NotFoundError, match='Did you mean "chat"'):
                await client.models.retrieve("chatt")
            with pytest.raises(openai.NotFoundError):
                await client.models.retrieve("small")
        async with anthropic.AsyncAnthropic(base_url=d.url, api_key=SECRET) as client:
            assert (await client.models.retrieve("chat")).display_name == "chat"
            with pytest.raises(anthropic.NotFoundError):
                await client.models.retrieve("chatt")
        google = genai.Client(api_key=SECRET, http_options={"base_url": d.url})
        assert (await google.aio.models.get(model="chat")).name == "models/chat"
        with pytest.raises(genai.errors.ClientError) as raised:
            await google.aio.models.get(model="chatt")
        assert raised.value.code == 404

    run(tmp_path, body, models=("chat", "claude"))


def test_the_list_has_what_the_key_may_name_in_the_shape_of_the_address(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        _, _, got = await d.get("/v1/models", authorization=f"Bearer {SECRET}")
        assert [one["id"] for one in got["data"]] == ["chat", "claude"]
        _, _, got = await d.get(f"/v1beta/models?key={SECRET}")
        assert [one["name"] for one in got["models"]] == ["models/chat", "models/claude"]

    run(tmp_path, body, models=("chat", "claude"))


def test_capabilities_are_those_of_the_configured_providers_and_of_each_route(
    tmp_path: Path,
) -> None:
    async def body(d: Doors) -> None:
        status, _, got = await d.get("/v1/capabilities")
        assert status == 200
        assert got["abilities"] == list(ABILITIES)
        told = {(one["provider"], one["dialect"]) for one in got["providers"]}
        assert ("anthropic", "anthropic_messages") in told
        assert ("own", "gemini") in told
        assert ("own", "openai_chat") not in told, "it is configured to be asked in one format"
        assert not any(provider == "taped" for provider, _ in told), "nobody knows"
        half = got["routes"]["half"]
        assert [one["name"] for one in half["targets"]] == ["claude", "small"]
        assert "embeddings" in half["some_target"]
        assert "embeddings" not in half["every_target"]
        assert "tools" in half["every_target"]
        assert half["targets"][0]["abilities"]["tools"] == {"does": "yes"}
        assert got["routes"]["taped"]["targets"][0]["abilities"] is None

    run(tmp_path, body)


def test_all_known_providers_are_told_when_asked_for(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        _, _, got = await d.get("/v1/capabilities?all=1", x_api_key=SECRET)
        assert {one["provider"] for one in got["providers"]} == set(row_names())
        assert list(got["routes"]) == ["chat"], "other keys' routes are not told"
        status, _, _ = await d.get("/v1/capabilities?all=1")
        assert status == 401

    run(tmp_path, body, models=("chat",))
