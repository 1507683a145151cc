"""Cuts a byte stream into whole server-sent events, wherever the chunks fall.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html (a blank line ends an event;
lines end in LF, CR LF or CR; a leading byte order mark is ignored).
"""

from __future__ import annotations

import re

_BLANK = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n")
_MOST_EVENT = 8 * 1024 * 1024


class Events:
    """Feed bytes, get the events that are complete, each with its blank line."""

    def __init__(self) -> None:
        self._rest = b""
        self._is_first = True

    def feed(self, data: bytes) -> list[bytes]:
        """Whole events in `data` and what was left before. Raises `ValueError` past 8 MiB."""
        if self._is_first and data:
            self._is_first = False
            data = data.removeprefix(b"\xef\xbb\xbf")
        whole = self._rest + data if self._rest else data
        if whole.endswith(b"\n\n") and b"\r" not in whole:  # the common case, without a regex
            self._rest = b""
            return [part + b"\n\n" for part in whole[:-2].split(b"\n\n")]
        events: list[bytes] = []
        start = 0
        for match in _BLANK.finditer(whole):
            events.append(whole[start : match.end()])
            start = match.end()
        self._rest = whole[start:]
        if len(self._rest) > _MOST_EVENT:
            raise ValueError("a server-sent event of over 8 MiB")
        return events

    def end(self) -> list[bytes]:
        """What was left when the bytes ended: servers forget the last blank line. None of it when empty."""
        rest, self._rest = self._rest, b""
        return [rest.rstrip(b"\r\n") + b"\n\n"] if rest.strip() else []
