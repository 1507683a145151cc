"""Google's own SDK (google-genai 1.75 and 3.4) against a small server that speaks through the dialect."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pilothouse.core.answer import (
    Answer,
    Begin,
    Candidate,
    End,
    Event,
    Finish,
    TextDelta,
    ThinkingDelta,
    ToolBegin,
    ToolDelta,
    Usage,
    Used,
)
from pilothouse.core.request import (
    Request,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from pilothouse.dialects.gemini import plugin as dialect

genai = pytest.importorskip(
    "google.genai", reason="google-genai is not installed: nothing says that its users are served"
)
errors: Any = pytest.importorskip("google.genai.errors")
types: Any = pytest.importorskip("google.genai.types")

pytestmark = pytest.mark.filterwarnings("ignore")  # the SDK's own

SIGNATURE = base64.b64encode(b"proof").decode()
USED = Usage(input_tokens=9, output_tokens=7, cached_input_tokens=4, reasoning_tokens=2)
Said = Answer | Sequence[Event | bytes] | tuple[int, str] | int
Reply = Callable[[Request], Said]


class Server:
    """Keeps what was asked; says what it is told to."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.asked: list[Request] = []
        self.paths: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lengths = [f[15:] for f in head.lower().split("\r\n") if f.startswith("content-length:")]
        path = head.split(" ")[1]
        self.paths.append(path)
        writer.write(self._answer(path, await reader.readexactly(int(lengths[0]))))
        await writer.drain()
        writer.close()

    def _answer(self, path: str, body: bytes) -> bytes:
        model, _, verb = path.split("/models/", 1)[1].partition(":")
        verb = verb.partition("?")[0]
        if verb == "countTokens":
            request = dialect.read_count_request(body, model=model)
        else:
            is_stream = verb == "streamGenerateContent"
            request = dialect.read_request(body, model=model, stream=is_stream)
        self.asked.append(request)
        said = self._reply(request)
        match said:
            case int():
                return _http(200, dialect.write_count(said))
            case (int() as status, str() as message):
                return _http(status, dialect.write_error(status, message))
            case Answer():
                return _http(200, dialect.write_answer(said, model=model, id="r1", created_s=1))
            case _:
                writer = dialect.writer(model=model, id="r1", created_s=1)
                sent = [e if isinstance(e, bytes) else writer.write(e) for e in said]  # pyright: ignore[reportArgumentType]
                return _http(200, b"".join(sent), "text/event-stream")


def _http(status: int, body: bytes, kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"connection: close\r\n\r\n" + body


@asynccontextmanager
async def _client(server: Server) -> AsyncIterator[Any]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    address = types.HttpOptions(base_url=f"http://127.0.0.1:{port}")
    client = genai.Client(api_key="k", http_options=address, vertexai=False)
    try:
        yield client.aio
    finally:
        if hasattr(client.aio, "aclose"):
            await client.aio.aclose()
        listening.close()


def run(reply: Reply, use: Callable[[Any], Coroutine[Any, Any, Any]]) -> tuple[Server, Any]:
    """The server after `use` of a client of it, and what `use` gave."""

    async def both() -> tuple[Server, Any]:
        server = Server(reply)
        async with asyncio.timeout(30), _client(server) as client:
            return server, await use(client.models)

    return asyncio.run(both())


def test_an_answer_is_read_with_its_thoughts_usage_and_reason() -> None:
    parts = (ThinkingPart(text="hm", signature=SIGNATURE), TextPart("yes \u2028 é"))
    said = Answer(candidates=(Candidate(parts=parts, finish_reason="length"),), usage=USED)

    async def use(models: Any) -> Any:
        config = types.GenerateContentConfig(
            system_instruction="be brief",
            temperature=0.5,
            top_k=3,
            max_output_tokens=50,
            stop_sequences=["x"],
            thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=100),
        )
        image = types.Part.from_bytes(data=b"\xff\xfe\xfd", mime_type="image/png")
        return await models.generate_content(model="m/with-slash", contents=["q", image], config=config)  # fmt: skip

    server, answer = run(lambda _: said, use)
    assert answer.text == "yes \u2028 é"
    assert answer.candidates[0].content.parts[0].thought is True
    assert answer.candidates[0].content.parts[0].thought_signature == b"proof"
    assert answer.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS
    usage = answer.usage_metadata
    assert (usage.prompt_token_count, usage.cached_content_token_count) == (9, 4)
    assert (usage.candidates_token_count, usage.thoughts_token_count) == (5, 2)
    assert (answer.response_id, answer.model_version) == ("r1", "m/with-slash")
    [request] = server.asked
    assert request.model == "m/with-slash"
    assert [m.text for m in request.messages] == ["be brief", "q"]
    assert (request.temperature, request.top_k, request.max_output_tokens) == (0.5, 3, 50)
    assert request.stop == ("x",)
    assert request.thinking is not None
    assert (request.thinking.budget_tokens, request.thinking.is_shown) == (100, True)
    assert request.messages[1].parts[1].data == base64.b64encode(b"\xff\xfe\xfd").decode()


