from __future__ import annotations

import re

import pytest

from pilothouse.core.errors import InvalidInput, NotFound
from pilothouse.documents.strict import parse
from pilothouse.providers._rows import ProviderRow, all_rows, row, row_names

ROWS = all_rows()
ASKED_FOR = """
openai anthropic google vertex azure_openai bedrock mistral groq together fireworks deepseek xai
cohere openrouter vllm ollama tgi llama_cpp huggingface openai_compatible
"""


def test_every_vendor_that_is_promised_has_a_row() -> None:
    assert set(ASKED_FOR.split()) <= set(row_names())


@pytest.mark.parametrize("name", row_names())
def test_a_row_cites_a_page_and_says_what_is_from_memory(name: str) -> None:
    for source in ROWS[name].docs:
        assert source.url.startswith("https://")
        assert source.about
    was_read = any(source.looked_at for source in ROWS[name].docs)
    assert was_read or ROWS[name].memory


@pytest.mark.parametrize("name", row_names())
def test_addresses_are_https_or_this_machine_and_hold_no_secret(name: str) -> None:
    found = ROWS[name]
    urls = [found.base_url, *found.at_location.values()]
    urls += [end.base_url for end in found.endpoints.values()]
    for url in urls:
        assert url is None or url.startswith(("https://", "http://localhost:"))
        assert url is None or not url.endswith("/")
    for end in found.endpoints.values():
        paths = [end.path, end.stream_path, end.count_path, end.dated_path]
        assert all(path is None or path.startswith("/") for path in paths)
        assert not any(path and "key=" in path for path in paths)


@pytest.mark.parametrize("name", row_names())
def test_every_placeholder_has_a_default_or_a_usual_variable(name: str) -> None:
    found = ROWS[name]
    text = " ".join(
        str(part)
        for end in found.endpoints.values()
        for part in (end.base_url, end.path, end.stream_path, end.dated_path)
    )
    wanted = set(re.findall(r"\{(\w+)\}", f"{found.base_url} {text}")) - {"model"}
    assert wanted <= set(found.settings_env) | set(found.defaults)


@pytest.mark.parametrize("name", row_names())
def test_abilities_are_told_for_each_format_that_answers(name: str) -> None:
    found = ROWS[name]
    answering = {d for d in found.endpoints if not d.endswith("_embeddings")}
    assert set(found.capabilities) == answering


@pytest.mark.parametrize("name", row_names())
def test_a_header_that_is_sent_or_read_is_written_in_lower_case(name: str) -> None:
    found = ROWS[name]
    sent = [*found.headers, *(h for end in found.endpoints.values() for h in end.headers)]
    read = [getattr(found.rate, field) for field in found.rate.__struct_fields__]
    for header in [*sent, *read, found.error_body.code_header]:
        assert header is None or re.fullmatch("[a-z0-9-]+", header)


@pytest.mark.parametrize("name", row_names())
def test_a_key_is_wanted_unless_the_row_says_otherwise(name: str) -> None:
    found = ROWS[name]
    assert found.key_env or found.is_key_optional or found.auth == "google_oauth"


def test_what_refuses_stream_options_is_not_sent_them() -> None:
    for found in ROWS.values():
        for end in found.endpoints.values():
            assert end.has_include_usage or "stream_options" in end.omits


def test_an_id_is_turned_into_the_providers_own() -> None:
    assert ROWS["google"].model_id("models/gemini-2.5-flash") == "gemini-2.5-flash"
    assert ROWS["fireworks"].model_id("gpt-oss-20b") == "accounts/fireworks/models/gpt-oss-20b"
    assert ROWS["fireworks"].model_id("accounts/me/models/x") == "accounts/me/models/x"
    assert ROWS["openai"].model_id("gpt-4o") == "gpt-4o"


def test_an_endpoint_may_be_signed_in_its_own_way() -> None:
    assert ROWS["google"].auth_of("gemini") == "x-goog-api-key"
    assert ROWS["google"].auth_of("openai_chat") == "bearer"


def test_an_unknown_provider_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFound, match='Did you mean "mistral"'):
        row("mistrall")


def test_an_unknown_key_of_a_row_is_an_error() -> None:
    text = "title: X\nbase_urll: null\nauth: none\nkey_env: []\n"
    with pytest.raises(InvalidInput, match=r"x\.yaml:2: base_urll"):
        parse(text, ProviderRow, name="x.yaml")
