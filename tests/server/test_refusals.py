"""Errors and what is said beside an answer, as HTTP."""

from __future__ import annotations

from pilothouse.server.refusals import header_text


def test_a_callers_field_name_cannot_begin_another_header() -> None:
    text = header_text(("extra.evil\r\nx-evil: 1", "top_k", "é\0"))
    assert text == "extra.evil??x-evil: 1, top_k, ??"
    assert len(header_text(("x" * 5000,))) == 1000
