"""A chunk that is read by its likeness to the one before means what it means when it is parsed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.answer import TextDelta
from pilothouse.core.errors import ProviderError
from pilothouse.dialects._openai_like_before import LikeBefore
from pilothouse.dialects._openai_stream import ChatReader

BEGIN = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant"}}]}\n\n'
TEXTS = st.text(max_size=8) | st.sampled_from(
    ['"', "\\", "é", "四", "\n", "content", '"content":"']
)

LOGPROBS: list[dict[str, Any] | None] = [None, None, None, {"content": []}]


@st.composite
def chunks(draw: st.DrawFn) -> bytes:
    delta: dict[str, Any] = {"content": draw(TEXTS)}
    if draw(st.integers(0, 9)) == 0:
        delta["reasoning_content"] = draw(TEXTS)
    choice: dict[str, Any] = {"index": draw(st.sampled_from([0, 0, 0, 1])), "delta": delta}
    choice["logprobs"] = draw(st.sampled_from(LOGPROBS))
    choice["finish_reason"] = draw(st.sampled_from([None, None, None, "stop"]))
    chunk: dict[str, Any] = {"id": "c", "choices": [choice], "usage": None}
    if draw(st.booleans()):
        chunk["obfuscation"] = draw(st.sampled_from(["aB3", "x", "", 'q"']))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    ascii_only = draw(st.booleans())
    return b"data: %b\n\n" % json.dumps(
        chunk, separators=separators, ensure_ascii=ascii_only
    ).encode(errors="surrogatepass")


def read(reader: ChatReader, event: bytes) -> Any:
    try:
        return list(reader.read(event))
    except ProviderError as error:
        return error.kind


@given(st.lists(chunks(), max_size=8))
def test_no_stream_is_read_otherwise_than_chunk_by_chunk(stream: list[bytes]) -> None:
    one = ChatReader()
    one.read(BEGIN)
    for event in stream:
        fresh = ChatReader()
        fresh.read(BEGIN)
        assert read(one, event) == read(fresh, event)


def chunk(inside: bytes, behind: bytes = b'"}}]}\n\n') -> bytes:
    return b'data: {"choices":[{"index":2,"delta":{"content":"' + inside + behind


@pytest.mark.parametrize(
    "other",
    [
        chunk(b'a","refusal":"b'),
        chunk(b"\\u00e9"),
        chunk(b"a\tb"),
        chunk(b""),
        chunk(b"\xff"),
        chunk(b"a", b'"},"finish_reason":"stop"}]}\n\n'),
        chunk(b"a\n\ndata: b"),
    ],
)
def test_what_does_not_fit_is_parsed(other: bytes) -> None:
    like = LikeBefore()
    like.learn(chunk(b"first"), TextDelta("first", 2))
    assert like.read(chunk(b"\xc3\xa9t\xc3\xa9")) == TextDelta("été", 2)
    assert like.read(other) is None


def test_padding_of_any_length_does_not_hinder() -> None:
    like = LikeBefore()
    like.learn(chunk(b"one", b'"}}],"obfuscation":"x1"}\n\n'), TextDelta("one", 2))
    assert like.read(chunk(b"two", b'"}}],"obfuscation":"Zz9q"}\n\n')) == TextDelta("two", 2)
    assert like.read(chunk(b"two", b'"}}],"obfuscation":"a","usage":{}}\n\n')) is None
