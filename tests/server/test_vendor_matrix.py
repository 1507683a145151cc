"""Every dialect in front of every vendor, with the vendors' own SDKs as clients, streamed and not."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sdk_speakers import speaking
from vendor_bodies import SIGNATURE
from vendor_gateway import DIALECTS, House, in_house

from pilothouse.wire.deadlines import Timeouts

pytest.importorskip("openai")
pytest.importorskip("anthropic", reason="NOT TESTED: pip install anthropic")
pytest.importorskip("google.genai", reason="NOT TESTED: pip install google-genai")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # warnings: the SDKs' own

TEXT = "Four — quatre — 四."
RESULTS = {"Paris": "21", "Oslo": "9"}
both = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
spoken = pytest.mark.parametrize("client", DIALECTS)
served = pytest.mark.parametrize("vendor", DIALECTS)

USED = {
    "anthropic_messages": {"input": 60, "cached": 40, "output": 20},
    "openai_chat": {"input": 100, "cached": 40, "output": 20},
    "openai_responses": {"input": 100, "cached": 40, "output": 20},
    "gemini": {"input": 100, "cached": 40, "output": 20},
}
"""Anthropic's input excludes what came from the cache; the others' includes it."""
ENDS: dict[str, dict[str, str]] = {
    "openai_chat": {"text": "stop", "tools": "tool_calls", "length": "length"},
    "openai_responses": {"text": "completed", "tools": "completed", "length": "max_output_tokens"},
    "anthropic_messages": {"text": "end_turn", "tools": "tool_use", "length": "max_tokens"},
    "gemini": {"text": "STOP", "tools": "STOP", "length": "MAX_TOKENS"},
}
FILTERED = {
    "openai_chat": "content_filter",
    "openai_responses": "content_filter",
    "anthropic_messages": "refusal",
    "gemini": "SAFETY",
}


@both
@served
@spoken
def test_text_usage_and_stop_reason_arrive_as_the_client_counts_them(
    client: str, vendor: str, stream: bool
) -> None:
    async def body(h: House) -> None:
        async with speaking(client, h.url) as sdk:
            heard = await sdk.ask(f"{vendor}-text", sdk.start("2 + 2?"), stream=stream)
        assert heard.text == TEXT
        assert heard.usage == USED[client]
        assert heard.finish == ENDS[client]["text"]
        assert h.vendors.seen[-1].dialect == vendor
        [call] = h.calls
        assert (call.input_tokens, call.cached_input_tokens, call.output_tokens) == (100, 40, 20)

    in_house(body)


@both
@served
@spoken
def test_two_parallel_tool_calls_and_their_results_make_the_round(
    client: str, vendor: str, stream: bool
) -> None:
    async def body(h: House) -> None:
        async with speaking(client, h.url) as sdk:
            first = sdk.start("Weather in Paris and Oslo?")
            heard = await sdk.ask(f"{vendor}-tools", first, stream=stream, tools=True)
            called = [(name, arguments) for _, name, arguments in heard.calls]
            assert called == [("weather", {"city": "Paris"}), ("weather", {"city": "Oslo"})]
            assert len({i for i, _, _ in heard.calls}) == 2
            assert heard.finish == ENDS[client]["tools"]
            results = {i: RESULTS[arguments["city"]] for i, _, arguments in heard.calls}
            then = sdk.after(first, heard, results)
            end = await sdk.ask(f"{vendor}-tools", then, stream=stream, tools=True)
        assert end.text == "Paris 21, Oslo 9."
        assert seen_results(vendor, h.vendors.seen[-1].body) == ["21", "9"]

    in_house(body)


@both
@served
@spoken
def test_a_json_schema_reaches_the_vendor_and_json_comes_back(
    client: str, vendor: str, stream: bool
) -> None:
    async def body(h: House) -> None:
        async with speaking(client, h.url) as sdk:
            heard = await sdk.ask(
                f"{vendor}-json", sdk.start("Capital?"), stream=stream, schema=True
            )
        assert json.loads(heard.text) == {"city": "Paris"}
        schema = seen_schema(vendor, h.vendors.seen[-1].body)
        assert schema["properties"]["city"]["type"].lower() == "string"
        assert schema["required"] == ["city"]

    in_house(body)


@both
@served
@spoken
def test_an_image_reaches_the_vendor(client: str, vendor: str, stream: bool) -> None:
    async def body(h: House) -> None:
        async with speaking(client, h.url) as sdk:
            asked = sdk.start("What is this?", image=True)
            heard = await sdk.ask(f"{vendor}-image", asked, stream=stream)
        assert heard.text == "A red dot."
        assert "image/png" in json.dumps(h.vendors.seen[-1].body)

    in_house(body)


@both
@served
@spoken
def test_thinking_is_shown_and_goes_back_before_the_tool_calls(
    client: str, vendor: str, stream: bool
) -> None:
    """With its signature wherever vendor and client both have a place for one."""

    async def body(h: House) -> None:
        async with speaking(client, h.url) as sdk:
            first = sdk.start("Weather in Paris and Oslo?")
            heard = await sdk.ask(f"{vendor}-thinking", first, stream=stream, tools=True)
            assert heard.thinking == "Both cities are asked for."
            assert len(heard.calls) == 2
            results = {i: RESULTS[arguments["city"]] for i, _, arguments in heard.calls}
            then = sdk.after(first, heard, results)
            end = await sdk.ask(f"{vendor}-thinking", then, stream=stream, tools=True)
        assert end.text == "Paris 21, Oslo 9."
        if vendor != "openai_chat" and (client, vendor) not in UNSIGNED:
            assert signed_before_call(vendor, h.vendors.seen[-1].body)

    in_house(body)


UNSIGNED = {("anthropic_messages", "gemini")}
"""Google signs a tool call, and Anthropic's has no place for that; OpenAI's chat format signs nothing."""


@both
@served
@spoken
@pytest.mark.parametrize("what", ["length", "filtered-end"])
def test_an_answer_that_stopped_early_says_why(
    client: str, vendor: str, stream: bool, what: str
) -> None:
    async def body(h: House) -> None:
        async with speaking(client, h.url) as sdk:
            heard = await sdk.ask(f"{vendor}-{what}", sdk.start("2 + 2?"), stream=stream)
        wanted = FILTERED[client] if what == "filtered-end" else ENDS[client]["length"]
        assert heard.finish == wanted

    in_house(body)


CLASSES = {
    "error-401": ("InternalServerError", 502, "ServerError"),
    "error-404": ("NotFoundError", 404, "ClientError"),
    "error-422": ("UnprocessableEntityError", 422, "ClientError"),
    "error-429-7": ("RateLimitError", 429, "ClientError"),
    "error-500": ("InternalServerError", 502, "ServerError"),
    "error-529": ("InternalServerError", 503, "ServerError"),
}
"""What OpenAI's and Anthropic's SDKs raise, the status, and what Google's raises. Our key being refused is
our fault, not the caller's: 502."""


