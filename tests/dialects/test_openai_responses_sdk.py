"""The Responses API as OpenAI's own SDK sees it: its types parse what we write, its client runs on it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from sdk_server import serving
from strategies import answers, requests, streams

from pilothouse.core.answer import (
    Answer,
    Begin,
    Candidate,
    End,
    Event,
    Finish,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ToolBegin,
    ToolDelta,
    Usage,
    Used,
)
from pilothouse.core.request import Request, TextPart, ToolCallPart
from pilothouse.dialects.openai_responses import plugin as dialect
from pilothouse.wire.sse import Events

openai = pytest.importorskip("openai")
pydantic = pytest.importorskip("pydantic")
few = settings(max_examples=40)
USAGE = Usage(input_tokens=9, output_tokens=4, cached_input_tokens=3, reasoning_tokens=2)
Reply = Callable[[Request], tuple[int, bytes]]


@few
@given(answers)
def test_the_sdks_types_parse_our_answers(answer: Answer) -> None:
    from openai.types.responses import Response

    body = dialect.write_answer(answer, model="m", id="1", created_s=1)
    response = Response.model_validate_json(body)
    texts = [p.text for p in answer.candidates[0].parts if isinstance(p, TextPart)]
    assert response.output_text == "".join(texts)


@few
@given(streams())
def test_the_sdks_types_parse_our_events(events: tuple[Event, ...]) -> None:
    from openai.types.responses import ResponseStreamEvent

    adapter: Any = pydantic.TypeAdapter(ResponseStreamEvent)
    writer = dialect.writer(model="m", id="1", created_s=1)
    sent = b"".join([*map(writer.write, events), writer.fail(500, "broke")])
    for event in Events().feed(sent):
        adapter.validate_json(event.partition(b"data: ")[2])


@few
@given(requests)
def test_the_sdks_types_know_every_field_that_we_write(request: Request) -> None:
    from openai.types.responses import ToolParam
    from openai.types.responses.response_create_params import ResponseCreateParamsStreaming
    from typing_extensions import get_type_hints

    body = json.loads(dialect.write_request(request).body)
    if "tools" in body:
        pydantic.TypeAdapter(list[ToolParam]).validate_python(body["tools"])
    assert set(body) <= set(get_type_hints(ResponseCreateParamsStreaming))


@asynccontextmanager
async def client(reply: Reply) -> AsyncIterator[Any]:
    """The SDK against a server that reads its request with our dialect and sends what `reply` says."""

    def read(path: str, body: bytes) -> tuple[int, bytes]:
        assert path == "/v1" + dialect.path("m", stream=False)
        return reply(dialect.read_request(body))

    async with (
        serving(read) as url,
        openai.AsyncOpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0, timeout=10) as sdk,
    ):
        yield sdk


def stream(events: Iterable[Event]) -> bytes:
    writer = dialect.writer(model="m", id="1", created_s=1)
    return b"".join([writer.write(event) for event in events])


def whole(*parts: Any, reason: str = "stop") -> bytes:
    only = Candidate(parts=parts, finish_reason=reason)
    answer = Answer(candidates=(only,), usage=USAGE)
    return dialect.write_answer(answer, model="m", id="1", created_s=1)


def run(reply: Reply, use: Callable[[Any], Any]) -> Any:
    async def main() -> Any:
        async with client(reply) as sdk:
            return await use(sdk)

    return asyncio.run(main())


def test_a_whole_answer_with_its_usage() -> None:
    def reply(request: Request) -> tuple[int, bytes]:
        assert [m.text for m in request.messages] == ["be brief", "hi"]
        assert request.max_output_tokens == 7
        return 200, whole(TextPart("hello"))

    async def use(sdk: Any) -> Any:
        return await sdk.responses.create(
            model="m", instructions="be brief", input="hi", max_output_tokens=7
        )

    response = run(reply, use)
    assert (response.output_text, response.status) == ("hello", "completed")
    assert response.usage.input_tokens_details.cached_tokens == 3
    assert response.usage.output_tokens_details.reasoning_tokens == 2


ALL_KINDS: tuple[Event, ...] = (
    Begin(),
    ThinkingDelta("let me "),
    ThinkingDelta("see"),
    ThinkingDelta(signature="c2ln"),
    TextDelta("hel"),
    TextDelta("lo"),
    ToolBegin(0, "call_a", "weather"),
    ToolBegin(1, "call_b", "time"),
    ToolDelta(0, '{"city":'),
    ToolDelta(1, "{}"),
    ToolDelta(0, '"Oslo"}'),
    Finish("tool_calls"),
    Used(USAGE),
    End(),
)


def test_a_stream_through_the_raw_client() -> None:
    async def use(sdk: Any) -> list[Any]:
        return [e async for e in await sdk.responses.create(model="m", input="q", stream=True)]

    def reply(request: Request) -> tuple[int, bytes]:
        assert request.stream
        return 200, stream(ALL_KINDS)

    events = run(reply, use)
    assert [e.sequence_number for e in events] == list(range(len(events)))
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == "hello"
    assert events[-1].type == "response.completed"
    reasoning, message, weather, time = events[-1].response.output
    assert (reasoning.summary[0].text, reasoning.encrypted_content) == ("let me see", "c2ln")
    assert message.content[0].text == "hello"
    assert (weather.call_id, weather.arguments) == ("call_a", '{"city":"Oslo"}')
    assert (time.call_id, time.arguments) == ("call_b", "{}")


def test_a_stream_through_the_helper() -> None:
    async def use(sdk: Any) -> Any:
        async with sdk.responses.stream(model="m", input="q") as events:
            kinds = [event.type async for event in events]
            return kinds, await events.get_final_response()

    kinds, final = run(lambda _: (200, stream(ALL_KINDS)), use)
    assert kinds.count("response.output_text.delta") == 2
    assert kinds.count("response.function_call_arguments.delta") == 3
    assert final.output_text == "hello"
    assert final.usage.total_tokens == 13


def test_tools_go_there_and_their_results_come_back() -> None:
    tool = {
        "type": "function",
        "name": "weather",
        "description": "of a city",
        "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
        "strict": True,
    }
    asked: list[Request] = []

    def reply(request: Request) -> tuple[int, bytes]:
        asked.append(request)
        if len(asked) == 1:
            call = ToolCallPart(id="call_a", name="weather", arguments="{}", signature="c2ln")
            return 200, whole(call, reason="tool_calls")
        return 200, whole(TextPart("sunny"))

    async def use(sdk: Any) -> Any:
        first = await sdk.responses.create(model="m", input="q", tools=[tool])
        result = {"type": "function_call_output", "call_id": "call_a", "output": "sun"}
        turn = [{"role": "user", "content": "q"}, *first.output, result]
        return await sdk.responses.create(model="m", input=turn, tools=[tool])

    assert run(reply, use).output_text == "sunny"
    assert asked[0].tools[0].name == "weather"
    user, turn, result = asked[1].messages
    assert user.text == "q"
    assert turn.parts == (
        ToolCallPart(id="call_a", name="weather", arguments="{}", signature="c2ln"),
    )
    assert result.text == "sun"


class City(pydantic.BaseModel):  # type: ignore[misc]
    name: str


@pytest.mark.parametrize("is_streamed", [False, True])
def test_structured_output_is_parsed(is_streamed: bool) -> None:
    def reply(request: Request) -> tuple[int, bytes]:
        assert request.output is not None
        assert request.output.name == "City"
        assert request.output.strict
        if is_streamed:
            return 200, stream([TextDelta('{"name":'), TextDelta('"Oslo"}'), Finish("stop"), End()])
        return 200, whole(TextPart('{"name":"Oslo"}'))

    async def use(sdk: Any) -> Any:
        if not is_streamed:
            return await sdk.responses.parse(model="m", input="q", text_format=City)
        async with sdk.responses.stream(model="m", input="q", text_format=City) as events:
            return await events.get_final_response()

    assert run(reply, use).output_parsed == City(name="Oslo")


def test_a_refusal_and_a_cut_answer_are_told_as_such() -> None:
    async def use(sdk: Any) -> list[Any]:
        return [e async for e in await sdk.responses.create(model="m", input="q", stream=True)]

    events = [RefusalDelta("I can"), RefusalDelta("not"), Finish("length"), End()]
    last = run(lambda _: (200, stream(events)), use)[-1]
    assert last.type == "response.incomplete"
    assert last.response.incomplete_details.reason == "max_output_tokens"
    assert last.response.output[0].content[0].refusal == "I cannot"


def broken(_: Request) -> tuple[int, bytes]:
    writer = dialect.writer(model="m", id="1", created_s=1)
    return 200, writer.write(TextDelta("half")) + writer.fail(502, "upstream went away")


def test_a_broken_stream_yields_failed_and_no_completed() -> None:
    async def use(sdk: Any) -> list[Any]:
        return [e async for e in await sdk.responses.create(model="m", input="q", stream=True)]

    events = run(broken, use)
    assert events[-1].type == "response.failed"
    assert events[-1].response.error.message == "upstream went away"
    assert "response.completed" not in [event.type for event in events]


def test_a_broken_stream_gives_the_helper_no_final_response() -> None:
    async def use(sdk: Any) -> Any:
        async with sdk.responses.stream(model="m", input="q") as events:
            kinds = [event.type async for event in events]
            with pytest.raises(RuntimeError, match=r"response\.completed"):
                await events.get_final_response()
            return kinds

    assert run(broken, use)[-1] == "response.failed"


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (404, "NotFoundError"),
        (429, "RateLimitError"),
        (500, "InternalServerError"),
    ],
)
def test_errors_are_the_sdks_own(status: int, name: str) -> None:
    body = dialect.write_error(status, "no such thing", code="why", param="input")

    async def use(sdk: Any) -> None:
        await sdk.responses.create(model="m", input="q")

    with pytest.raises(getattr(openai, name), match="no such thing") as caught:
        run(lambda _: (status, body), use)
    error: Any = caught.value
    assert (error.code, error.param) == ("why", "input")
