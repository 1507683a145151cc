"""Images, audio and video: the vendors' own worked examples, and refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.catalog.audio_tokens import audio_tokens, video_tokens
from pilothouse.catalog.image_tokens import Detail, image_tokens, patches_32
from pilothouse.core.errors import InvalidInput


@pytest.mark.parametrize(
    ("model", "width", "height", "detail", "tokens"),
    [  # the guide's examples; the last two as billed (a developer's report)
        ("gpt-4o", 1024, 1024, "high", 765),
        ("gpt-4o", 2048, 4096, "high", 1105),
        ("gpt-4o", 4096, 8192, "low", 85),
        ("gpt-4o-mini", 512, 512, "low", 2833),
        ("gpt-4o-mini", 128, 64, "high", 8500),
        ("o3", 128, 64, "high", 225),
        ("gpt-4.1", 2049, 513, "high", 1445),
        ("gpt-4.1", 2050, 513, "high", 765),
    ],
)
def test_openai_tiles(model: str, width: int, height: int, detail: Detail, tokens: int) -> None:
    count = image_tokens(model, width, height, detail)
    assert (count.tokens, count.method) == (tokens, "exact")


def test_openai_patches() -> None:
    assert patches_32(1024, 1024) == 1024
    assert patches_32(1800, 2400) == 1452
    assert image_tokens("gpt-4.1-mini", 1024, 1024).tokens == 1659  # 1024 x 1.62
    scaled = image_tokens("gpt-4.1-mini", 4000, 1474)
    assert scaled.low <= 2489 <= scaled.high  # billed 1536 x 1.62


def test_a_multiplier_that_is_billed_otherwise_is_an_interval() -> None:
    count = image_tokens("gpt-5-mini", 576, 768)
    assert (count.low, count.tokens) == (519, 700)  # 432 patches by 1.2 and by 1.62


def test_claude_counts_the_area_and_caps_it() -> None:
    for side, tokens in ((200, 54), (1000, 1334), (1092, 1590)):  # the guide's table
        assert abs(image_tokens("claude-sonnet-4-5", side, side).tokens - tokens) <= 1
    assert image_tokens("claude-3-haiku", 8000, 6000).high <= 1700


def test_gemini_tiles() -> None:
    assert image_tokens("gemini-2.0-flash", 384, 384).tokens == 258
    assert image_tokens("gemini-2.5-flash", 1536, 768).tokens == 516


def test_gemini_seconds() -> None:
    assert audio_tokens("gemini-2.5-pro", 60).tokens == 1920
    assert video_tokens("gemini-2.5-pro", 10).tokens == 2630


@pytest.mark.parametrize("model", ["mistral-large", "claude-opus-4-8", "gemini-3-flash", "gpt-5.4"])
def test_an_unpublished_image_rule_is_refused_by_name(model: str) -> None:
    with pytest.raises(InvalidInput, match=model):
        image_tokens(model, 100, 100)


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_a_length_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(InvalidInput):
        audio_tokens("gemini-2.5-pro", seconds)


def test_audio_without_a_published_rate_is_refused() -> None:
    with pytest.raises(InvalidInput, match="gpt-4o-audio"):
        audio_tokens("gpt-4o-audio-preview", 10)


@given(
    st.integers(1, 20_000),
    st.integers(1, 20_000),
    st.sampled_from(["gpt-4o", "gpt-4.1-nano", "gpt-5-nano", "claude-3-haiku", "gemini-2.5-pro"]),
)
def test_every_image_has_tokens_between_its_ends(width: int, height: int, model: str) -> None:
    count = image_tokens(model, width, height)
    assert 0 < count.low <= count.tokens <= count.high
    assert patches_32(width, height) <= 1536


def test_an_image_without_a_side_is_refused() -> None:
    with pytest.raises(InvalidInput, match="0x5"):
        image_tokens("gpt-4o", 0, 5)