@both
@served
@spoken
@pytest.mark.parametrize("what", CLASSES)
def test_errors_are_raised_as_the_sdks_own_classes(
    client: str, vendor: str, stream: bool, what: str
) -> None:
    async def body(h: House) -> None:
        async with speaking(client, h.url) as sdk:
            with pytest.raises(Exception) as caught:
                await sdk.ask(f"{vendor}-{what}", sdk.start("2 + 2?"), stream=stream)
        name, status, google = CLASSES[what]
        error: Any = caught.value
        wanted = google if client == "gemini" else name
        if (client, what) == ("anthropic_messages", "error-529"):
            wanted = "ServiceUnavailableError"  # Anthropic's SDK has a class of its own for 503
            assert error.body["error"]["type"] == "overloaded_error"
        assert type(error).__name__ == wanted, error
        code = error.code if client == "gemini" else error.status_code
        assert code == status
        assert "the vendor says" in str(error)
        if what == "error-429-7":
            assert error.response.headers["retry-after"] == "7"
        if client != "gemini":
            assert error.request_id == h.calls[-1].request_id

    in_house(body)


FAILS_AS = {
    "openai_chat": "APIError",
    "openai_responses": "StreamFailed",
    "anthropic_messages": "APIStatusError",
    "gemini": "ServerError",
}
"""OpenAI's responses tell it as an event; the others raise."""


@served
@spoken
@pytest.mark.parametrize("what", ["error-in-band", "stalls"])
def test_a_stream_that_fails_after_its_first_words_fails_in_the_client(
    client: str, vendor: str, what: str
) -> None:
    async def body(h: House) -> None:
        async with speaking(client, h.url) as sdk:
            with pytest.raises(Exception) as caught:
                await sdk.ask(f"{vendor}-{what}", sdk.start("2 + 2?"), stream=True)
        error: Any = caught.value
        assert type(error).__name__ == FAILS_AS[client], repr(error)
        if client == "anthropic_messages":
            assert error.status_code == 200, "it was told in the stream"
        assert h.calls[-1].status == "error"

    in_house(body, timeouts=Timeouts(first_byte_s=2, between_s=0.3, total_s=10))


