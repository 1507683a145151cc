"""The gateway with a cache: what the real `openai` and `anthropic` SDKs get when a question was asked before."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest

from pilothouse.core.route_settings import CacheSettings

Run = Callable[..., None]
KEPT = CacheSettings(ttl_s=60)
ASK: list[Any] = [{"role": "user", "content": "2 + 2?"}]


async def ask(url: str, *, model: str = "good", **more: Any) -> tuple[str, str | None]:
    """The answer's text and what the cache said."""
    async with openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as client:
        options = {"temperature": 0, **more}
        raw = await client.chat.completions.with_raw_response.create(
            model=model, messages=ASK, **options
        )
        said = raw.headers.get("x-pilothouse-cache")
        answer = raw.parse()
        if not more.get("stream"):
            return answer.choices[0].message.content or "", said
        chunks = [chunk async for chunk in answer]
        return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices), said


def test_the_second_time_nobody_is_asked_and_the_record_says_so(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        assert await ask(h.url) == ("Four.", "miss")
        assert await ask(h.url) == ("Four.", "hit")
        assert await ask(h.url, stream=True) == ("Four.", "hit")
        assert len(h.upstream.seen) == 1
        assert [c.cost_usd for c in h.calls] == [None, 0, 0]
        assert [c.cache for c in h.calls] == [None, "exact", "exact"]
        assert h.calls[1].cost_note == "from the cache; its price is not known"

    with_gateway(body, cache=KEPT)


def test_a_stream_is_kept_and_given_whole_and_in_another_dialect(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        more: dict[str, Any] = {"stream": True, "max_completion_tokens": 9}
        assert await ask(h.url, **more) == ("Four.", "miss")
        assert await ask(h.url, max_completion_tokens=9) == ("Four.", "hit")
        url = h.url.removesuffix("/v1")
        async with anthropic.AsyncAnthropic(base_url=url, api_key="any", max_retries=0) as client:
            answer = await client.messages.create(
                model="good", max_tokens=9, messages=ASK, extra_body={"temperature": 0}
            )
            assert answer.content[0].text == "Four."  # type: ignore[union-attr]
            async with client.messages.stream(
                model="good", max_tokens=9, messages=ASK, extra_body={"temperature": 0}
            ) as stream:
                assert await stream.get_final_text() == "Four."
        assert len(h.upstream.seen) == 1

    with_gateway(body, cache=KEPT)


def test_many_at_once_ask_once(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        got = await asyncio.gather(*[ask(h.url) for _ in range(20)])
        assert {text for text, _ in got} == {"Four."}
        assert len(h.upstream.seen) == 1

    with_gateway(body, cache=KEPT)


def test_the_callers_word_counts(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        async with openai.AsyncOpenAI(base_url=h.url, api_key="any", max_retries=0) as client:
            try:
                await client.chat.completions.create(
                    model="good",
                    messages=ASK,
                    extra_headers={"cache-control": "only-if-cached"},
                )
                raise AssertionError("it was asked")
            except openai.APIStatusError as error:
                assert (error.status_code, error.code) == (504, "not_cached")
        assert h.upstream.seen == []
        assert (await ask(h.url, extra_headers={"cache-control": "no-store"}))[1] == "bypass"
        assert (await ask(h.url))[1] == "miss"

    with_gateway(body, cache=KEPT)


@pytest.mark.parametrize(
    ("model", "is_stream"), [("broken", False), ("filtered", False), ("cut-hard", True)]
)
def test_errors_and_broken_streams_are_asked_again(
    with_gateway: Run, model: str, is_stream: bool
) -> None:
    async def body(h: Any) -> None:
        for _ in range(2):
            # A cut connection is httpx's own error, whatever that is called this year.
            with contextlib.suppress(Exception):
                await ask(h.url, model=model, stream=is_stream)
        assert len(h.upstream.seen) == 2
        assert [c.status for c in h.calls] == ["error", "error"]

    with_gateway(body, cache=KEPT)


def test_what_two_models_said_together_is_not_kept(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        for _ in range(2):
            assert await ask(h.url, model="cut-hard-then-good", stream=True) == ("Four.", "miss")
        assert len(h.upstream.seen) == 4

    with_gateway(body, cache=KEPT, serves={"continuation": True})
