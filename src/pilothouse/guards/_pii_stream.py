"""Text that comes in pieces: how much must wait because it may be the beginning of a match.

What waits: the last run without a space, a tail of digits and their separators, of an IBAN, and a private key
that has begun. The same words give the same result however they are cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pilothouse.guards._pii_find import Found, PiiKind, find
from pilothouse.guards._pii_numbers import LONGEST
from pilothouse.guards._pii_secrets import LONGEST_PEM, PEM_BEGIN

LONGEST_RUN = 4096
"""A run without a space that is longer is no token; it goes on from its middle."""
MOST_HELD = LONGEST_PEM + 256
"""Characters, whatever comes."""
_CONTEXT = 16
_DIGITS = re.compile(rf"[+(\d][\d\s().\-/+]{{0,{LONGEST}}}\Z")
_IBAN = re.compile(rf"[A-Z]{{2}}\d[A-Z0-9 ]{{0,{LONGEST}}}\Z")


class PiiScan:
    """`put` gives what may go out, with each match replaced by what `instead` says."""

    def __init__(
        self, kinds: frozenset[PiiKind], instead: Callable[[str, PiiKind], str | None]
    ) -> None:
        self._kinds = kinds
        self._instead = instead
        self._before = ""
        self._held = ""

    def put(self, text: str) -> str:
        """More text."""
        self._held += text
        return self._take(len(self._before) + _open_from(self._held))

    def end(self) -> str:
        """No more comes."""
        return self._take(len(self._before) + len(self._held))

    def _take(self, upto: int) -> str:
        start = len(self._before)
        if upto <= start:
            return ""
        whole = self._before + self._held
        found = [one for one in find(whole, self._kinds) if one.start >= start]
        for one in found:
            if one.start < upto < one.end:
                upto = one.start
        said = replaced(whole, found, start, upto, self._instead)
        self._held = whole[upto:]
        self._before = whole[max(0, upto - _CONTEXT) : upto]
        return said


def replaced(
    text: str,
    found: list[Found],
    start: int,
    end: int,
    instead: Callable[[str, PiiKind], str | None],
) -> str:
    """`text[start:end]` with the matches in it replaced; None leaves one as it is."""
    pieces: list[str] = []
    for one in found:
        if one.end > end:
            break
        other = instead(text[one.start : one.end], one.kind)
        if other is not None:
            pieces += (text[start : one.start], other)
            start = one.end
    return "".join([*pieces, text[start:end]])


def _open_from(held: str) -> int:
    """Where in `held` something begins that more text could make a match."""
    size = len(held)
    at = max(held.rfind(" "), held.rfind("\n"), held.rfind("\t")) + 1
    if size - at > LONGEST_RUN:
        at = size - LONGEST_RUN // 2  # half of it at once: not each further character anew
    for tail in (_DIGITS, _IBAN):
        found = tail.search(held, max(0, size - LONGEST - 4))
        if found is not None:
            at = min(at, found.start())
    key = held.rfind(PEM_BEGIN)
    if key != -1 and "-----END" not in held[key:-40] and size - key < MOST_HELD:
        at = min(at, key)
    return at
