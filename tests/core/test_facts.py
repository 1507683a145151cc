"""Facts are what the envelope says, and with the content what the whole request says."""

from __future__ import annotations

import pytest
from msgspec import Raw

from pilothouse.core.content import looks_like_code, script_of
from pilothouse.core.dialect import Envelope
from pilothouse.core.facts import MEDIA_TOKENS, facts_of_envelope, with_content
from pilothouse.core.request import (
    MediaPart,
    Message,
    OutputFormat,
    Request,
    TextPart,
    Thinking,
    Tool,
    ToolResultPart,
)


def test_the_envelope_tells_the_cheap_facts_and_a_header_wins_for_the_subject() -> None:
    envelope = Envelope(model="r", stream=True, max_output_tokens=7, subject="body")
    facts = facts_of_envelope(envelope, request_id="id", subject="header", team="t")
    assert (facts.model, facts.stream, facts.subject, facts.team) == ("r", True, "header", "t")
    assert facts.input_tokens is None and facts.max_output_tokens == 7
    assert facts_of_envelope(envelope, request_id="id").subject == "body"


def test_the_content_is_counted_and_named_but_not_kept() -> None:
    image = MediaPart(kind="image", url="https://example.org/cat.png")
    sound = MediaPart(kind="audio", data="AAAA")
    request = Request(
        model="r",
        messages=(
            Message(role="user", parts=(TextPart("x" * 400), image)),
            Message(role="tool", parts=(ToolResultPart(call_id="1", parts=(sound,)),)),
        ),
        tools=(Tool(name="t", parameters=Raw(b"{" + b" " * 398 + b"}")),),
        output=OutputFormat(),
        thinking=Thinking(effort="high"),
    )
    facts = with_content(facts_of_envelope(Envelope(model="r"), request_id="id"), request)
    assert facts.input_tokens == 100 + 100 + 2 * MEDIA_TOKENS
    assert facts.messages == 2
    assert facts.has_images and facts.has_audio and facts.has_tools and not facts.has_files
    assert facts.wants_json and facts.wants_thinking and not facts.has_code
    assert facts.script == "latin"
    assert "xxx" not in repr(facts)


@pytest.mark.parametrize("thinking", [Thinking(budget_tokens=0), Thinking(effort="none")])
def test_thinking_that_is_switched_off_is_not_wanted(thinking: Thinking) -> None:
    request = Request(model="r", messages=(), thinking=thinking)
    facts = with_content(facts_of_envelope(Envelope(model="r"), request_id="id"), request)
    assert not facts.wants_thinking


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fix this:\n```\nx = 1\n```", True),
        ("Write a Python function that sorts a list", True),
        ("Why does `for (;;){ }` never end", True),
        ("A class of 30 students went on a trip. How many buses?", False),
        ("How do I return a defective import from Java?", False),
        ("def add(a, b):", True),
        ("Write a function to find the first digit of a number.", True),
        ("please implement an SQL view", True),
        ("Write a script for a play and a code of conduct", False),
        ("He saw it himself. Trust is a function of time", False),
        ("", False),
    ],
)
def test_code_is_guessed_by_marks_that_can_be_named(text: str, expected: bool) -> None:
    assert looks_like_code(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", "latin"),
        ("привет", "cyrillic"),
        ("你好", "han"),
        ("こんにちは", "kana"),
        ("안녕", "hangul"),
        ("γεια", "greek"),
        ("123 !?", None),
    ],
)
def test_the_script_is_that_of_most_letters(text: str, expected: str | None) -> None:
    assert script_of(text) == expected
