"""The vendors' own SDKs behind one face, so that one test can be asked in every dialect.

Needs nothing but the SDKs: the two-generation matrix runs this in environments without our package.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CLOSED_CITY = {**CITY, "additionalProperties": False}


@dataclass
class Heard:
    """What a client was told, as its SDK shows it."""

    text: str
    calls: list[tuple[str, str, dict[str, Any]]]
    """Id, name, arguments."""
    finish: str | None
    usage: dict[str, int | None]
    """input, cached, output as the SDK counts them."""
    turn: Any
    """The assistant's turn, to be sent back as it came."""
    thinking: str = ""
    signature: str | None = None


class StreamFailed(Exception):
    """A dialect that tells failures as events, not as exceptions (OpenAI's responses)."""


def get(value: Any, *path: str) -> Any:
    """Along attributes; None as soon as one is missing."""
    for name in path:
        value = getattr(value, name, None)
    return value


class OpenAIChat:
    """`openai`, chat completions."""

    def __init__(self, url: str, key: str = "any", retries: int = 0) -> None:
        import openai

        self.client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=retries)

    async def close(self) -> None:
        await self.client.close()

    def start(self, text: str, image: bool = False) -> list[Any]:
        if not image:
            return [{"role": "user", "content": text}]
        url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
        parts = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]
        return [{"role": "user", "content": parts}]

    def after(self, messages: list[Any], heard: Heard, results: dict[str, str]) -> list[Any]:
        said = [{"role": "tool", "tool_call_id": i, "content": r} for i, r in results.items()]
        return [*messages, heard.turn, *said]

    async def ask(
        self,
        model: str,
        messages: list[Any],
        *,
        stream: bool,
        tools: bool = False,
        schema: bool = False,
    ) -> Heard:
        more: dict[str, Any] = {}
        if tools:
            function = {"name": "weather", "description": "Of a city", "parameters": CITY}
            more["tools"] = [{"type": "function", "function": function}]
        if schema:
            wanted = {"name": "city", "strict": True, "schema": CLOSED_CITY}
            more["response_format"] = {"type": "json_schema", "json_schema": wanted}
        create = self.client.chat.completions.create
        if stream:
            more["stream_options"] = {"include_usage": True}
            return await self._streamed(
                await create(model=model, messages=messages, stream=True, **more)
            )
        answer = await create(model=model, messages=messages, **more)
        choice = answer.choices[0]
        calls = [
            (c.id, c.function.name, c.function.arguments) for c in choice.message.tool_calls or ()
        ]
        blocks = get(choice.message, "thinking_blocks")
        extras = {c.id: get(c, "extra_content") for c in choice.message.tool_calls or ()}
        return self._heard(
            choice.message.content or "",
            calls,
            choice.finish_reason,
            answer.usage,
            get(choice.message, "reasoning_content") or "",
            blocks,
            extras,
        )

    async def _streamed(self, stream: Any) -> Heard:
        text, thinking, finish, usage = "", "", None, None
        calls: dict[int, list[str]] = {}
        blocks: list[Any] = []
        extras: dict[str, Any] = {}
        async for chunk in stream:
            usage = chunk.usage or usage
            for choice in chunk.choices:
                text += choice.delta.content or ""
                thinking += get(choice.delta, "reasoning_content") or ""
                blocks += get(choice.delta, "thinking_blocks") or []
                finish = choice.finish_reason or finish
                for piece in choice.delta.tool_calls or ():
                    call = calls.setdefault(piece.index, ["", "", ""])
                    call[0] = piece.id or call[0]
                    call[1] = piece.function.name or call[1]
                    call[2] += piece.function.arguments or ""
                    extras[call[0]] = get(piece, "extra_content") or extras.get(call[0])
        listed = [(c[0], c[1], c[2]) for _, c in sorted(calls.items())]
        return self._heard(text, listed, finish, usage, thinking, blocks, extras)

    def _heard(
        self,
        text: str,
        calls: Sequence[tuple[str, str, str]],
        finish: Any,
        usage: Any,
        thinking: str,
        blocks: Any,
        extras: dict[str, Any],
    ) -> Heard:
        turn: dict[str, Any] = {"role": "assistant", "content": text or None}
        if calls:
            turn["tool_calls"] = [
                {"id": i, "type": "function", "function": {"name": n, "arguments": a}}
                | ({"extra_content": extras[i]} if extras.get(i) else {})
                for i, n, a in calls
            ]
        if thinking:
            turn["reasoning_content"] = thinking
        if blocks:
            turn["thinking_blocks"] = blocks
        used = {
            "input": get(usage, "prompt_tokens"),
            "cached": get(usage, "prompt_tokens_details", "cached_tokens"),
            "output": get(usage, "completion_tokens"),
        }
        signature = next((b.get("signature") for b in blocks or () if b.get("signature")), None)
        parsed = [(i, n, json.loads(a)) for i, n, a in calls]
        return Heard(text, parsed, finish, used, turn, thinking, signature)


