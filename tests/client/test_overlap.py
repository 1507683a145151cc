"""Two halves of an answer are joined without the words that the second repeats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.client.overlap import Overlap


def joined(said: str, pieces: list[str]) -> str:
    overlap = Overlap(said)
    return said + "".join([overlap.feed(piece) for piece in pieces]) + overlap.rest()


@pytest.mark.parametrize(
    ("said", "more", "whole"),
    [
        ("The quick brown", " fox", "The quick brown fox"),
        ("The quick brown", "quick brown fox", "The quick brown fox"),
        ("The quick brown", " quick brown fox", "The quick brown fox"),
        ("The quick brown", "The quick brown fox", "The quick brown fox"),
        ("The quick bro", "wn fox", "The quick brown fox"),
        ("The quick bro", "brown fox", "The quick brown fox"),
        ("Fo", "Four.", "Four."),
        ("ban", "ana", "banana"),
        ("It is very", " very good", "It is very very good"),
        ("It is very ", "very good", "It is very very good"),
        ("One. Two. ", "One. Two. Three.", "One. Two. Three."),
        ("1, 2, 3, ", "4, 5", "1, 2, 3, 4, 5"),
        ("a\n- b", "\n- c", "a\n- b\n- c"),
        ("", "anything", "anything"),
        ("你好，世界", "世界和平", "你好，世界和平"),
    ],
)
def test_repeated_words_are_left_out_and_meant_ones_stay(said: str, more: str, whole: str) -> None:
    assert joined(said, [more]) == whole
    assert joined(said, list(more)) == whole, "however it is cut into pieces"


@given(st.text(alphabet="ab ,.", max_size=40), st.lists(st.text(alphabet="ab ,.", max_size=5)))
def test_only_a_beginning_that_ends_what_was_said_is_ever_left_out(
    said: str, pieces: list[str]
) -> None:
    more = "".join(pieces)
    whole = joined(said, pieces)
    assert whole.startswith(said)
    kept = whole[len(said) :]
    assert more.endswith(kept)
    dropped = more[: len(more) - len(kept)]
    assert said.endswith(dropped)
    assert whole == joined(said, [more])


@given(st.text(max_size=600), st.text(max_size=600))
def test_a_second_text_that_says_everything_again_adds_only_what_is_new(
    said: str, more: str
) -> None:
    said = f"two words {said}"[:390]
    assert joined(said, [said + more]).startswith(said)
    assert len(joined(said, [said + more])) <= len(said + more)


def test_nothing_is_held_back_once_it_cannot_be_a_repetition() -> None:
    overlap = Overlap("The quick brown")
    assert overlap.feed(" quick") == ""
    assert overlap.feed(" red") == " quick red"
    assert overlap.feed(" quick brown") == " quick brown"
