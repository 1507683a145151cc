"""Thought signatures on Gemini's wire, where they are bytes in base64.

Google's own pass unchanged. Another vendor's words, which Google's clients could not decode, travel to such
a client inside an envelope of ours and are taken out when it sends them back.
"""

from __future__ import annotations

import base64
import binascii

SKIP = "skip_thought_signature_validator"
"""What Google wants on a tool call that none of its models made.

Source: https://ai.google.dev/gemini-api/docs/thought-signatures
"""

_WORDS = b"ph-sig:v1"
_REDACTED = b"ph-red:v1"
# Nine bytes are exactly twelve characters of base64, whatever follows.
_WORDS_64 = base64.b64encode(_WORDS).decode()
_REDACTED_64 = base64.b64encode(_REDACTED).decode()
_STANDARD = str.maketrans("-_", "+/")


def standard(data: str) -> str:
    """Base64 in the standard alphabet: Google takes the URL-safe one too, and its SDK writes it."""
    return data.translate(_STANDARD) if "-" in data or "_" in data else data


def may_be_googles(signature: str) -> bool:
    """Whether it may pass as it is: base64 as Google writes it, and no envelope of ours."""
    if signature.startswith((_WORDS_64, _REDACTED_64)):
        return False
    try:
        return base64.b64encode(base64.b64decode(signature, validate=True)) == signature.encode()
    except (binascii.Error, ValueError):
        return False


def signature_out(signature: str) -> str:
    """A signature for Google's clients."""
    return signature if may_be_googles(signature) else _enclosed(_WORDS, signature)


def redacted_out(data: str) -> str:
    """Another vendor's encrypted reasoning for Google's clients, as a signature."""
    return _enclosed(_REDACTED, data)


def signature_in(wire: str | None) -> str | None:
    """The signature as its vendor wrote it; None when there is none."""
    if not wire or wire == SKIP:
        return None
    wire = standard(wire)
    return _opened(wire, _WORDS) if wire.startswith(_WORDS_64) else wire


def redacted_in(wire: str | None) -> str | None:
    """Encrypted reasoning, where the signature encloses some."""
    if not wire or not wire.startswith(_REDACTED_64):
        return None
    return _opened(standard(wire), _REDACTED)


def _enclosed(mark: bytes, words: str) -> str:
    return base64.b64encode(mark + words.encode()).decode()


def _opened(wire: str, mark: bytes) -> str | None:
    try:
        return base64.b64decode(wire).removeprefix(mark).decode()
    except (binascii.Error, ValueError):
        return None
