"""Input tokens of audio and video by published rates; a refusal where none is published.

Google: audio 32 tokens a second, video 263 (https://ai.google.dev/gemini-api/docs/tokens, a stored copy seen
2026-11-24). Both are for Gemini 1.5 to 2.5 at default resolution; Gemini 3 counts video otherwise.
"""

from __future__ import annotations

import math
import re

from pilothouse.catalog.token_count import TokenCount, exact
from pilothouse.core.errors import InvalidInput

_AUDIO_A_SECOND = 32
_VIDEO_A_SECOND = 263
_GEMINI = re.compile(r"gemini-(?:1\.5|2\.\d)")


def audio_tokens(model: str, seconds: float) -> TokenCount:
    """Input tokens of that many seconds of audio. Raises `InvalidInput` when no rate is known."""
    return _by_rate(model, seconds, _AUDIO_A_SECOND, "audio")


def video_tokens(model: str, seconds: float) -> TokenCount:
    """Input tokens of that many seconds of video. Raises `InvalidInput` when no rate is known."""
    return _by_rate(model, seconds, _VIDEO_A_SECOND, "video")


def _by_rate(model: str, seconds: float, rate: int, what: str) -> TokenCount:
    if not (math.isfinite(seconds) and seconds >= 0):
        raise InvalidInput(f"{what} of {seconds} seconds: a length of 0 or more is needed")
    if not _GEMINI.search(model.strip().lower()):
        raise InvalidInput(
            f'{what} tokens of "{model}" are not known: its vendor publishes no rate a second that is held here. '
            "Known: Gemini 1.5 to 2.5"
        )
    return exact(math.ceil(seconds * rate), f"Google's {rate} tokens a second of {what}")
