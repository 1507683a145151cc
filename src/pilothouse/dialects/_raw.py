"""Subtrees of a body that are passed on unread."""

from __future__ import annotations

from msgspec import Raw

ABSENT = Raw()
"""The default of a `Raw` field. (`Raw | None` is not to be decoded: msgspec takes it for null alone.)"""


def present(value: Raw) -> Raw | None:
    """A copy that outlives the body, or None when the field was absent or null."""
    return None if not value or value == b"null" else value.copy()
