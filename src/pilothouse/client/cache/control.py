"""What a caller says about caching: the `cache-control` header of a request.

Source: RFC 9111, section 5.2.1. `max-stale`, `min-fresh` and `no-transform` change nothing here: nothing is
served past its time, and nothing fresher can be promised than asking anew (`no-cache`).
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Control(Struct, frozen=True, kw_only=True):
    """How one request may meet the cache."""

    no_store: bool = False
    """Neither read nor kept: as if there were no cache."""
    no_cache: bool = False
    """Asked anew; the new answer is kept."""
    only_if_cached: bool = False
    """A kept answer or none at all (504)."""
    max_age_s: float | None = None
    """The oldest answer that is wanted."""


AS_USUAL = Control()


def read_control(headers: Mapping[str, str]) -> Control:
    """From headers with lower-case names. Words that are not known, and ages that are none, say nothing."""
    said = headers.get("cache-control")
    if not said:
        return AS_USUAL
    words: dict[str, str] = {}
    for word in said.lower().split(","):
        name, _, value = word.partition("=")
        words[name.strip()] = value.strip().strip('"')
    age = words.get("max-age", "")
    max_age_s = float(age) if age.isascii() and age.isdigit() and len(age) < 12 else None
    return Control(
        no_store="no-store" in words,
        no_cache="no-cache" in words or max_age_s == 0,
        only_if_cached="only-if-cached" in words,
        max_age_s=max_age_s,
    )
