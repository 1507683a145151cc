"""The replay provider: recorded answers, nothing invented."""

import asyncio
import json
from pathlib import Path

import pytest

from pilothouse.core.answer import Begin, End, Event, Finish, TextDelta, Used
from pilothouse.core.ask import Ask
from pilothouse.core.errors import InvalidInput, NotFound, ProviderError
from pilothouse.core.request import Message, Request
from pilothouse.core.route import Target
from pilothouse.dialects.openai_chat import plugin as dialect
from pilothouse.providers.replay import Replay
from pilothouse.recordings import questions

TARGET = Target(name="t", provider="p", model="gpt-4-1106-preview")


def ask(text: str) -> Ask:
    request = Request(
        model="any",
        messages=(Message.of_text("system", "Be brief."), Message.of_text("user", text)),
    )
    return Ask.of_request(request)


def recording(folder: Path, *rows: dict[str, object]) -> str:
    path = folder / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_the_recorded_answer_comes_back_byte_for_byte_without_times() -> None:
    question = questions("builtin:gsm8k")[7]
    reply = asyncio.run(Replay("builtin:gsm8k").complete(TARGET, ask(question.prompt)))
    assert reply.answer.text == question.answers[TARGET.model]
    assert (reply.answer.latency_ms, reply.answer.ttft_ms) == (None, None)
    usage = reply.answer.usage
    assert usage is not None and usage.is_estimated and usage.output_tokens > 0
    assert dialect.read_answer(reply.body).text == reply.answer.text


def test_a_stream_holds_the_same_text_and_ends_with_its_mark() -> None:
    question = questions("builtin:gsm8k")[0]

    async def events() -> list[Event]:
        stream = await Replay("builtin:gsm8k").stream(TARGET, ask(question.prompt))
        found: list[Event] = []
        while (piece := await stream.next()) is not None:
            found += piece.events
        return found

    found = asyncio.run(events())
    text = "".join(e.text for e in found if isinstance(e, TextDelta))
    assert text == question.answers[TARGET.model]
    rest = [type(e) for e in found if not isinstance(e, TextDelta)]
    assert rest == [Begin, Finish, Used, End]


def test_a_question_that_is_not_held_is_the_callers_fault() -> None:
    with pytest.raises(ProviderError, match="holds no answer") as caught:
        asyncio.run(Replay("builtin:gsm8k").complete(TARGET, ask("What is love?")))
    assert (caught.value.kind, caught.value.http_status) == ("caller", 404)


def test_what_was_recorded_is_given_as_it_was(tmp_path: Path) -> None:
    row = {
        "model": TARGET.model,
        "prompt": "2+2?",
        "answer": "4",
        "latency_ms": 812.5,
        "ttft_ms": 90,
        "input_tokens": 11,
        "output_tokens": 1,
    }
    provider = Replay(recording(tmp_path, row))
    answer = asyncio.run(provider.complete(TARGET, ask("2+2?"))).answer
    assert (answer.latency_ms, answer.ttft_ms) == (812.5, 90)
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.is_estimated) == (11, False)


def test_a_broken_recording_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"model":"m","prompt":"p","answer":"a"}\n{"model":"m"}\n', encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"answers\.jsonl:2: "):
        asyncio.run(Replay(str(path)).complete(TARGET, ask("p")))


def test_a_recording_that_does_not_exist_is_said() -> None:
    with pytest.raises(NotFound, match='Did you mean "gsm8k"'):
        asyncio.run(Replay("builtin:gsm8").complete(TARGET, ask("p")))
    with pytest.raises(InvalidInput, match="cannot be read"):
        asyncio.run(Replay("/nowhere/x.jsonl").complete(TARGET, ask("p")))
