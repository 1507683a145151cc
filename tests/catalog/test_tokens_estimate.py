"""Estimates cover the usage that vendors returned, on answers that the fit never saw."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.catalog.text_shape import Shape
from pilothouse.catalog.token_count import count_chat, count_text
from pilothouse.catalog.token_families import family_of
from pilothouse.core.request import Message

RECORDED = Path(__file__).parent / "recorded_usage.csv.gz"
A_MODEL_OF = {
    "claude-2": "claude-2.1",
    "claude-3": "claude-sonnet-4-5",
    "claude-4.7": "claude-opus-4-8",
    "cohere": "command-r-plus",
    "deepseek": "deepseek-chat",
    "gemini": "gemini-2.5-flash",
    "grok": "grok-4",
    "llama3": "llama-3.3-70b",
    "llama4": "llama-4-scout",
    "mistral-tekken": "mistral-small-latest",
    "mistral-v1": "mistral-tiny",
    "mistral-v3": "mistral-large-2407",
    "nova": "amazon.nova-micro-v1:0",
    "qwen": "qwen3-32b",
    "sonar": "sonar-pro",
}


def recorded() -> dict[tuple[str, str], list[tuple[Shape, int]]]:
    rows: dict[tuple[str, str], list[tuple[Shape, int]]] = defaultdict(list)
    with gzip.open(RECORDED, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            shape = Shape(
                tokens=int(row["tokens"]),
                digits=int(row["digits"]),
                signs=int(row["signs"]),
                is_other=row["is_other"] == "1",
            )
            rows[row["family"], row["how"]].append((shape, int(row["counted"])))
    return rows


@pytest.mark.parametrize(("name", "how"), sorted(recorded()))
def test_at_least_95_of_100_held_out_counts_lie_in_the_interval(name: str, how: str) -> None:
    family = family_of(A_MODEL_OF[name])
    assert family.name == name
    rows = recorded()[name, how]
    inside = sum(
        low <= counted <= high
        for shape, counted in rows
        for _, low, high in [family.estimate(shape)]
    )
    assert inside >= 0.95 * len(rows) - (len(rows) < 20)


@given(
    st.builds(
        Shape,
        tokens=st.integers(0, 10**6),
        digits=st.integers(0, 10**6),
        signs=st.integers(0, 10**6),
        is_other=st.booleans(),
    ),
    st.sampled_from([*A_MODEL_OF.values(), "a-model-nobody-knows"]),
)
def test_the_middle_lies_between_the_ends(shape: Shape, model: str) -> None:
    middle, low, high = family_of(model).estimate(shape)
    assert 0 <= low <= middle <= high
    assert (high == 0) == (shape.tokens == 0)


def test_the_empty_text_has_no_tokens() -> None:
    for model in ("gpt-4o", "claude-sonnet-4-5", "a-model-nobody-knows"):
        assert count_text(model, "").high == 0


def test_another_script_widens_the_interval_and_an_unknown_model_says_so() -> None:
    russian = count_text("claude-sonnet-4-5", "Быстрая лиса прыгает через ленивую собаку.")
    english = count_text("claude-sonnet-4-5", "The quick fox jumps over the lazy dog.")
    assert russian.high / russian.low > english.high / english.low
    assert "no recorded usage" in count_text("a-model-nobody-knows", "Hello").basis


def test_a_provider_prefix_changes_nothing() -> None:
    text = "How do I return a parcel?"
    plain = count_text("claude-3-5-sonnet-20240620", text)
    assert count_text("us.anthropic.claude-3-5-sonnet-20240620-v1:0", text) == plain
    assert count_text("openrouter/anthropic/claude-3.5-sonnet", text).tokens == plain.tokens


def test_a_request_to_another_vendor_is_an_estimate_that_holds_its_framing() -> None:
    # An hello to Claude was returned as 8 input tokens in many recorded requests.
    count = count_chat("claude-3-haiku", [Message.of_text("user", "Hello")])
    assert count.method == "estimate"
    assert count.low <= 8 <= count.high
