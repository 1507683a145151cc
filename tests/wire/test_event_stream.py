"""AWS's binary event streams."""

from __future__ import annotations

from itertools import pairwise
from struct import pack
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.wire.event_stream import (
    MOST_HEADERS,
    MOST_PAYLOAD,
    AwsEvents,
    AwsFrames,
    Frame,
    frame,
)

names = st.text("abcdefgh:-", min_size=1, max_size=20)
headers = st.dictionaries(
    names, st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=4
)
frames = st.lists(st.builds(Frame, headers, st.binary(max_size=60)), max_size=5)


def encoded(given: list[Frame]) -> bytes:
    return b"".join([frame(f.headers, f.payload) for f in given])


@given(frames, st.lists(st.integers(0, 400), max_size=12))
def test_frames_come_out_whole_wherever_the_chunks_fall(
    given: list[Frame], cuts: list[int]
) -> None:
    stream = encoded(given)
    at = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    reader = AwsFrames()
    found = [f for start, end in pairwise(at) for f in reader.feed(stream[start:end])]  # fmt: skip
    assert found == given


@given(frames)
def test_frames_come_out_whole_byte_by_byte(given: list[Frame]) -> None:
    reader = AwsFrames()
    assert [f for byte in encoded(given) for f in reader.feed(bytes([byte]))] == given


@given(frames.filter(bool), st.data())
def test_a_damaged_byte_never_goes_unseen(given: list[Frame], data: st.DataObject) -> None:
    stream = bytearray(encoded(given))
    at = data.draw(st.integers(0, len(stream) - 1))
    stream[at] ^= data.draw(st.integers(1, 255))
    reader = AwsFrames()
    try:
        found = reader.feed(bytes(stream))
    except ValueError:
        return
    # A length that grew waits for bytes that never come: no frame that is not one is given out.
    assert found == given[: len(found)]
    assert len(found) < len(given)


@given(st.binary(max_size=100))
def test_no_bytes_make_anything_but_frames_or_an_error(data: bytes) -> None:
    try:
        AwsFrames().feed(data)
    except ValueError as error:
        assert str(error)


@given(frames)
def test_awss_own_reader_agrees(given: list[Frame]) -> None:
    botocore: Any = pytest.importorskip(
        "botocore.eventstream",
        reason="botocore is not installed: frames are not compared with AWS's",
    )
    buffer = botocore.EventStreamBuffer()
    buffer.add_data(encoded(given))
    assert [Frame(m.headers, m.payload) for m in buffer] == given


def test_an_events_name_and_payload_become_a_server_sent_event() -> None:
    one = frame({":event-type": "messageStart", ":message-type": "event"}, b'{"role":"assistant"}')
    two = frame({":exception-type": "throttlingException", ":message-type": "exception"}, b"{\r\n}")
    error = frame(
        {":message-type": "error", ":error-code": "Internal", ":error-message": 'a\n"b'}, b""
    )
    assert AwsEvents().feed(one + two + error + frame({}, b"")) == [
        b'event: messageStart\ndata: {"role":"assistant"}\n\n',
        b"event: throttlingException\ndata: {  }\n\n",
        b'event: error\ndata: {"message":"a  b"}\n\n',
        b"event: message\ndata: {}\n\n",
    ]


def test_headers_of_every_type_are_passed_over_but_strings() -> None:
    values = [(0, b""), (1, b""), (2, b"\1"), (3, b"\0\1"), (4, bytes(4)), (5, bytes(8)),
              (6, b"\0\2ab"), (8, bytes(8)), (9, bytes(16)), (7, b"\0\1x")]  # fmt: skip
    packed = b"".join(
        [b"\1" + bytes([97 + i, kind]) + value for i, (kind, value) in enumerate(values)]
    )
    [found] = AwsFrames().feed(raw(packed, b"p"))
    assert found == Frame({"j": "x"}, b"p")


def raw(
    packed: bytes, payload: bytes, *, total: int | None = None, headers: int | None = None
) -> bytes:
    whole = 16 + len(packed) + len(payload) if total is None else total
    lengths = pack("!II", whole, len(packed) if headers is None else headers)
    told = lengths + pack("!I", crc32(lengths)) + packed + payload
    return told + pack("!I", crc32(told))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "checksum of a frame's lengths"),
        (frame({}, b"abc")[:-1] + b"\0", "checksum of a frame does"),
        (raw(b"", b"", total=15), "shorter than its headers"),
        (raw(b"", b"", total=20 + MOST_HEADERS, headers=MOST_HEADERS + 1), "bytes of headers"),
        (raw(b"", b"", total=17 + MOST_PAYLOAD), "bytes of payload"),
        (raw(b"\1a\x0a", b""), "unknown type 10"),
        (raw(b"\1a\7\0\5ab", b""), "longer than all"),
        (raw(b"\5a", b""), "headers that are none"),
        (raw(b"\1a\7\0\1\xff", b""), "headers that are none"),
    ],
)  # fmt: skip
def test_what_is_damaged_or_too_large_says_so(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        AwsFrames().feed(data)


def test_a_too_large_frame_is_refused_before_its_bytes_come() -> None:
    lengths = pack("!II", 17 + MOST_PAYLOAD, 0)
    with pytest.raises(ValueError, match="bytes of payload"):
        AwsFrames().feed(lengths + pack("!I", crc32(lengths)))


@pytest.mark.parametrize(
    ("headers", "payload"),
    [({"": "x"}, b""), ({"a" * 256: "x"}, b""), ({"a": "x" * 32768}, b"")],
)
def test_what_no_frame_can_hold_is_not_written(headers: dict[str, str], payload: bytes) -> None:
    with pytest.raises(ValueError, match="header"):
        frame(headers, payload)
