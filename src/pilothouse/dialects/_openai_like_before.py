"""Chunks that differ from the one before in their text alone: nearly all of a stream, read without parsing JSON.

Between the same bytes before and behind, what holds no quote, no backslash and no control character is the inside
of a JSON string, so its text needs no parser. Whatever does not fit is for the parser.
"""

from __future__ import annotations

import re

from pilothouse.core.answer import TextDelta

_plain = re.compile(rb'[^"\\\x00-\x1f]+').fullmatch
"""The inside of a JSON string without escapes."""
_OPENINGS = (b'"content":"', b'"content": "')
_PADDING = b'"obfuscation":"'
_PADDING_END = b'"}\n\n'


class LikeBefore:
    """Learns from a chunk what the next one will look like."""

    __slots__ = ("_before", "_behind", "_choice", "_is_padded", "_least")

    def __init__(self) -> None:
        self._before = b""
        self._behind = b""
        self._is_padded = False
        self._least = 0
        self._choice = 0

    def read(self, event: bytes) -> TextDelta | None:
        """The text of an event that is like the one learnt; None: parse it."""
        if not self._least:
            return None
        end = len(event)
        if self._is_padded:
            end = event.rfind(_PADDING)
            if end < 0 or not event[end + len(_PADDING) : -len(_PADDING_END)].isalnum():
                return None
        if end < self._least or not event.startswith(self._before):
            return None
        if not event.endswith(self._behind, 0, end):
            return None
        inside = _plain(event, len(self._before), end - len(self._behind))
        if inside is None:
            return None
        try:
            return TextDelta(inside[0].decode(), self._choice, None)
        except UnicodeDecodeError:
            return None

    def learn(self, event: bytes, delta: TextDelta) -> None:
        """`event` was parsed and is `delta` alone."""
        self._least = 0
        if delta.logprobs is not None or not event.startswith(b"data: ") or b"\r" in event:
            return
        end = len(event)
        self._is_padded = _PADDING in event
        if self._is_padded:
            end = event.rfind(_PADDING)
            if not event.endswith(_PADDING_END):
                return
        text = delta.text.encode(errors="surrogatepass")
        for opening in _OPENINGS:
            if event.count(opening) == 1:
                start = event.index(opening) + len(opening)
                if event.startswith(text + b'"', start):
                    self._before = event[:start]
                    self._behind = event[start + len(text) : end]
                    self._choice = delta.choice
                    self._least = len(self._before) + len(self._behind) + 1
