"""A kept answer as a stream in any dialect, and a stream as an answer to keep."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from strategies import answers

from pilothouse import registry
from pilothouse.client.cache.entry import entry_of
from pilothouse.client.cache.replay import Gathering, events_of
from pilothouse.core.answer import Answer, Candidate, End, Event, Finish, TextDelta, Usage
from pilothouse.core.ports import Reply
from pilothouse.core.request import (
    MediaPart,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from pilothouse.server.kept import as_stream, as_whole
from pilothouse.wire.sse import Events

from .make import an_ask

DIALECTS = ["openai_chat", "openai_responses", "anthropic_messages", "gemini"]
RICH = Answer(
    id="a1",
    model="m",
    candidates=(
        Candidate(
            parts=(
                ThinkingPart(text="hm", signature="sig"),
                TextPart("Look: "),
                ToolCallPart(id="c1", name="find", arguments='{"q":1}'),
                ToolCallPart(id="c2", name="find", arguments="{}"),
            ),
            finish_reason="tool_calls",
        ),
    ),
    usage=Usage(input_tokens=9, output_tokens=5, cached_input_tokens=2),
)


def gathered(events: Any) -> Answer | None:
    one = Gathering()
    one.add(events)
    return one.answer()


def kept_stream(answer: Answer) -> Any:
    return entry_of(
        Reply(b"", answer, "x"), target="t", provider="p", model="m", at_us=1, cost_usd=None
    )


def test_an_answer_with_every_kind_of_part_survives_as_a_stream() -> None:
    parts = (
        ThinkingPart(text="one", signature="s"),
        ThinkingPart(text="two"),
        ThinkingPart(redacted="sealed"),
        TextPart("a"),
        MediaPart(kind="image", data="aGk=", mime="image/png"),
        TextPart("b"),
        RefusalPart("no"),
        ToolCallPart(id="c", name="f", arguments="{}", signature="s"),
    )
    first = Candidate(parts=parts, finish_reason="stop_sequence", stop_sequence="END")
    second = Candidate(parts=(TextPart("c"),), finish_reason="stop")
    whole = Answer(candidates=(first, second), id="i", model="m")
    assert gathered(events_of(whole)) == whole


@pytest.mark.parametrize("events", [[TextDelta("a")], [TextDelta("a"), Finish("stop")]])
def test_a_stream_without_its_end_mark_is_no_answer(events: list[Event]) -> None:
    assert gathered(events) is None


def test_a_stream_with_log_probabilities_in_pieces_is_not_put_together() -> None:
    pieces: list[Event] = [TextDelta("a", 0, b"{}"), Finish("stop"), End()]  # type: ignore[arg-type]
    assert gathered(pieces) is None


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_one_dialect_was_given_whole_another_gets_as_a_stream(dialect: str) -> None:
    plugin = registry.plugin("dialects", dialect)
    entry = kept_stream(RICH)
    ask = an_ask(stream=True, stream_options={"include_usage": True})
    data = as_stream(entry, plugin, ask, id="r1", created_s=1)
    reader, found = plugin.reader(), Gathering()
    for event in Events().feed(data):
        found.add(reader.read(event))
    answer = found.answer()
    assert answer is not None
    ours = [p for p in RICH.candidates[0].parts if isinstance(p, ToolCallPart)]
    theirs = [p for p in answer.candidates[0].parts if isinstance(p, ToolCallPart)]
    assert [(p.name, p.arguments) for p in theirs] == [(p.name, p.arguments) for p in ours]
    assert answer.text == "Look: "
    assert answer.usage is not None and answer.usage.output_tokens == 5


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_came_as_a_stream_can_be_given_whole_in_any_dialect(dialect: str) -> None:
    plugin = registry.plugin("dialects", dialect)
    answer = plugin.read_answer(as_whole(kept_stream(RICH), plugin, id="r1", created_s=1))
    assert answer.text == "Look: "


def test_within_a_dialect_the_providers_own_bytes_are_given() -> None:
    reply = Reply(b'{"as":"it came"}', RICH, "openai_chat")
    entry = entry_of(reply, target="t", provider="p", model="m", at_us=1, cost_usd=None)
    assert (
        as_whole(entry, registry.plugin("dialects", "openai_chat"), id="r", created_s=1)
        == reply.body
    )
    assert b"it came" not in as_whole(
        entry, registry.plugin("dialects", "gemini"), id="r", created_s=1
    )


@given(answers)
def test_any_answer_is_kept_and_read_as_it_was(answer: Answer) -> None:
    assert kept_stream(answer).answer == answer
