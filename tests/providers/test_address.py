from __future__ import annotations

import pytest

from pilothouse.core.errors import InvalidInput
from pilothouse.providers._address import address, settings_of, settings_wanted
from pilothouse.providers._rows import row


def test_openai_is_base_and_path() -> None:
    found = address(row("openai"), "openai_chat", {})
    assert found.base_url == "https://api.openai.com/v1"
    assert found.path_for("gpt-4o") == found.path_for("gpt-4o", stream=True) == "/chat/completions"


def test_a_model_in_the_path_is_percent_encoded() -> None:
    """The path is signed and sent alike; a raw colon would break both."""
    found = address(row("bedrock"), "bedrock_converse", {"region": "us-east-1"})
    assert found.base_url == "https://bedrock-runtime.us-east-1.amazonaws.com"
    model = "anthropic.claude-3-5-sonnet-20240620-v1:0"
    assert found.path_for(model) == "/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse"
    profile = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/x"
    assert found.path_for(profile, stream=True) == (
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fx/converse-stream"
    )


def test_a_model_cannot_lead_out_of_its_path() -> None:
    found = address(row("google"), "gemini", {})
    assert found.path_for("../x?a=b#c") == "/v1beta/models/..%2Fx%3Fa%3Db%23c:generateContent"


@pytest.mark.parametrize("model", ["", ".", ".."])
def test_dots_alone_are_not_a_model(model: str) -> None:
    found = address(row("bedrock"), "bedrock_converse", {"region": "us-east-1"})
    with pytest.raises(InvalidInput, match="not a model's id"):
        found.path_for(model)


def test_gemini_streams_elsewhere_and_counts() -> None:
    found = address(row("google"), "gemini", {})
    assert found.path_for("g", stream=True) == "/v1beta/models/g:streamGenerateContent?alt=sse"
    assert found.count_path_for("g") == "/v1beta/models/g:countTokens"


def test_one_text_alone_is_embedded_elsewhere_only_where_the_row_says_so() -> None:
    found = address(row("google"), "gemini_embeddings", {})
    assert found.path_for("g") == "/v1beta/models/g:batchEmbedContents"
    assert found.single_path_for("g") == "/v1beta/models/g:embedContent"
    found = address(row("openai"), "openai_embeddings", {})
    assert found.path_for("g") == found.single_path_for("g") == "/embeddings"


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("us-central1", "https://us-central1-aiplatform.googleapis.com"),
        ("global", "https://aiplatform.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_vertex_has_a_host_for_each_location(location: str, host: str) -> None:
    settings = {"project": "p", "location": location}
    found = address(row("vertex"), "anthropic_messages", settings)
    assert found.base_url == host
    assert found.path_for("claude-sonnet-4@20250514", stream=True) == (
        f"/v1/projects/p/locations/{location}/publishers/anthropic/models/"
        "claude-sonnet-4@20250514:streamRawPredict"
    )


def test_azure_has_a_new_and_a_dated_path() -> None:
    settings = {"resource": "team"}
    new = address(row("azure_openai"), "openai_chat", settings)
    assert new.base_url == "https://team.openai.azure.com"
    assert new.path_for("my-gpt") == "/openai/v1/chat/completions"
    dated = address(row("azure_openai"), "openai_chat", settings | {"api_version": "2024-10-21"})
    path = "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"
    assert dated.path_for("my-gpt") == dated.path_for("my-gpt", stream=True) == path


def test_a_configured_address_goes_before_the_rows() -> None:
    found = address(row("vllm"), "openai_chat", {}, "http://gpu-1:9000/v1/")
    assert found.base_url == "http://gpu-1:9000/v1"


def test_a_missing_setting_is_named_with_its_usual_variable() -> None:
    with pytest.raises(InvalidInput, match=r'needs the setting "region" \(or set AWS_REGION\)'):
        address(row("bedrock"), "bedrock_converse", {})


def test_a_row_without_an_address_wants_one() -> None:
    with pytest.raises(InvalidInput, match='"base_url"'):
        address(row("openai_compatible"), "openai_chat", {})


@pytest.mark.parametrize("value", ["evil.com/", "a b", "x@y", "a/../b", "é"])
def test_a_setting_cannot_lead_to_another_host(value: str) -> None:
    with pytest.raises(InvalidInput, match="may hold letters"):
        address(row("azure_openai"), "openai_chat", {"resource": value})


def test_settings_come_from_the_file_then_the_environment_then_the_row() -> None:
    vertex = row("vertex")
    environ = {"GOOGLE_CLOUD_PROJECT": "from-env", "GOOGLE_CLOUD_LOCATION": ""}
    assert settings_of(vertex, {}, environ) == {"project": "from-env", "location": "us-central1"}
    assert settings_of(vertex, {"project": "mine"}, environ)["project"] == "mine"


def test_the_settings_an_endpoint_wants_are_known() -> None:
    assert settings_wanted(row("vertex"), "gemini") == ("location", "project")
    assert settings_wanted(row("openai"), "openai_chat") == ()
