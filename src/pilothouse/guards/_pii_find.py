"""Finds personal data in text: each kind by a cheap trace first, then by its full shape and its check.

Expressions begin with a character, never with a look behind: so the engine skips to candidates. What stands
before a match is looked at afterwards.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from ipaddress import AddressValueError, IPv6Address, ip_address
from typing import Literal, NamedTuple

from pilothouse.guards import _pii_numbers as numbers
from pilothouse.guards._pii_secrets import PEM, PEM_BEGIN, TOKEN, TOKEN_STARTS

PiiKind = Literal["secret", "email", "iban", "card", "ssn", "ip", "phone"]
KINDS: tuple[PiiKind, ...] = ("secret", "email", "iban", "card", "ssn", "ip", "phone")
"""In order: where two overlap, the first kind wins."""

_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\-]{1,64}\Z")
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9\-])"
)
_IPV4 = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"[0-9A-Fa-f:]{2,39}(?:\.\d{1,3}\.\d{1,3}\.\d{1,3})?")
_ESCAPES = frozenset("nrtbf")
_VERSION = re.compile(r"(?:\bv|\bversion|\brelease)[ .:=]{0,2}\Z", re.IGNORECASE)


class Found(NamedTuple):
    """A match: half-open, in characters."""

    start: int
    end: int
    kind: PiiKind


def find(text: str, kinds: frozenset[PiiKind]) -> list[Found]:
    """Matches in order, none overlapping another."""
    every: list[Found] = []
    for kind, finder in _FINDERS:
        if kind in kinds:
            every += finder(text)
    every += _numbers(text, kinds)
    if len(every) > 1:
        every.sort(key=_by_kind)
    return _apart(every)


def _by_kind(found: Found) -> tuple[int, int, int]:
    return KINDS.index(found.kind), found.start, -found.end


def _apart(ranked: list[Found]) -> list[Found]:
    """Those that overlap none ranked before them, in the order of the text."""
    kept: list[Found] = []
    for one in ranked:
        at = bisect_left(kept, one)
        is_free = (at == 0 or kept[at - 1].end <= one.start) and (
            at == len(kept) or one.end <= kept[at].start
        )
        if is_free:
            kept.insert(at, one)
    return kept


def _secrets(text: str) -> Iterator[Found]:
    if PEM_BEGIN in text:
        for match in PEM.finditer(text):
            yield Found(match.start(), match.end(), "secret")
    if not any(start in text for start in TOKEN_STARTS):
        return
    for match in TOKEN.finditer(text):
        if not _is_word_before(text, match.start()):
            yield Found(match.start(), match.end(), "secret")


def _emails(text: str) -> Iterator[Found]:
    at = text.find("@")
    while at != -1:
        local = _LOCAL.search(text, max(0, at - 64), at)
        domain = _DOMAIN.match(text, at + 1, at + 256)
        if local and domain and text[at - 1] != ".":
            start = local.start() + _escape_at(text, local.start())
            while (
                start < at and text[start] in ".'`*"
            ):  # quotes and marks around an address, not of it
                start += 1
            if start < at:
                yield Found(start, domain.end(), "email")
        at = text.find("@", at + 1)


def _ibans(text: str) -> Iterator[Found]:
    for match in numbers.IBAN.finditer(text):
        if _is_word_before(text, match.start()):
            continue
        # The shape takes what follows for more of it: the country says how long it is.
        wanted = numbers.IBAN_LENGTHS.get(match[0][:2], 0)
        end = match.start()
        for char in match[0]:
            if wanted == 0:
                break
            wanted -= char != " "
            end += 1
        is_apart = end == len(text) or not text[end].isalnum()
        if wanted == 0 and is_apart and numbers.is_iban(text[match.start() : end]):
            yield Found(match.start(), end, "iban")


def _numbers(text: str, kinds: frozenset[PiiKind]) -> Iterator[Found]:
    wanted = [shape for shape in _SHAPES if shape[0] in kinds]
    for run in numbers.RUN.finditer(text) if wanted else ():
        for kind, pattern, is_one in wanted:
            at = run.start()
            while match := pattern.search(text, at, run.end()):
                at = match.start() + 1  # what is none may hide one that begins within it
                if _stands_alone(text, match) and is_one(match[0]):
                    at = match.end()
                    yield Found(match.start(), at, kind)


def _stands_alone(text: str, match: re.Match[str]) -> bool:
    """No letter, digit, point or sign of a longer number on either side."""
    start, end = match.span()
    before, after = _before(text, start), text[end : end + 1]
    if before.isalnum() or (before in ("_", "-", "/", "+", "=", "$", "#") and before):
        return False
    if match[0][0] == "0" and before == " " and text[start - 2 : start - 1].isdigit():
        return False  # a group of a longer number, not a trunk prefix
    if before in (".", ",", ":") and text[start - 2 : start - 1].isdigit():
        return False
    if after.isalnum() or (after in ("_", "%") and after):
        return False
    return not (after in ("-", "/", ".", ",") and text[end + 1 : end + 2].isdigit())


def _addresses(text: str) -> Iterator[Found]:
    for match in _IPV4.finditer(text):
        before = _before(text, match.start())
        if before.isalnum() or (before in ("_", ".", "-") and before):
            continue
        if _VERSION.search(text, max(0, match.start() - 12), match.start()):
            continue
        if _names_a_machine(match[0]):
            yield Found(match.start(), match.end(), "ip")
    if "::" in text or text.count(":") >= 7:
        for match in _IPV6.finditer(text):
            if match[0].count(":") >= 3 and _is_ipv6(text, match):
                yield Found(match.start(), match.end(), "ip")


def _is_ipv6(text: str, match: re.Match[str]) -> bool:
    before, after = _before(text, match.start()), text[match.end() : match.end() + 1]
    if before.isalnum() or after.isalnum():
        return False
    try:
        address = IPv6Address(match[0])
    except AddressValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def _names_a_machine(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:  # a part over 255, or written with leading zeros
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast)


def _is_word_before(text: str, at: int) -> bool:
    before = _before(text, at)
    return before.isalnum() or before == "_"


def _before(text: str, at: int) -> str:
    """The character before; empty at the start, and where it is the letter of an escape like `\\n` in JSON text."""
    before = text[at - 1 : at] if at else ""
    return "" if before in _ESCAPES and text[at - 2 : at - 1] == "\\" else before


def _escape_at(text: str, at: int) -> int:
    """How many characters at `at` belong to an escape that began before it."""
    if at == 0 or text[at - 1] != "\\":
        return 0
    return 5 if text[at] == "u" else 1 if text[at] in _ESCAPES else 0


_FINDERS: tuple[tuple[PiiKind, Callable[[str], Iterator[Found]]], ...] = (
    ("secret", _secrets),
    ("email", _emails),
    ("iban", _ibans),
    ("ip", _addresses),
)
_SHAPES: tuple[tuple[PiiKind, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("card", numbers.CARD, numbers.is_card),
    ("ssn", numbers.SSN, lambda text: True),
    ("phone", numbers.PHONE, numbers.is_phone),
)
