"""Guards through the real gateway with the real `openai` SDK: redacted, blocked, whole and streamed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest

from pilothouse.client.guarding import GuardBook, Placed
from pilothouse.core.guard import Guard
from pilothouse.core.route_settings import CacheSettings
from pilothouse.guards.content import Content, ContentSettings
from pilothouse.guards.pii import Pii, PiiSettings
from pilothouse.guards.python import PythonSettings, loaded

Run = Callable[..., None]
ASK: list[Any] = [{"role": "user", "content": "I am ann@example.com. 2 + 2?"}]


def book(guard: Guard, **placed: Any) -> tuple[GuardBook, dict[tuple[str, str], int]]:
    counts: dict[tuple[str, str], int] = {}

    def count(name: str, deed: str, times: int) -> None:
        counts[name, deed] = counts.get((name, deed), 0) + times

    return GuardBook([Placed(name="g", guard=guard, timeout_ms=5_000, **placed)], count), counts


async def ask(url: str, *, stream: bool = False, model: str = "good") -> tuple[str, str | None]:
    async with openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as client:
        model = "good-stream" if stream and model == "good" else model
        raw = await client.chat.completions.with_raw_response.create(
            model=model, messages=ASK, stream=stream
        )
        said = raw.headers.get("x-pilothouse-guards")
        answer: Any = raw.parse()
        if not stream:
            return answer.choices[0].message.content or "", said
        chunks = [chunk async for chunk in answer]
        return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices), said


@pytest.mark.parametrize("stream", [False, True])
def test_no_target_sees_what_is_redacted(with_gateway: Run, stream: bool) -> None:
    guards, counts = book(Pii(PiiSettings()))

    async def body(h: Any) -> None:
        text, said = await ask(h.url, stream=stream)
        assert (text, said) == ("Four.", "g:redact(1)")
        assert "ann@" not in json.dumps(h.upstream.seen)
        assert "<EMAIL_1>" in json.dumps(h.upstream.seen)

    with_gateway(body, guards=guards)
    assert counts == {("g", "redact"): 1}


@pytest.mark.parametrize("stream", [False, True])
def test_a_blocked_question_is_asked_of_nobody(with_gateway: Run, stream: bool) -> None:
    guards, counts = book(Pii(PiiSettings(action="block")))

    async def body(h: Any) -> None:
        with pytest.raises(openai.BadRequestError) as caught:
            await ask(h.url, stream=stream)
        assert caught.value.code == "guardrail_blocked"
        assert '"g"' in str(caught.value) and "ann@" not in str(caught.value)
        assert h.upstream.seen == []

    with_gateway(body, guards=guards)
    assert counts == {("g", "block"): 1}


def test_a_blocked_answer_is_400_whole_and_an_error_in_band_in_a_stream(with_gateway: Run) -> None:
    guards, _ = book(Content(ContentSettings(deny=["four"])))

    async def body(h: Any) -> None:
        with pytest.raises(openai.BadRequestError, match="guard"):
            await ask(h.url)
        with pytest.raises(openai.APIError, match="guard"):
            await ask(h.url, stream=True)

    with_gateway(body, guards=guards)


@pytest.mark.parametrize("stream", [False, True])
def test_a_python_guard_rewrites_answers(with_gateway: Run, tmp_path: Path, stream: bool) -> None:
    (tmp_path / "own.py").write_text("def guard(text):\n    return text.replace('Four', 'Five')\n")
    guards, counts = book(loaded(PythonSettings(path=str(tmp_path / "own.py"))))

    async def body(h: Any) -> None:
        assert (await ask(h.url, stream=stream))[0] == "Five."

    with_gateway(body, guards=guards)
    assert counts == {("g", "change"): 1}


def test_what_only_flags_lets_everything_pass(with_gateway: Run) -> None:
    guards, counts = book(Content(ContentSettings(deny=["four"])), is_flagging=True)

    async def body(h: Any) -> None:
        assert (await ask(h.url)) == ("Four.", "g:flag(1)")
        assert (await ask(h.url, stream=True))[0] == "Four."

    with_gateway(body, guards=guards)
    assert counts == {("g", "flag"): 2}


def test_a_kept_answer_passes_the_guards_too(with_gateway: Run, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def guard(text):\n    return text.replace('Four', 'Five')\n")
    guards, counts = book(loaded(PythonSettings(path=str(tmp_path / "own.py"))))

    async def body(h: Any) -> None:
        for _ in range(2):
            async with openai.AsyncOpenAI(base_url=h.url, api_key="any", max_retries=0) as client:
                answer = await client.chat.completions.create(
                    model="good", messages=ASK, temperature=0
                )
                assert answer.choices[0].message.content == "Five."
        assert len(h.upstream.seen) == 1

    with_gateway(body, guards=guards, cache=CacheSettings(ttl_s=60))
    assert counts == {("g", "change"): 2}


def test_a_route_that_is_not_named_passes_untouched(with_gateway: Run) -> None:
    guards, counts = book(Pii(PiiSettings(action="block")), routes=("other-*",))

    async def body(h: Any) -> None:
        assert await ask(h.url) == ("Four.", None)

    with_gateway(body, guards=guards)
    assert counts == {}