@spoken
@served
def test_a_silent_upstream_is_bridged_by_signs_of_life(client: str, vendor: str) -> None:
    async def body(h: House) -> None:
        async def later() -> None:
            await h.vendors.asked.wait()
            for _ in range(5):  # a few beats of the keepalive
                await asyncio.sleep(0.02)
            h.vendors.release.set()

        async with speaking(client, h.url) as sdk, asyncio.TaskGroup() as group:
            group.create_task(later())
            heard = await sdk.ask(f"{vendor}-slow", sdk.start("2 + 2?"), stream=True)
        assert heard.text == TEXT

    in_house(body, keepalive_s=0.01)


@spoken
@served
def test_a_failure_after_signs_of_life_is_told_in_band(client: str, vendor: str) -> None:
    async def body(h: House) -> None:
        async with speaking(client, h.url) as sdk:
            with pytest.raises(Exception) as caught:
                await sdk.ask(f"{vendor}-silent", sdk.start("2 + 2?"), stream=True)
        error: Any = caught.value
        assert type(error).__name__ == FAILS_AS[client], repr(error)
        assert h.calls[-1].error_class == "timeout"

    in_house(body, keepalive_s=0.01, timeouts=Timeouts(first_byte_s=0.2, total_s=10))


@both
@spoken
@served
def test_a_client_that_goes_away_cancels_the_vendor(client: str, vendor: str, stream: bool) -> None:
    async def body(h: House) -> None:
        async with speaking(client, h.url) as sdk:
            asking = sdk.ask(f"{vendor}-silent", sdk.start("2 + 2?"), stream=stream)
            task = asyncio.create_task(asking)
            await asyncio.wait_for(h.vendors.asked.wait(), 5)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await asyncio.wait_for(h.vendors.closed_by_client.wait(), 5)
        assert [call.error_class for call in h.calls] == ["cancelled"]

    in_house(body)


@spoken
@served
def test_a_client_that_goes_away_in_mid_stream_cancels_the_vendor(client: str, vendor: str) -> None:
    async def body(h: House) -> None:
        async with speaking(client, h.url) as sdk:
            asking = sdk.ask(f"{vendor}-stalls", sdk.start("2 + 2?"), stream=True)
            task = asyncio.create_task(asking)
            await asyncio.wait_for(h.vendors.asked.wait(), 5)
            await asyncio.sleep(
                0.05
            )  # until the first words are through; either way it must cancel
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await asyncio.wait_for(h.vendors.closed_by_client.wait(), 5)
        assert [call.error_class for call in h.calls] == ["cancelled"]

    in_house(body)


def seen_results(vendor: str, body: dict[str, Any]) -> list[str]:
    """The tools' results as the vendor got them, in order."""
    match vendor:
        case "openai_chat":
            found = [m["content"] for m in body["messages"] if m["role"] == "tool"]
        case "openai_responses":
            found = [i["output"] for i in body["input"] if i.get("type") == "function_call_output"]
        case "anthropic_messages":
            last = body["messages"][-1]
            assert last["role"] == "user", "results stand right behind their calls"
            found = [b["content"] for b in last["content"] if b["type"] == "tool_result"]
        case _:
            parts = body["contents"][-1]["parts"]
            found = [p["functionResponse"]["response"] for p in parts]
    return [plain(value) for value in found]


def plain(value: Any) -> str:
    """A result in whatever wrapping: a text, a list of text parts, an object with one value."""
    if isinstance(value, list):
        return "".join(part["text"] for part in value)
    if isinstance(value, str) and value.startswith("{"):
        value = json.loads(value)
    if isinstance(value, dict):
        [only] = value.values()
        return str(only)
    return str(value)


def seen_schema(vendor: str, body: dict[str, Any]) -> dict[str, Any]:
    """The schema as the vendor got it."""
    match vendor:
        case "openai_chat":
            return body["response_format"]["json_schema"]["schema"]
        case "openai_responses":
            return body["text"]["format"]["schema"]
        case "anthropic_messages":
            return body["output_config"]["format"]["schema"]
        case _:
            config = body["generationConfig"]
            assert config["responseMimeType"] == "application/json"
            return config.get("responseJsonSchema") or config["responseSchema"]


def signed_before_call(vendor: str, body: dict[str, Any]) -> bool:
    """Whether the thinking came back with its signature, before the first tool call."""
    match vendor:
        case "anthropic_messages":
            first, *others = body["messages"][1]["content"]
            return first["signature"] == SIGNATURE and others[0]["type"] == "tool_use"
        case "openai_responses":
            kinds = [i.get("type") for i in body["input"]]
            before = body["input"][: kinds.index("function_call")]
            return any(i.get("encrypted_content") == SIGNATURE for i in before)
        case _:
            parts = body["contents"][1]["parts"]
            call = next(p for p in parts if "functionCall" in p)
            return call.get("thoughtSignature") == SIGNATURE
