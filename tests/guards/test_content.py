"""Denied words, innocent ones, and expressions that could blow up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.answer import Answer
from pilothouse.core.guard import Blocked, Seen
from pilothouse.core.request import Message, Request
from pilothouse.guards._safe_regex import Unsafe, safe_regex
from pilothouse.guards.content import Content, ContentSettings, plugin


def asked(text: str) -> Request:
    return Request(model="m", messages=(Message.of_text("user", text),))


def denies(text: str, *deny: str, **settings: object) -> bool:
    guard = Content(ContentSettings(deny=list(deny), **settings))  # type: ignore[arg-type]
    return isinstance(guard.before(asked(text)), Blocked)


@pytest.mark.parametrize(
    "text",
    [
        "project zeus",
        "Project  ZEUS!",
        "ｐｒｏｊｅｃｔ zeus",
        "pro\u200bject ze\u00adus",
        "project-zeus",
    ],
)
def test_case_width_and_invisible_characters_hide_nothing(text: str) -> None:
    assert denies(f"tell me of {text} now", "Project Zeus")


def test_words_are_whole_unless_parts_are_asked_for() -> None:
    assert not denies("an assistant", "ass")
    assert denies("an assistant", "ass", whole_word=False)
    assert not denies("project zeusland", "project zeus")


def test_an_exception_excuses_the_word_within_it_and_no_other() -> None:
    assert not denies("Essex and Sussex", "sex", whole_word=False, allow=["essex", "sussex"])
    assert denies("Essex sex", "sex", whole_word=False, allow=["essex"])


def test_expressions_look_at_the_folded_text() -> None:
    assert denies("ticket ABC-1234", r"re:\babc-\d{4}\b")
    assert not denies("ticket ABC-12", r"re:\babc-\d{4}\b")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(a+)+b", "without an end"),
        ("a*", "without an end"),
        ("(a{0,30}){0,30}b", "ways"),
        (r"(\w{1,30}\s?){1,30}$", "ways"),
        ("a{0,100}b{0,100}c{0,100}d", "ways"),
        (r"(a)\1", "back-reference"),
        ("(?=a)b", "looking ahead"),
        ("(?<!a)b", "looking ahead"),
        ("(", "not a regular expression"),
        ("a?", "everything"),
        ("[ab]{400}[cd]{400}", "800 characters"),
    ],
)
def test_what_could_blow_up_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(Unsafe, match=why):
        safe_regex(text, ignore_case=True)
    (problem, *_) = plugin.problems(ContentSettings(deny=[f"re:{text}"]), None)
    assert problem[0] == "deny[0]" and why in problem[1]


@pytest.mark.parametrize(
    "text", [r"\bfoo\b", "colou?r", "(cat|dog)s?", "[a-z]{2,40}@x", "a{0,90}b"]
)
def test_bounded_expressions_are_taken(text: str) -> None:
    assert safe_regex(text, ignore_case=False).longest <= 100


_WORDS = st.lists(
    st.sampled_from(["project", " ", "zeus", "ze", "us", "-", "sex", "essex", "Es", "x", "\u200b"]),
    max_size=12,
)


@given(_WORDS, st.data(), st.booleans(), st.booleans())
def test_a_stream_is_blocked_exactly_when_the_whole_is_and_before_the_words_are_out(
    words: list[str], data: st.DataObject, whole_word: bool, has_exception: bool
) -> None:
    text = "".join(words)
    guard = Content(
        ContentSettings(
            deny=["project zeus", "sex", r"re:x\sx"],
            allow=["essex"] if has_exception else [],
            whole_word=whole_word,
        )
    )
    seen = Seen(asked(""))
    is_denied = isinstance(guard.after(Answer.of_text(text), seen), Blocked)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=15)))
    stream = guard.stream(seen, "text")
    assert stream is not None
    said, blocked = "", False
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        got = stream.feed(text[start:end])
        if blocked := isinstance(got, Blocked):
            break
        said += got
    if not blocked:
        got = stream.end()
        blocked = isinstance(got, Blocked)
        said += got if isinstance(got, str) else ""
    assert blocked == is_denied
    assert blocked or said == text
    if blocked and whole_word and not has_exception:
        assert not denies(said, "project zeus", "sex")