def test_a_stream_is_read_piece_by_piece_through_keepalives() -> None:
    said: list[Event | bytes] = [
        dialect.keepalive,
        Begin(),
        ThinkingDelta("hm"),
        ThinkingDelta(signature=SIGNATURE),
        TextDelta("a\u2028b"),
        dialect.keepalive,
        TextDelta("c\x85d\u2029"),
        Finish("stop"),
        Used(USED),
        dialect.keepalive,
        End(),
    ]

    async def use(models: Any) -> Any:
        stream = await models.generate_content_stream(model="m", contents="q")
        return [chunk async for chunk in stream]

    server, chunks = run(lambda _: said, use)
    parts = [p for c in chunks for p in c.candidates[0].content.parts]
    assert "".join([p.text for p in parts if p.text and not p.thought]) == "a\u2028bc\x85d\u2029"
    assert [p.text for p in parts if p.thought] == ["hm"]
    assert [p.thought_signature for p in parts if p.thought_signature] == [b"proof"]
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP
    assert chunks[-1].usage_metadata.total_token_count == 16
    assert server.asked[0].stream
    assert server.paths[0].endswith("/models/m:streamGenerateContent?alt=sse")


def test_a_comment_would_break_googles_clients_so_the_keepalive_is_none() -> None:
    async def use(models: Any) -> Any:
        stream = await models.generate_content_stream(model="m", contents="q")
        return [chunk async for chunk in stream]

    with pytest.raises(errors.UnknownApiResponseError):
        run(lambda _: [b": keepalive\n\n", TextDelta("a"), Finish("stop"), End()], use)


def weather(city: str) -> dict[str, str]:
    """The weather of a city."""
    return {"sky": f"blue over {city}"}


# google-genai 1 takes annotations as they stand, and here they stand as strings.
weather.__annotations__ = {"city": str, "return": dict[str, str]}


def calls_then_answers(request: Request) -> Said:
    """Asks for the weather twice at once, then says what it was told."""
    results = [p for m in request.messages for p in m.parts if isinstance(p, ToolResultPart)]
    if results:
        told = " / ".join([p.parts[0].text for p in results if isinstance(p.parts[0], TextPart)])
        whole = Answer.of_text(told, usage=USED)
        return whole if not request.stream else [TextDelta(told), Finish("stop"), Used(USED), End()]
    one = ToolCallPart(id="c1", name="weather", arguments='{"city":"Rome"}', signature=SIGNATURE)
    two = ToolCallPart(id="c2", name="weather", arguments='{"city":"Oslo"}')
    if not request.stream:
        return Answer(candidates=(Candidate(parts=(one, two), finish_reason="tool_calls"),))
    return [
        ToolBegin(0, "c1", "weather", signature=SIGNATURE),
        ToolDelta(0, '{"city":'),
        ToolBegin(1, "c2", "weather"),
        ToolDelta(1, '{"city":"Oslo"}'),
        ToolDelta(0, '"Rome"}'),
        Finish("tool_calls"),
        End(),
    ]


