"""A secret is not shown by accident, and is found in others' words however they write it."""

from __future__ import annotations

import json
import pickle
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.secret import Secret

KEY = 'sk-a/b+c"d?e~0123456789'


def test_it_is_not_shown() -> None:
    assert KEY not in f"{Secret(KEY)} {Secret(KEY)!r} {[Secret(KEY)]}"
    with pytest.raises(TypeError):
        pickle.dumps(Secret(KEY))


@pytest.mark.parametrize("written", [KEY, json.dumps(KEY)[1:-1], quote(KEY), quote(KEY, safe="")])
def test_other_spellings_are_taken_out(written: str) -> None:
    assert Secret(KEY).scrub(f"who is {written}?") == "who is ***?"


@given(st.text(), st.text(), st.sampled_from([b64encode, urlsafe_b64encode]))
def test_base64_of_a_text_that_holds_it_does_not_give_it_back(
    before: str, after: str, code: Callable[[bytes], bytes]
) -> None:
    written = code(f"{before}{KEY}{after}".encode()).decode()
    scrubbed = Secret(KEY).scrub(written)
    assert "***" in scrubbed
    # What is left of the value is at most a letter at each end, whose bits are shared with its neighbour's.
    assert len(written) - (len(scrubbed) - 3) >= len(KEY) * 8 // 6 - 2


def test_nothing_else_is_touched() -> None:
    assert Secret("").scrub("as it was") == "as it was"
    assert Secret("abc").scrub("YWJj") == "YWJj", "too short to be told from other words"