class OpenAIResponses:
    """`openai`, responses."""

    def __init__(self, url: str, key: str = "any", retries: int = 0) -> None:
        import openai

        self.client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=retries)

    async def close(self) -> None:
        await self.client.close()

    def start(self, text: str, image: bool = False) -> list[Any]:
        if not image:
            return [{"role": "user", "content": text}]
        url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
        parts = [
            {"type": "input_text", "text": text},
            {"type": "input_image", "image_url": url, "detail": "auto"},
        ]
        return [{"role": "user", "content": parts}]

    def after(self, messages: list[Any], heard: Heard, results: dict[str, str]) -> list[Any]:
        said = [
            {"type": "function_call_output", "call_id": i, "output": r} for i, r in results.items()
        ]
        return [*messages, *heard.turn, *said]

    async def ask(
        self,
        model: str,
        messages: list[Any],
        *,
        stream: bool,
        tools: bool = False,
        schema: bool = False,
    ) -> Heard:
        more: dict[str, Any] = {"store": False, "include": ["reasoning.encrypted_content"]}
        if tools:
            function = {"name": "weather", "description": "Of a city", "parameters": CITY}
            more["tools"] = [{"type": "function", "strict": False, **function}]
        if schema:
            wanted = {"name": "city", "strict": True, "schema": CLOSED_CITY}
            more["text"] = {"format": {"type": "json_schema", **wanted}}
        if not stream:
            return self._heard(
                await self.client.responses.create(model=model, input=messages, **more)
            )
        text, numbers, last = "", [], None
        async for event in await self.client.responses.create(
            model=model, input=messages, stream=True, **more
        ):
            numbers.append(event.sequence_number)
            if event.type == "response.output_text.delta":
                text += event.delta
            elif event.type in ("error", "response.failed"):
                raise StreamFailed(event.type)
            elif event.type in ("response.completed", "response.incomplete"):
                last = event.response
        if last is None:
            raise AssertionError("the stream ended without its end")
        assert numbers == sorted(set(numbers)), "sequence numbers increase"
        heard = self._heard(last)
        assert heard.text == text, "the deltas are the text"
        return heard

    def _heard(self, response: Any) -> Heard:
        calls = [
            (i.call_id, i.name, json.loads(i.arguments))
            for i in response.output
            if i.type == "function_call"
        ]
        thoughts = [i for i in response.output if i.type == "reasoning"]
        shown = "".join(part.text for item in thoughts for part in item.summary)
        finish = response.status
        if finish == "incomplete":
            finish = response.incomplete_details.reason
        used = {
            "input": get(response.usage, "input_tokens"),
            "cached": get(response.usage, "input_tokens_details", "cached_tokens"),
            "output": get(response.usage, "output_tokens"),
        }
        turn = [item.model_dump(exclude_none=True) for item in response.output]
        sealed = next((i.encrypted_content for i in thoughts if i.encrypted_content), None)
        return Heard(response.output_text, calls, finish, used, turn, shown, sealed)


class Anthropic:
    """`anthropic`, messages; streams through its helper, which insists on `event:` lines."""

    def __init__(self, url: str, key: str = "any", retries: int = 0) -> None:
        import anthropic

        self.client = anthropic.AsyncAnthropic(base_url=url, api_key=key, max_retries=retries)

    async def close(self) -> None:
        await self.client.close()

    def start(self, text: str, image: bool = False) -> list[Any]:
        if not image:
            return [{"role": "user", "content": text}]
        data = base64.b64encode(PNG).decode()
        source = {"type": "base64", "media_type": "image/png", "data": data}
        parts = [{"type": "image", "source": source}, {"type": "text", "text": text}]
        return [{"role": "user", "content": parts}]

    def after(self, messages: list[Any], heard: Heard, results: dict[str, str]) -> list[Any]:
        said = [{"type": "tool_result", "tool_use_id": i, "content": r} for i, r in results.items()]
        return [*messages, heard.turn, {"role": "user", "content": said}]

    async def ask(
        self,
        model: str,
        messages: list[Any],
        *,
        stream: bool,
        tools: bool = False,
        schema: bool = False,
    ) -> Heard:
        more: dict[str, Any] = {}
        if tools:
            tool = {"name": "weather", "description": "Of a city", "input_schema": CITY}
            more["tools"] = [tool]
        if schema:
            form = {"type": "json_schema", "schema": CLOSED_CITY}
            more["extra_body"] = {"output_config": {"format": form}}
        if not stream:
            created = await self.client.messages.create(
                model=model, messages=messages, max_tokens=500, **more
            )
            return self._heard(created)
        text = ""
        async with self.client.messages.stream(
            model=model, messages=messages, max_tokens=500, **more
        ) as events:
            async for event in events:
                if event.type == "text":
                    text += event.text
            heard = self._heard(await events.get_final_message())
        if heard.finish is None:
            raise AssertionError("the stream ended without its end")
        assert heard.text == text, "the deltas are the text"
        return heard

    def _heard(self, message: Any) -> Heard:
        blocks = message.content
        thoughts = [b for b in blocks if b.type == "thinking"]
        keep = {
            "text": ("type", "text"),
            "thinking": ("type", "thinking", "signature"),
            "tool_use": ("type", "id", "name", "input"),
        }
        turn = [{n: getattr(b, n) for n in keep[b.type]} for b in blocks]
        cached = message.usage.cache_read_input_tokens or 0
        used = {
            "input": message.usage.input_tokens,
            "cached": cached,
            "output": message.usage.output_tokens,
        }
        return Heard(
            "".join(b.text for b in blocks if b.type == "text"),
            [(b.id, b.name, dict(b.input)) for b in blocks if b.type == "tool_use"],
            message.stop_reason,
            used,
            {"role": "assistant", "content": turn},
            "".join(b.thinking for b in thoughts),
            next((b.signature for b in thoughts if b.signature), None),
        )