def test_functions_are_called_by_the_sdk_and_their_results_come_back() -> None:
    async def use(models: Any) -> Any:
        config = types.GenerateContentConfig(tools=[weather])
        return await models.generate_content(model="m", contents="q", config=config)

    server, answer = run(calls_then_answers, use)
    assert "blue over Rome" in answer.text
    assert "blue over Oslo" in answer.text
    first, second = server.asked
    assert first.tools[0].name == "weather"
    assert first.tools[0].parameters is not None
    assert json.loads(bytes(first.tools[0].parameters))["properties"]["city"]["type"] == "string"
    calls = [p for m in second.messages for p in m.parts if isinstance(p, ToolCallPart)]
    results = [p for m in second.messages for p in m.parts if isinstance(p, ToolResultPart)]
    assert [(c.id, c.signature) for c in calls] == [("c1", SIGNATURE), ("c2", None)]
    assert [r.call_id for r in results] == ["c1", "c2"]
    assert second.messages[-1].role == "tool"


def test_streamed_functions_are_called_whole() -> None:
    async def use(models: Any) -> Any:
        off = types.AutomaticFunctionCallingConfig(disable=True)
        config = types.GenerateContentConfig(tools=[weather], automatic_function_calling=off)
        stream = await models.generate_content_stream(model="m", contents="q", config=config)
        return [chunk async for chunk in stream]

    _, chunks = run(calls_then_answers, use)
    calls = [call for chunk in chunks for call in chunk.function_calls or ()]
    assert [(c.id, c.args["city"]) for c in calls] == [("c1", "Rome"), ("c2", "Oslo")]


@pytest.mark.parametrize("name", ["response_schema", "response_json_schema"])
def test_a_structured_answer_is_asked_for_with_a_json_schema(name: str) -> None:
    schema: Any = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    if name == "response_schema":
        schema = types.Schema(type="OBJECT", properties={"a": types.Schema(type="INTEGER")}, required=["a"])  # fmt: skip

    async def use(models: Any) -> Any:
        form = {name: schema, "response_mime_type": "application/json"}
        config = types.GenerateContentConfig(**form)
        return await models.generate_content(model="m", contents="q", config=config)

    server, answer = run(lambda _: Answer.of_text('{"a":1}'), use)
    output = server.asked[0].output
    assert output is not None
    assert output.schema is not None
    told = json.loads(bytes(output.schema))
    assert (told["type"], told["properties"], told["required"]) == (
        "object",
        {"a": {"type": "integer"}},
        ["a"],
    )
    assert answer.parsed == {"a": 1}


def test_tokens_are_counted() -> None:
    async def use(models: Any) -> Any:
        return await models.count_tokens(model="models/m", contents=["a", "b"])

    server, count = run(lambda _: 42, use)
    assert count.total_tokens == 42
    assert server.asked[0].messages[0].text == "ab"


@pytest.mark.parametrize(
    ("status", "word", "kind"),
    [
        (400, "INVALID_ARGUMENT", "ClientError"),
        (401, "UNAUTHENTICATED", "ClientError"),
        (404, "NOT_FOUND", "ClientError"),
        (422, "INVALID_ARGUMENT", "ClientError"),
        (429, "RESOURCE_EXHAUSTED", "ClientError"),
        (500, "INTERNAL", "ServerError"),
        (503, "UNAVAILABLE", "ServerError"),
    ],
)
def test_errors_are_typed_and_worded(status: int, word: str, kind: str) -> None:
    async def use(models: Any) -> Any:
        await models.generate_content(model="m", contents="q")

    with pytest.raises(getattr(errors, kind)) as caught:
        run(lambda _: (status, "what now"), use)
    assert (caught.value.code, caught.value.status) == (status, word)
    assert caught.value.message == "what now"


def test_an_error_in_the_middle_of_a_stream_is_raised() -> None:
    writer = dialect.writer(model="m", id="1", created_s=1)
    said = [TextDelta("a"), writer.fail(503, "the provider broke off \u2028 here")]

    async def use(models: Any) -> Any:
        stream = await models.generate_content_stream(model="m", contents="q")
        return [chunk async for chunk in stream]

    with pytest.raises(errors.ServerError) as caught:
        run(lambda _: said, use)
    assert caught.value.status == "UNAVAILABLE"
    assert "broke off" in caught.value.message
