"""OpenAI's chat completions format, read and written both ways.

Source: https://platform.openai.com/docs/api-reference/chat. What a request holds beyond the fields read
here passes through untouched: `with_model` rewrites the model and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.core.ports import Chunk
from pilothouse.core.request import Answer, Message, Request, Role, Usage


class _Part(Struct):
    type: str
    text: str = ""


class _MessageIn(Struct):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[_Part] | None = None


class _StreamOptions(Struct):
    include_usage: bool | None = False


class _RequestIn(Struct):
    model: Annotated[str, Meta(min_length=1)]
    messages: Annotated[list[_MessageIn], Meta(min_length=1)]
    stream: bool | None = False
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    stop: str | list[str] | None = None
    user: str | None = None


class _CachedTokens(Struct):
    cached_tokens: int | None = 0


class _UsageIn(Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _CachedTokens | None = None


class _MessageOut(Struct):
    content: str | None = None


class _Choice(Struct):
    message: _MessageOut
    finish_reason: str | None = None


class _AnswerIn(Struct):
    choices: Annotated[list[_Choice], Meta(min_length=1)]
    usage: _UsageIn | None = None


class _Delta(Struct):
    role: str | None = None
    content: str | None = None
    tool_calls: Raw | None = None


class _ChunkChoice(Struct):
    delta: _Delta
    finish_reason: str | None = None


class _ChunkIn(Struct):
    choices: list[_ChunkChoice] = []
    usage: _UsageIn | None = None
    error: Raw | None = None


class _ErrorBody(Struct):
    message: str = ""
    code: str | int | None = None
    type: str | None = None


class _ErrorIn(Struct):
    error: _ErrorBody | str


_request_in = msgspec.json.Decoder(_RequestIn)
_raw_object = msgspec.json.Decoder(dict[str, Raw])
_answer_in = msgspec.json.Decoder(_AnswerIn)
_chunk_in = msgspec.json.Decoder(_ChunkIn)
_error_in = msgspec.json.Decoder(_ErrorIn)
_encode = msgspec.json.Encoder().encode

_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError)
_DONE = b"data: [DONE]\n\n"
_ROLES: dict[str, Role] = {"developer": "system", "function": "tool"}
_WITH_USAGE = Raw(b'{"include_usage":true}')
_PATH = re.compile(r" - at `\$\.?(.*)`$")
_MISSING = re.compile(r"missing required field `(\w+)`")


class OpenAIChat:
    """Stateless; see the module."""

    path = "/chat/completions"

    def read_request(self, body: bytes) -> Request:
        """Raises `BadRequest` with the parameter at fault."""
        try:
            given = _request_in.decode(body)
        except msgspec.ValidationError as error:
            text = str(error)
            path = _PATH.search(text)
            missing = _MISSING.search(text)
            param = missing[1] if missing else path[1] if path else None
            raise BadRequest(_PATH.sub("", text), param=param or None) from None
        except _NOT_JSON as error:
            raise BadRequest(f"the body is not valid JSON: {error}") from None
        stop = (given.stop,) if isinstance(given.stop, str) else tuple(given.stop or ())
        return Request(
            model=given.model,
            messages=tuple([_message(m) for m in given.messages]),
            stream=given.stream or False,
            max_output_tokens=given.max_completion_tokens or given.max_tokens,
            temperature=given.temperature,
            stop=stop,
            subject=given.user,
        )

    def wants_usage(self, body: bytes) -> bool:
        """Whether the caller of a stream asked for a usage chunk."""
        options = _request_in.decode(body).stream_options
        return bool(options and options.include_usage)

    def write_request(self, request: Request) -> bytes:
        """The body that asks `request`."""
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [{"role": m.role, "content": m.text} for m in request.messages],
        }
        if request.stream:
            body["stream"] = True
        if request.max_output_tokens is not None:
            body["max_completion_tokens"] = request.max_output_tokens
        if request.temperature is not None:
            body["temperature"] = request.temperature
        if request.stop:
            body["stop"] = list(request.stop)
        if request.subject is not None:
            body["user"] = request.subject
        return _encode(body)

    def with_model(self, body: bytes, model: str, *, stream: bool) -> bytes:
        """`body` for another model, every other byte of its values kept; streams ask for usage."""
        fields = _raw_object.decode(body)
        fields["model"] = Raw(_encode(model))
        if stream:
            fields["stream_options"] = _WITH_USAGE
        return _encode(fields)

    def read_answer(self, body: bytes) -> Answer:
        """Raises `ProviderError` (garbage) when this is not a chat completion."""
        try:
            given = _answer_in.decode(body)
        except _NOT_JSON as error:
            raise ProviderError("garbage", f"not a chat completion: {error}") from None
        first = given.choices[0]
        return Answer(
            text=first.message.content or "",
            finish_reason=first.finish_reason,
            usage=_usage(given.usage),
        )

    def write_answer(self, answer: Answer, *, model: str, id: str, created_s: int) -> bytes:
        """A whole chat completion. Raises `ValueError` when the answer has no usage."""
        message = {"role": "assistant", "content": answer.text, "refusal": None}
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": answer.finish_reason or "stop",
        }
        return _encode(
            {
                "id": f"chatcmpl-{id}",
                "object": "chat.completion",
                "created": created_s,
                "model": model,
                "choices": [choice],
                "usage": _usage_out(answer.usage),
            }
        )

    def write_stream(
        self, answer: Answer, *, model: str, id: str, created_s: int
    ) -> Iterator[Chunk]:
        """The same answer piece by piece (a word each), with a usage chunk and the end mark."""
        head = {
            "id": f"chatcmpl-{id}",
            "object": "chat.completion.chunk",
            "created": created_s,
            "model": model,
        }

        def event(delta: dict[str, str], finish: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            return b"data: " + _encode({**head, "choices": [choice], "usage": None}) + b"\n\n"

        yield Chunk(event({"role": "assistant", "content": ""}), "start")
        for piece in re.findall(r"\s*\S+\s*|^\s+$", answer.text):
            yield Chunk(event({"content": piece}), "token", text=piece)
        finish = answer.finish_reason or "stop"
        yield Chunk(event({}, finish), "token", finish_reason=finish)
        usage = _encode({**head, "choices": [], "usage": _usage_out(answer.usage)})
        yield Chunk(b"data: " + usage + b"\n\n", "usage", usage=answer.usage)
        yield Chunk(_DONE, "done")

    def read_chunk(self, event: bytes) -> Chunk | None:
        """One server-sent event, ending in a blank line; None for comments and empty events.

        Raises `ProviderError`: garbage, or what an in-band error says.
        """
        data = _event_data(event)
        if data is None:
            return None
        if data == b"[DONE]":
            return Chunk(_DONE, "done")
        try:
            given = _chunk_in.decode(data)
        except _NOT_JSON as error:
            raise ProviderError("garbage", f"a chunk that is not one: {error}") from None
        if given.error is not None:
            message, code = self.read_error(data)
            kind = "refused" if code == "content_filter" else "provider_down"
            raise ProviderError(kind, f"an error in the stream: {message}")
        usage = _usage(given.usage)
        if not given.choices:
            return Chunk(event, "usage" if usage else "start", usage=usage)
        first = given.choices[0]
        has_token = first.delta.content or first.delta.tool_calls is not None or first.finish_reason
        return Chunk(
            event,
            "token" if has_token else "start",
            text=first.delta.content or "",
            finish_reason=first.finish_reason,
            usage=usage,
        )

    def read_error(self, body: bytes) -> tuple[str, str | None]:
        """Message and code of an error body, as far as it is one; the message may be empty."""
        try:
            error = _error_in.decode(body).error
        except _NOT_JSON:
            return "", None
        if isinstance(error, str):
            return error, None
        return error.message, None if error.code is None else str(error.code)

    def write_error(
        self, status: int, message: str, *, code: str | None = None, param: str | None = None
    ) -> bytes:
        """An error body as OpenAI's SDKs expect it."""
        kind = _ERROR_TYPES.get(
            status, "server_error" if status >= 500 else "invalid_request_error"
        )
        error = {"message": message, "type": kind, "param": param, "code": code}
        return _encode({"error": error})


_ERROR_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def _message(given: _MessageIn) -> Message:
    content = given.content
    if isinstance(content, list):
        content = "".join([part.text for part in content])
    return Message(role=_ROLES.get(given.role, given.role), text=content or "")  # pyright: ignore[reportArgumentType]


def _usage(given: _UsageIn | None) -> Usage | None:
    if given is None:
        return None
    details = given.prompt_tokens_details
    return Usage(
        input_tokens=given.prompt_tokens,
        output_tokens=given.completion_tokens,
        cached_input_tokens=(details.cached_tokens or 0) if details else 0,
    )


def _usage_out(usage: Usage | None) -> dict[str, Any]:
    if usage is None:
        raise ValueError("an answer is written with its usage")
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
    }


def _event_data(event: bytes) -> bytes | None:
    """The `data:` of one event, its lines joined as the SSE standard says; None when it has none."""
    if event.startswith(b"data: ") and event.count(b"\n") == 2:
        return event[6:].rstrip()
    lines = [
        line[5:].removeprefix(b" ")
        for line in event.replace(b"\r\n", b"\n").split(b"\n")
        if line.startswith(b"data:")
    ]
    return b"\n".join(lines).strip() if lines else None


plugin = OpenAIChat()
