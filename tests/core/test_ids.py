"""Ids sort by time and keep every bit they are given."""

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.ids import time_ordered_id

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
times = st.integers(0, (1 << 48) * 1000 - 1)
bits = st.integers(0, (1 << 80) - 1)


def read(text: str) -> int:
    value = 0
    for letter in text:
        value = value * 32 + ALPHABET.index(letter)
    return value


@given(times, bits)
def test_an_id_is_48_bits_of_milliseconds_and_80_of_randomness(at_us: int, random: int) -> None:
    text = time_ordered_id(at_us, random)
    assert len(text) == 26
    assert read(text[:10]) == at_us // 1000
    assert read(text[10:]) == random


@given(times, times, bits, bits)
def test_later_ids_sort_later(a: int, b: int, x: int, y: int) -> None:
    if a // 1000 < b // 1000:
        assert time_ordered_id(a, x) < time_ordered_id(b, y)


@given(times, st.integers(min_value=1 << 80, max_value=1 << 90))
def test_randomness_is_used_modulo_2_to_80(at_us: int, random: int) -> None:
    assert time_ordered_id(at_us, random) == time_ordered_id(at_us, random % (1 << 80))
