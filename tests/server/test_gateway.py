"""The gateway with the real `openai` SDK as its client, against an upstream that fails in every way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import openai
import pytest

from pilothouse.server.http import Limits

ASK: list[Any] = [{"role": "user", "content": "2 + 2?"}]
Run = Callable[..., None]


def sdk(url: str, key: str = "any") -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=url, api_key=key, max_retries=0)


async def ask(url: str, model: str, **more: Any) -> Any:
    async with sdk(url) as client:
        return await client.chat.completions.create(model=model, messages=ASK, **more)


async def streamed(url: str, model: str, **more: Any) -> list[Any]:
    async with sdk(url) as client:
        stream = await client.chat.completions.create(
            model=model, messages=ASK, stream=True, **more
        )
        return [chunk async for chunk in stream]


def test_a_whole_answer_comes_through_and_is_recorded(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        tag = {"x-pilothouse-tag": "faq" * 30}
        answer = await ask(h.url, "good", temperature=0.5, seed=3, extra_headers=tag)
        assert answer.choices[0].message.content == "Four."
        assert answer._request_id == h.calls[0].request_id
        assert h.upstream.seen[0]["model"] == "good"
        assert h.upstream.seen[0]["seed"] == 3, "what we do not read passes through"
        assert "authorization: Bearer sk-secret-key" in h.upstream.headers[0]
        [call] = h.calls
        assert (call.status, call.input_tokens, call.output_tokens) == ("ok", 7, 3)
        assert call.latency_ms > 0
        assert call.cost_note == "not priced: a test"
        assert call.tag == ("faq" * 30)[:64], "a tag is a name, not a text"

    with_gateway(body)


def test_a_stream_comes_through_and_usage_only_when_asked_for(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        plain = await streamed(h.url, "good")
        assert "".join(c.choices[0].delta.content or "" for c in plain) == "Four."
        assert h.upstream.seen[0]["stream_options"] == {"include_usage": True}
        asked = await streamed(h.url, "good", stream_options={"include_usage": True})
        assert asked[-1].usage.completion_tokens == 3
        assert [c.output_tokens for c in h.calls] == [3, 3]
        assert h.calls[0].ttft_ms is not None
        assert h.calls[0].is_stream

    with_gateway(body)


@pytest.mark.parametrize(
    ("model", "raised", "status", "kind"),
    [
        ("limited", openai.RateLimitError, 429, "rate_limited"),
        ("broken", openai.InternalServerError, 502, "provider_down"),
        ("bad-key", openai.InternalServerError, 502, "auth"),
        ("too-long", openai.BadRequestError, 400, "context_window"),
        ("filtered", openai.BadRequestError, 400, "refused"),
        ("html", openai.InternalServerError, 502, "garbage"),
        ("empty", openai.InternalServerError, 502, "garbage"),
        ("not-http", openai.InternalServerError, 502, "garbage"),
        ("hangs-up", openai.InternalServerError, 502, "provider_down"),
        ("silent", openai.InternalServerError, 504, "timeout"),
        ("down", openai.InternalServerError, 502, "provider_down"),
    ],
)
def test_every_failure_is_a_typed_error_and_a_recorded_call(
    with_gateway: Run, model: str, raised: type[openai.APIStatusError], status: int, kind: str
) -> None:
    async def body(h: Any) -> None:
        for is_stream in (False, True):
            with pytest.raises(raised) as caught:
                await (streamed(h.url, model) if is_stream else ask(h.url, model))
            assert caught.value.status_code == status
            assert caught.value.response.headers["x-should-retry"] == "false"
            assert "sk-secret-key" not in str(caught.value)
            call = h.calls[-1]
            # A refused key is not sent again at once.
            now = "keys_exhausted" if is_stream and kind == "auth" else kind
            assert (call.status, call.error_class) == ("error", now)
            assert "sk-secret-key" not in (call.error or "")
        if model == "limited":
            assert caught.value.response.headers["retry-after"] == "7"

    with_gateway(body)


@pytest.mark.parametrize(
    "model",
    ["limited", "broken", "bad-key", "html", "empty", "not-http", "hangs-up", "silent", "down"],
)
def test_the_next_target_answers_when_the_first_cannot(with_gateway: Run, model: str) -> None:
    async def body(h: Any) -> None:
        answer = await ask(h.url, f"{model}-then-good")
        assert answer.choices[0].message.content == "Four."
        chunks = await streamed(h.url, f"{model}-then-good")
        assert "".join(c.choices[0].delta.content or "" for c in chunks) == "Four."
        twice = [(model, "error", 1), ("good", "ok", 2)]
        # A target that asked for patience is not asked again at once.
        again = [("good", "ok", 1)] if model == "limited" else twice
        assert [(c.target, c.status, c.attempt) for c in h.calls] == twice + again
        assert h.calls[0].request_id == h.calls[1].request_id != h.calls[2].request_id

    with_gateway(body)


@pytest.mark.parametrize("model", ["too-long", "filtered"])
def test_what_another_target_would_refuse_too_is_not_routed_around(
    with_gateway: Run, model: str
) -> None:
    async def body(h: Any) -> None:
        with pytest.raises(openai.BadRequestError):
            await ask(h.url, f"{model}-then-good")
        assert len(h.calls) == 1

    with_gateway(body)


@pytest.mark.parametrize("model", ["cut-early", "error-in-band"])
def test_a_stream_that_fails_before_its_first_token_falls_back_unseen(
    with_gateway: Run, model: str
) -> None:
    async def body(h: Any) -> None:
        chunks = await streamed(h.url, f"{model}-then-good")
        assert "".join(c.choices[0].delta.content or "" for c in chunks) == "Four."
        assert sum(c.choices[0].delta.role == "assistant" for c in chunks) == 1

    with_gateway(body)


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("cut-politely", "cut"),
        ("cut-hard", "cut"),
        ("stalls", "timeout"),
        ("bad-chunk", "cut"),
    ],
)
def test_a_cut_stream_is_an_error_in_band_and_never_a_polite_end(
    with_gateway: Run, model: str, kind: str
) -> None:
    async def body(h: Any) -> None:
        with pytest.raises(openai.APIError):
            await streamed(h.url, f"{model}-then-good")
        raw = await h.raw(request(f"{model}-then-good", stream=True))
        assert b'data: {"error":' in raw
        assert b"[DONE]" not in raw
        assert not raw.endswith(b"0\r\n\r\n"), "the body must not look complete"
        assert [(c.status, c.error_class) for c in h.calls] == [("error", kind)] * 2

    with_gateway(body)


def test_a_caller_who_goes_away_cancels_the_upstream_at_once(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        task = asyncio.create_task(ask(h.url, "silent"))
        await h.upstream.asked.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.wait_for(h.upstream.closed_by_client.wait(), 5)
        assert h.calls[-1].error_class == "cancelled"

    from pilothouse.wire.deadlines import Timeouts

    with_gateway(body, timeouts=Timeouts())


def test_unknown_names_are_answered_with_the_nearest_one(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        with pytest.raises(openai.NotFoundError, match='Did you mean "good"'):
            await ask(h.url, "goood")
        async with sdk(h.url) as client:
            names = [m.id async for m in client.models.list()]
        assert "good-then-good" in names

    with_gateway(body)


def test_a_key_is_asked_for_when_one_is_configured(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        with pytest.raises(openai.AuthenticationError):
            await ask(h.url, "good")
        async with sdk(h.url, "the-key") as client:
            answer = await client.chat.completions.create(model="good", messages=ASK)
        assert answer.choices[0].message.content == "Four."

    with_gateway(body, key="the-key")


@pytest.mark.parametrize(
    ("data", "status", "param"),
    [
        (b"{", 400, None),
        (b"[]", 400, None),
        (b'{"model":"good"}', 422, "messages"),
        (b'{"model":"good","messages":[]}', 422, "messages"),
        (b'{"model":"good","messages":[{"role":"robot","content":"x"}]}', 422, "messages[0].role"),
        (b'{"model":7,"messages":[{"role":"user","content":"x"}]}', 422, "model"),
        (b'{"model":"good","messages":[{"role":"user","content":"\xff"}]}', 400, None),
    ],
)
def test_bad_bodies_name_the_parameter(
    with_gateway: Run, data: bytes, status: int, param: str | None
) -> None:
    async def body(h: Any) -> None:
        raw = await h.raw(post(data))
        assert raw.startswith(f"HTTP/1.1 {status} ".encode()), raw
        assert f'"param":{f"{chr(34)}{param}{chr(34)}" if param else "null"}'.encode() in raw

    with_gateway(body)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /v1/nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 404),
        (b"GET /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 405),
        (
            b"POST /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            405,
        ),
        (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
        (b"hello\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 70_000 + b"\r\n\r\n", 431),
        (b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 99999\r\n\r\n", 413),
    ],
)
def test_every_http_failure_has_an_openai_shaped_body(
    with_gateway: Run, data: bytes, status: int
) -> None:
    async def body(h: Any) -> None:
        raw = await h.raw(data)
        assert raw.startswith(f"HTTP/1.1 {status} ".encode()), raw
        assert status == 200 or b'{"error":{"message":"' in raw

    with_gateway(body, limits=Limits(body_bytes=10_000))


def test_pipelined_requests_are_answered_in_order(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        one = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
        last = b"GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        raw = await h.raw(one * 3 + last)
        assert raw.count(b"HTTP/1.1 200 OK") == 3
        assert raw.rindex(b"200 OK") < raw.index(b"404 Not Found")

    with_gateway(body)


def test_a_chunked_body_is_read(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        data = b'{"model":"good","messages":[{"role":"user","content":"x"}]}'
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
        pieces = b"".join(
            b"%x\r\n%b\r\n" % (len(data[i : i + 9]), data[i : i + 9])
            for i in range(0, len(data), 9)
        )
        raw = await h.raw(head + b"transfer-encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n")
        assert b"Four." in raw

    with_gateway(body)


def post(data: bytes) -> bytes:
    return (
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
        b"content-length: %d\r\n\r\n%b" % (len(data), data)
    )


def request(model: str, *, stream: bool) -> bytes:
    flag = b"true" if stream else b"false"
    return post(
        b'{"model":"%b","stream":%b,"messages":[{"role":"user","content":"x"}]}'
        % (model.encode(), flag)
    )