class Gemini:
    """`google-genai`."""

    def __init__(self, url: str, key: str = "any", retries: int = 0) -> None:
        from google import genai
        from google.genai import types

        self.types = types
        self.client = genai.Client(
            api_key=key, http_options=types.HttpOptions(base_url=url, timeout=60_000)
        )

    async def close(self) -> None:
        await self.client.aio.aclose()
        self.client.close()

    def start(self, text: str, image: bool = False) -> list[Any]:
        part = self.types.Part
        parts = [part.from_text(text=text)]
        if image:
            parts.append(part.from_bytes(data=PNG, mime_type="image/png"))
        return [self.types.Content(role="user", parts=parts)]

    def after(self, messages: list[Any], heard: Heard, results: dict[str, str]) -> list[Any]:
        names = {i: name for i, name, _ in heard.calls}
        said = [
            self.types.Part(
                function_response=self.types.FunctionResponse(
                    id=i, name=names[i], response={"result": r}
                )
            )
            for i, r in results.items()
        ]
        return [*messages, heard.turn, self.types.Content(role="user", parts=said)]

    async def ask(
        self,
        model: str,
        messages: list[Any],
        *,
        stream: bool,
        tools: bool = False,
        schema: bool = False,
    ) -> Heard:
        config: dict[str, Any] = {}
        if tools:
            function = {
                "name": "weather",
                "description": "Of a city",
                "parameters_json_schema": CITY,
            }
            config["tools"] = [{"function_declarations": [function]}]
            config["automatic_function_calling"] = {"disable": True}
        if schema:
            config["response_mime_type"] = "application/json"
            config["response_json_schema"] = CITY
        models = self.client.aio.models
        given: dict[str, Any] = {"model": model, "contents": messages, "config": config}
        if not stream:
            return self._heard([await models.generate_content(**given)])
        heard = self._heard([r async for r in await models.generate_content_stream(**given)])
        if heard.finish is None:
            raise AssertionError("the stream ended without its end")
        return heard

    def _heard(self, responses: list[Any]) -> Heard:
        parts: list[Any] = []
        finish, usage = None, None
        for response in responses:
            usage = response.usage_metadata or usage
            for candidate in response.candidates or ():
                finish = candidate.finish_reason or finish
                parts += (candidate.content and candidate.content.parts) or []
        calls = [
            (
                p.function_call.id or p.function_call.name,
                p.function_call.name,
                dict(p.function_call.args or {}),
            )
            for p in parts
            if p.function_call
        ]
        thoughts = get(usage, "thoughts_token_count") or 0
        used = {
            "input": get(usage, "prompt_token_count"),
            "cached": get(usage, "cached_content_token_count"),
            "output": (get(usage, "candidates_token_count") or 0) + thoughts,
        }
        sealed = next((p.thought_signature for p in parts if p.thought_signature), None)
        return Heard(
            "".join(p.text for p in parts if p.text and not p.thought),
            calls,
            finish.value if finish else None,
            used,
            self.types.Content(role="model", parts=parts),
            "".join(p.text for p in parts if p.text and p.thought),
            base64.b64encode(sealed).decode() if sealed else None,
        )


SPEAKERS: dict[str, Any] = {
    "openai_chat": OpenAIChat,
    "openai_responses": OpenAIResponses,
    "anthropic_messages": Anthropic,
    "gemini": Gemini,
}


@asynccontextmanager
async def speaking(
    dialect: str, url: str, key: str = "any", retries: int = 0
) -> AsyncIterator[Any]:
    """A client of that dialect at `url` (without a version), closed at the end."""
    speaker = SPEAKERS[dialect](url, key, retries)
    try:
        yield speaker
    finally:
        await speaker.close()
