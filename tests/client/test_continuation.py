"""A stream that breaks goes on at the next target, and its caller reads one answer."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from msgspec import Raw
from msgspec.structs import replace
from scripted import QUESTION, Rows, Scripted, Step, breaks, client_of, route, says, targets

from pilothouse.client.continuation import GO_ON, continued
from pilothouse.core.answer import Event, TextDelta, ThinkingDelta, ToolBegin
from pilothouse.core.ask import Ask
from pilothouse.core.errors import ProviderError
from pilothouse.core.request import OutputFormat, Request, ToolChoice
from pilothouse.core.route import RouteSpec
from pilothouse.core.route_settings import Retries, Timeouts
from pilothouse.dialects.anthropic_messages import plugin as anthropic
from pilothouse.dialects.openai_chat import plugin as chat
from pilothouse.dialects.openai_responses import plugin as responses

CUT = ProviderError("cut", "the line went dead")


def spec(**more: Any) -> RouteSpec:
    once = Retries(attempts_per_target=1)
    fields: dict[str, Any] = {"continuation": True, "retries": once, **more}
    return RouteSpec(name="route", policy="fallback", targets=targets("a", "b", "c"), **fields)


async def read(
    *scripts: list[Step],
    ask: Ask | Request = QUESTION,
    how: RouteSpec | None = None,
    dialect: str = "openai_chat",
) -> tuple[list[Event], bytes, Rows, list[Scripted]]:
    """All that came: events, what we wrote ourselves, rows, and the providers."""
    names = [chr(ord("a") + i) for i in range(len(scripts))]
    providers = [Scripted(script, dialect=dialect) for script in scripts]
    rows = Rows()
    client = client_of(dict(zip(names, providers, strict=True)), rows)
    live = await client.stream(ask, route(*names), spec=how or spec())
    events: list[Event] = []
    ours = b""
    try:
        while (piece := await live.next()) is not None:
            events.extend(piece.events)
            ours += piece.data if piece.is_ours else b""
    except ProviderError as error:
        live.close()
        error.add_note(text_of(events))
        error.rows = rows  # type: ignore[attr-defined]
        raise
    return events, ours, rows, providers


def text_of(events: list[Event]) -> str:
    return "".join([e.text for e in events if isinstance(e, TextDelta)])


def told(rows: Rows) -> list[tuple[str, str, int, str | None, str | None]]:
    return [(c.target, c.status, c.attempt, c.error_class, c.finish_reason) for c in rows.calls]


def from_chat(**more: Any) -> Ask:
    body = msgspec.json.encode(
        {"model": "r", "stream": True, "messages": [{"role": "user", "content": "x"}], **more}
    )
    return Ask(chat, body, chat.read_envelope(body))


def test_the_next_target_is_told_what_was_said_and_asked_to_go_on() -> None:
    events, _, rows, (_, b) = asyncio.run(read(breaks("The quick"), says(" brown", " fox")))
    assert text_of(events) == "The quick brown fox"
    assert told(rows) == [("a", "error", 1, "cut", None), ("b", "ok", 2, None, "stop")]
    assert len({call.request_id for call in rows.calls}) == 1
    *before, assistant, user = b.asks[0].request.messages
    assert tuple(before) == QUESTION.messages
    assert (assistant.role, assistant.text) == ("assistant", "The quick")
    assert (user.role, user.text) == ("user", GO_ON)


def test_words_that_are_repeated_are_left_out() -> None:
    events, *_ = asyncio.run(read(breaks("The quick bro"), says("The ", "quick ", "brown fox")))
    assert text_of(events) == "The quick brown fox"


def test_what_is_held_back_is_said_before_the_end() -> None:
    events, *_ = asyncio.run(read(breaks("The quick brown"), says("The quick")))
    assert text_of(events) == "The quick brownThe quick"


def test_it_may_break_more_than_once() -> None:
    events, _, rows, (_, _, c) = asyncio.run(read(breaks("a "), breaks("b "), says("c")))
    assert text_of(events) == "a b c"
    assert [call.target for call in rows.calls] == ["a", "b", "c"]
    assert c.asks[0].request.messages[-2].text == "a b "


def test_a_target_that_cannot_even_begin_is_passed_over() -> None:
    down: list[Step] = [ProviderError("provider_down", "down")]
    events, _, rows, _ = asyncio.run(read(breaks("a "), down, says("c")))
    assert text_of(events) == "a c"
    assert [(c.target, c.attempt) for c in rows.calls] == [("a", 1), ("b", 2), ("c", 3)]


def test_when_going_on_fails_too_both_failures_are_told_and_the_first_ones_class_counts() -> None:
    down: list[Step] = [ProviderError("provider_down", "b is down")]
    with pytest.raises(ProviderError, match=r"line went dead; .* failed too: b is down") as caught:
        asyncio.run(read(breaks("a "), down))
    assert caught.value.kind == "cut"
    assert caught.value.__notes__ == ["a "]


@pytest.mark.parametrize("kind", ["refused", "caller", "garbage", "rate_limited"])
def test_only_faults_of_the_line_or_the_vendor_are_mended(kind: Any) -> None:
    with pytest.raises(ProviderError):
        asyncio.run(read(breaks("a ", error=ProviderError(kind, "no")), says("b")))


@pytest.mark.parametrize(
    "event",
    [ToolBegin(0, "t1", "look"), ThinkingDelta("hm", signature="s"), TextDelta("x", choice=1)],
    ids=["a tool call", "signed thinking", "a second candidate"],
)
def test_what_another_model_cannot_finish_is_not_gone_on_with(event: Event) -> None:
    with pytest.raises(ProviderError, match="went dead"):
        asyncio.run(read([TextDelta("a "), event, CUT], says("b")))


def test_thinking_that_was_shown_in_clear_does_not_hinder_and_is_not_shown_twice() -> None:
    first: list[Step] = [ThinkingDelta("hm"), TextDelta("a "), CUT]
    second: list[Step] = [ThinkingDelta("and now?"), *says("b")]
    events, *_ = asyncio.run(read(first, second))
    assert text_of(events) == "a b"
    assert sum(isinstance(event, ThinkingDelta) for event in events) == 1


def test_without_the_setting_or_without_a_next_target_it_breaks_as_ever() -> None:
    with pytest.raises(ProviderError, match="went dead"):
        asyncio.run(read(breaks("a "), says("b"), how=spec(continuation=False)))
    with pytest.raises(ProviderError, match="went dead"):
        asyncio.run(read(breaks("a ")))


@pytest.mark.parametrize(
    "request_",
    [
        replace(QUESTION, output=OutputFormat(schema=Raw(b"{}"))),
        replace(QUESTION, tool_choice=ToolChoice(mode="required")),
        replace(QUESTION, n=2),
    ],
)
def test_an_answer_that_would_begin_anew_is_not_continued(request_: Request) -> None:
    assert continued(Ask.of_request(request_), "said") is None
    with pytest.raises(ProviderError, match="went dead"):
        asyncio.run(read(breaks("a "), says("b"), ask=request_))


def test_the_rest_of_the_tokens_allowed_is_allowed() -> None:
    ask = Ask.of_request(replace(QUESTION, max_output_tokens=100))
    assert (left := continued(ask, "x" * 40)) is not None
    assert left.request.max_output_tokens == 90
    assert (left := continued(ask, "x" * 4000)) is not None
    assert left.request.max_output_tokens == 1


def test_the_rest_of_the_time_is_what_the_next_target_gets() -> None:
    how = spec(timeouts=Timeouts(total_s=60.0))
    *_, (_, b) = asyncio.run(read(breaks("a "), says("b"), how=how))
    assert b.limits[0] is not None and b.limits[0].total_s == 60.0


def test_in_the_callers_own_dialect_what_follows_is_written_under_the_ids_already_seen() -> None:
    first = breaks("The quick")
    first[0] = replace(first[0], id="chatcmpl-one", model="first-model")  # type: ignore[type-var]
    _, ours, _, _ = asyncio.run(read(first, says(" brown fox", id="chatcmpl-two"), ask=from_chat()))
    comment, *rest = ours.decode().split("\n\n")
    assert comment == ": continued on b"
    chunks = [msgspec.json.decode(line.removeprefix("data: ")) for line in rest[:-2]]
    assert rest[-2] == "data: [DONE]"
    assert {chunk["id"] for chunk in chunks} == {"chatcmpl-one"}
    assert {chunk["model"] for chunk in chunks} == {"first-model"}
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    assert deltas == [{"content": " brown fox"}, {}], "the role has been told before"


def test_an_id_of_another_kind_stays_as_it_was() -> None:
    first = breaks("a")
    first[0] = replace(first[0], id="gen-17")  # type: ignore[type-var]
    _, ours, _, _ = asyncio.run(read(first, says(' "chatcmpl-gen-17"'), ask=from_chat()))
    assert b'"id":"gen-17"' in ours and b'"id":"chatcmpl' not in ours
    assert rb"\"chatcmpl-gen-17\"" in ours, "what the model says is never touched"


def test_an_anthropic_block_that_is_open_stays_open_and_goes_on() -> None:
    body = b'{"model":"r","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"x"}]}'
    ask = Ask(anthropic, body, anthropic.read_envelope(body))
    _, ours, _, _ = asyncio.run(
        read(breaks("a "), says("b"), ask=ask, dialect="anthropic_messages")
    )
    comment, *events = ours.decode().split("\n\n")[:-1]
    assert comment == ": continued on b"
    kinds = [event.partition("\n")[0].removeprefix("event: ") for event in events]
    assert kinds == ["content_block_delta", "content_block_stop", "message_delta", "message_stop"]
    first = msgspec.json.decode(events[0].partition("data: ")[2])
    assert (first["index"], first["delta"]["text"]) == (0, "b")


def test_a_responses_stream_is_written_by_us_from_its_start_because_its_events_are_numbered() -> (
    None
):
    body = b'{"model":"r","stream":true,"input":"x"}'
    ask = Ask(responses, body, responses.read_envelope(body))
    _, ours, _, _ = asyncio.run(read(breaks("a "), says("b"), ask=ask, dialect="openai_responses"))
    blocks = [b for b in ours.decode().split("\n\n") if "data: " in b]
    events = [msgspec.json.decode(block.partition("data: ")[2]) for block in blocks]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    deltas = [e for e in events if e["type"] == "response.output_text.delta"]
    assert [delta["delta"] for delta in deltas] == ["a ", "b"]
    assert len({delta["item_id"] for delta in deltas}) == 1
    assert events[-1]["type"] == "response.completed"


def test_in_another_dialect_only_events_and_the_comment_come() -> None:
    body = b'{"model":"r","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"x"}]}'
    ask = Ask(anthropic, body, anthropic.read_envelope(body))
    events, ours, _, _ = asyncio.run(read(breaks("a "), says("b"), ask=ask))
    assert ours == b": continued on b\n\n"
    assert text_of(events) == "a b"
