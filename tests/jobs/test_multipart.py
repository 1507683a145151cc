"""Uploaded forms: what SDKs send, and what is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.errors import BadRequest
from pilothouse.server.multipart import read_form

httpx = pytest.importorskip("httpx2")


@given(st.binary(max_size=200), st.text("abc \"'üß.", min_size=1, max_size=20))
def test_what_httpx_sends_is_read_back(content: bytes, name: str) -> None:
    request = httpx.Request(
        "POST", "http://x/", data={"purpose": "batch"}, files={"file": (name, content)}
    )
    form = read_form(request.headers["content-type"], request.read())
    assert form["purpose"].content == b"batch"
    assert form["file"].content == content
    assert form["file"].filename == name


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b""),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1',
        ),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n1\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nno gap\r\n--x--"),
        ("multipart/form-data; boundary=x", b"\r\n".join([b"--x"] * 200) + b"\r\n--x--"),
    ],
)
def test_a_form_that_is_none_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(BadRequest):
        read_form(kind, body)


@given(st.binary(max_size=300))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(BadRequest):
        read_form("multipart/form-data; boundary=x", body)
