from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.catalog.tokens import estimate_tokens


@pytest.mark.parametrize(
    ("text", "counted"),
    [  # counted with cl100k_base
        ("", 0),
        ("Hello, world!", 4),
        ("She sells these 9 eggs at the farmers' market for 9 * $2 = $18.", 21),
        ("The robe takes 2 bolts of blue fiber and half that amount of white fiber.", 17),
        ('{"id": 12345678, "name": "foo_bar", "tags": ["a","b"], "ok": true}', 28),
    ],
)
def test_short_texts_are_estimated_within_a_fifth(text: str, counted: int) -> None:
    assert abs(estimate_tokens(text) - counted) <= max(1, counted / 5)


@given(st.text(max_size=400))
def test_no_text_has_more_tokens_than_letters_or_none_at_all(text: str) -> None:
    assert 0 <= estimate_tokens(text) <= len(text)
    assert (estimate_tokens(text) == 0) == (text == "")
