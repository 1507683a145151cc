"""Each limit stops what is over it and says both numbers."""

from __future__ import annotations

import pytest

from pilothouse.core.answer import Answer
from pilothouse.core.guard import ALLOWED, Blocked, Seen
from pilothouse.core.request import MediaPart, Message, Request, TextPart, Tool, ToolResultPart
from pilothouse.guards.size import Size, SizeSettings, plugin

IMAGE = MediaPart(kind="image", data="x" * 40)
ASKED = Request(
    model="m",
    messages=(
        Message(role="user", parts=(TextPart("ééé four"), IMAGE)),
        Message(role="tool", parts=(ToolResultPart(call_id="1", parts=(TextPart("12"), IMAGE)),)),
    ),
    tools=(Tool(name="f"),),
)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("chars", 10),
        ("tokens", 4),
        ("messages", 2),
        ("tools", 1),
        ("attachments", 2),
        ("base64_bytes", 80),
    ],
)
def test_a_request_may_be_as_large_as_the_limit_and_no_larger(name: str, size: int) -> None:
    assert Size(SizeSettings(**{name: size})).before(ASKED) is ALLOWED
    verdict = Size(SizeSettings(**{name: size - 1})).before(ASKED)
    assert isinstance(verdict, Blocked)
    assert f"has {size} " in verdict.reason and f"{size - 1} are allowed" in verdict.reason


def test_an_answer_ends_where_its_limit_is() -> None:
    guard = Size(SizeSettings(answer_chars=5))
    assert guard.after(Answer.of_text("12345"), Seen(ASKED)) is ALLOWED
    assert isinstance(guard.after(Answer.of_text("123456"), Seen(ASKED)), Blocked)
    stream = guard.stream(Seen(ASKED), "text")
    assert stream is not None
    assert [stream.feed("123"), stream.feed("45")] == ["123", "45"]
    assert isinstance(stream.feed("6"), Blocked)


def test_limits_that_limit_nothing_are_told() -> None:
    assert "no limit is given" in plugin.problems(SizeSettings(), None)[0][1]
