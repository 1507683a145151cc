"""The embedding that asks nobody."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse import registry

LEXICAL = registry.plugin("embedders", "lexical")


def like(one: str, two: str) -> float:
    a, b = LEXICAL.embed(one), LEXICAL.embed(two)
    assert a is not None and b is not None
    return sum(x * y for x, y in zip(a, b, strict=True))


@given(st.text(max_size=200))
def test_a_vector_has_length_1_and_is_the_same_every_time(text: str) -> None:
    vector = LEXICAL.embed(text)
    if vector is not None:
        assert len(vector) == 1024
        assert sqrt(sum(x * x for x in vector)) == pytest.approx(1, abs=1e-5)
        assert vector == LEXICAL.embed(text)


def test_case_and_punctuation_mean_nothing_to_it() -> None:
    assert like("What is a monad?", "what is: A MONAD") == pytest.approx(1)


def test_it_knows_spelling_and_not_meaning() -> None:
    assert like("cheap flights", "cheaper flights") > 0.4
    assert like("cheap flights", "inexpensive journeys") < 0.2


def test_a_text_without_words_or_without_end_has_none() -> None:
    assert LEXICAL.embed("?!") is None
    assert LEXICAL.embed("a " * 20_000) is None
