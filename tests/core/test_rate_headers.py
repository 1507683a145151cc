"""Each format with the page or thread that shows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.rate_headers import (
    RateHeaders,
    RateState,
    read_rate,
    seconds_until,
    wait_told_s,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
OPENAI = RateHeaders()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12ms", 0.012),  # community.openai.com/t/1268905
        ("1s", 1.0),  # platform.openai.com/docs/guides/rate-limits
        ("6m0s", 360.0),
        ("2m59.56s", 179.56),  # console.groq.com/docs/rate-limits
        ("7.66s", 7.66),
        ("1h2m3s", 3723.0),
        ("1d", 86_400.0),
        ("250µs", 0.00025),
        ("20", 20.0),  # learn.microsoft.com, Azure: whole seconds
        ("0.5", 0.5),
        ("2026-03-01T12:00:30Z", 30.0),  # docs.anthropic.com/en/api/rate-limits
        ("2026-03-01T13:00:30+01:00", 30.0),
        ("2026-03-01T11:59:00Z", 0.0),
        ("1772366430", 30.0),
        ("1772366430000", 30.0),  # openrouter.ai/docs/api/reference/limits: Unix milliseconds
        ("Sun, 01 Mar 2026 12:02:00 GMT", 120.0),  # RFC 9110, 5.6.7
        ("Sunday, 01-Mar-26 12:02:00 GMT", 120.0),
        ("Sun Mar  1 12:02:00 2026", 120.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("1_0", None),
        ("6m0", None),
    ],
)
def test_a_wait_is_read_in_every_format(text: str, seconds: float | None) -> None:
    found = seconds_until(text, NOW)
    assert found == (None if seconds is None else pytest.approx(seconds))


@given(st.text(max_size=40))
def test_any_text_is_a_wait_that_is_not_negative_or_none(text: str) -> None:
    found = seconds_until(text, NOW)
    assert found is None or found >= 0


def test_the_clocks_zone_does_not_matter() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=-7)))
    assert seconds_until("Sun, 01 Mar 2026 12:02:00 GMT", there) == 120.0
    assert seconds_until("1772366430", there) == pytest.approx(30.0)


def test_openais_headers_while_something_is_left_hold_no_wait() -> None:
    headers = {  # community.openai.com/t/1268905
        "x-ratelimit-limit-requests": "5000",
        "x-ratelimit-remaining-requests": "4999",
        "x-ratelimit-remaining-tokens": "159976",
        "x-ratelimit-reset-requests": "12ms",
        "x-ratelimit-reset-tokens": "9ms",
    }
    assert read_rate(headers, OPENAI, NOW) == RateState(4999, 159976, None, None)


def test_what_is_used_up_says_when_it_comes_back() -> None:
    headers = {
        "x-ratelimit-remaining-requests": "10",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-reset-tokens": "6m0s",
    }
    assert read_rate(headers, OPENAI, NOW) == RateState(10, 0, 360.0, None)
    headers["x-ratelimit-remaining-requests"] = "0"
    headers["x-ratelimit-reset-requests"] = "1h"
    assert read_rate(headers, OPENAI, NOW).reset_s == 3600.0


def test_a_refusal_with_something_left_waits_for_the_longest_reset() -> None:
    """The request wanted more tokens than were left; which limit it was is not said."""
    headers = {
        "x-ratelimit-remaining-requests": "10",
        "x-ratelimit-remaining-tokens": "150",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-reset-tokens": "3s",
    }
    assert read_rate(headers, OPENAI, NOW, is_limited=True).wait_s == 3.0
    headers["x-ratelimit-remaining-requests"] = "0"
    assert read_rate(headers, OPENAI, NOW, is_limited=True).wait_s == 1.0


def test_anthropics_headers_are_times() -> None:
    names = RateHeaders(
        remaining_requests="anthropic-ratelimit-requests-remaining",
        remaining_tokens="anthropic-ratelimit-tokens-remaining",
        reset_requests="anthropic-ratelimit-requests-reset",
        reset_tokens="anthropic-ratelimit-tokens-reset",
    )
    headers = {  # docs.anthropic.com/en/api/rate-limits#response-headers
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2026-03-01T12:00:12Z",
        "anthropic-ratelimit-tokens-remaining": "39000",
        "anthropic-ratelimit-tokens-reset": "2026-03-01T12:05:00Z",
        "retry-after": "12",
    }
    assert read_rate(headers, names, NOW) == RateState(0, 39000, 12.0, 12.0)


def test_azures_minus_one_is_not_known() -> None:
    headers = {  # github.com/openai/openai-dotnet/issues/838
        "x-ratelimit-remaining-tokens": "-1",
        "x-ratelimit-reset-tokens": "0",
    }
    assert read_rate(headers, OPENAI, NOW) == RateState()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "300"}, 300.0),
        ({"retry-after": "Sun, 01 Mar 2026 12:00:45 GMT"}, 45.0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2.0),
        ({"retry-after-ms": "-1", "retry-after": "2"}, 2.0),
        ({"retry-after": "later"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_all_three_forms(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert read_rate(headers, OPENAI, NOW).retry_after_s == seconds


def test_the_providers_word_goes_before_the_reset() -> None:
    assert RateState(0, 0, 60.0, 5.0).wait_s == 5.0
    assert RateState(0, 0, 60.0, None).wait_s == 60.0
    assert RateState(1, 1, None, None).wait_s is None


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Limit 100000, Used 97050. Please try again in 9m38.016s. Need more?", 578.016),  # Groq
        ("Please retry in 37.82626638s.", 37.82626638),  # Gemini
        ("Please try again in 20s. Contact us", 20.0),  # OpenAI
        ("Please retry after 26 seconds.", 26.0),  # Azure
        ("Please retry after 1 second.", 1.0),
        ("Rate limit exceeded", None),
    ],
)
def test_a_wait_told_in_words_is_found(message: str, seconds: float | None) -> None:
    found = wait_told_s(message)
    assert found == (None if seconds is None else pytest.approx(seconds))
