"""OpenAI's format, both ways."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.core.request import Answer, Message, Request, Usage
from pilothouse.dialects.openai_chat import plugin as dialect

texts = st.text(max_size=80).filter(lambda t: t < "\ud800" or t.isprintable())
messages = st.lists(
    st.builds(Message, role=st.sampled_from(["system", "user", "assistant"]), text=texts),
    min_size=1,
    max_size=5,
).map(tuple)
requests = st.builds(
    Request,
    model=st.text(min_size=1, max_size=20),
    messages=messages,
    stream=st.booleans(),
    max_output_tokens=st.none() | st.integers(1, 10_000),
    temperature=st.none() | st.floats(0, 2),
    stop=st.lists(st.text(min_size=1, max_size=5), max_size=3).map(tuple),
    subject=st.none() | st.text(min_size=1, max_size=10),
)
usages = st.builds(
    Usage,
    input_tokens=st.integers(0, 10**6),
    output_tokens=st.integers(0, 10**6),
    cached_input_tokens=st.integers(0, 100),
)
answers = st.builds(Answer, text=st.text(max_size=200), finish_reason=st.just("stop"), usage=usages)


@given(requests)
def test_a_request_survives_the_way_there_and_back(request: Request) -> None:
    assert dialect.read_request(dialect.write_request(request)) == request


@given(answers)
def test_an_answer_survives_the_way_there_and_back(answer: Answer) -> None:
    assert (
        dialect.read_answer(dialect.write_answer(answer, model="m", id="1", created_s=1)) == answer
    )


@given(answers)
def test_a_stream_carries_the_same_text_and_usage_as_the_whole(answer: Answer) -> None:
    chunks = list(dialect.write_stream(answer, model="m", id="1", created_s=1))
    read = [dialect.read_chunk(c.data) for c in chunks]
    assert read == chunks
    assert "".join(c.text for c in chunks) == answer.text
    assert [c.usage for c in chunks if c.usage] == [answer.usage]
    assert chunks[-1].kind == "done"


def test_rewriting_the_model_leaves_every_other_value_as_it_was() -> None:
    body = b'{"model":"a","seed":12345678901234567890,"x":{"y":[1.10,null]},"messages":[]}'
    after = dialect.with_model(body, "b", stream=False)
    assert after == body.replace(b'"a"', b'"b"')
    assert json.loads(dialect.with_model(body, "b", stream=True))["stream_options"] == {
        "include_usage": True
    }


def test_content_parts_and_the_developer_role_are_read() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "x"}}]
    body = {"model": "m", "messages": [{"role": "developer", "content": parts}]}
    [message] = dialect.read_request(json.dumps(body).encode()).messages
    assert (message.role, message.text) == ("system", "a")


@pytest.mark.parametrize("body", [b"", b"nope", b"{}", b"\xff", b'{"choices":[]}', b"[1]"])
def test_what_is_no_answer_is_garbage(body: bytes) -> None:
    with pytest.raises(ProviderError) as caught:
        dialect.read_answer(body)
    assert caught.value.kind == "garbage"


@given(st.binary(max_size=200))
def test_no_body_makes_anything_but_a_request_or_a_bad_request(body: bytes) -> None:
    with contextlib.suppress(BadRequest):
        dialect.read_request(body)


@pytest.mark.parametrize("event", [b": keepalive\n\n", b"event: ping\n\n", b"\n\n"])
def test_comments_and_empty_events_say_nothing(event: bytes) -> None:
    assert dialect.read_chunk(event) is None


def test_an_event_of_several_lines_is_joined() -> None:
    chunk = dialect.read_chunk(b'event: x\r\ndata: {"choices":\r\ndata: []}\r\n\r\n')
    assert chunk is not None
    assert chunk.kind == "start"


def test_error_bodies_are_read_as_far_as_they_are_ones() -> None:
    assert dialect.read_error(b'{"error":{"message":"m","code":7}}') == ("m", "7")
    assert dialect.read_error(b'{"error":"words"}') == ("words", None)
    assert dialect.read_error(b"<html>") == ("", None)
