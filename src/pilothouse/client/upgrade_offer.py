"""One request whose caller may get a better answer later: what is promised, and what was said first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Literal

from pilothouse.client.attempt import Asked
from pilothouse.client.cache.replay import Gathering
from pilothouse.client.copies import Shed
from pilothouse.client.daily_purse import Reserved
from pilothouse.client.guarding import Guarding
from pilothouse.client.upgrade_counts import UpgradeCounts
from pilothouse.core.answer import Answer, Event
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.route import Upgrade
from pilothouse.core.upgrade import ID_PREFIX, Kind

_MOST_CHARS = 1_000_000
"""A longer stream is not held for comparison."""


class Offer:
    """Belongs to one request. With `skipped` nothing is promised, and this says why."""

    __slots__ = (
        "_heard",
        "ask",
        "asked",
        "call",
        "counts",
        "first",
        "guarding",
        "id",
        "kept",
        "key_id",
        "kind",
        "reserved",
        "skipped",
        "upgrade",
    )

    def __init__(
        self,
        ask: Ask,
        asked: Asked,
        key_id: str,
        kind: Kind,
        upgrade: Upgrade,
        counts: UpgradeCounts,
        guarding: Guarding | None,
        skipped: Shed | Literal["unneeded"] | None = None,
        reserved: Reserved | None = None,
    ) -> None:
        self.id = f"{ID_PREFIX}{asked.request_id}"
        self.ask = ask
        self.asked = asked
        self.key_id = key_id
        self.kind = kind
        self.upgrade = upgrade
        self.counts = counts
        self.guarding = guarding
        self.skipped = skipped
        self.reserved = reserved
        self.kept: asyncio.Task[bool] | None = None
        """Writes the promise down; whether that went well."""
        self.first: Answer | None = None
        """What the caller was given; None = nothing yet, or it could not be put together."""
        self.call: Call | None = None
        """Who gave it."""
        self._heard = Gathering()

    @property
    def line(self) -> str:
        """The header line for the first answer."""
        if self.skipped is not None:
            return f"x-pilothouse-upgrade-skipped: {self.skipped}\r\n"
        return f"x-pilothouse-upgrade: {self.id}\r\n"

    @property
    def listens(self) -> bool:
        """Whether a stream is to be heard."""
        return self.skipped is None

    def hear(self, events: Iterable[Event]) -> None:
        """More of a stream."""
        if self._heard.size <= _MOST_CHARS:
            self._heard.add(events)

    def heard(self) -> Answer | None:
        """The stream as an answer; None when it cannot be put together."""
        return self._heard.answer() if self._heard.size <= _MOST_CHARS else None
