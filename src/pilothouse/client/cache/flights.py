"""Equal questions at the same time are asked once: one asks, the others wait for what it gets.

When the one that asks fails, or gets what is not to be given again, the others ask for themselves, at once and
together: to wait again, one after the other, would add up everybody's bad luck.
"""

from __future__ import annotations

import asyncio

from pilothouse.client.cache.entry import Entry


class Flights:
    """Questions under way, by key."""

    def __init__(self) -> None:
        self._under_way: dict[bytes, asyncio.Future[Entry | None] | None] = {}
        """None until somebody waits, which is seldom."""

    def __len__(self) -> int:
        return len(self._under_way)

    def has(self, key: bytes) -> bool:
        """Whether somebody is asking."""
        return key in self._under_way

    def begin(self, key: bytes) -> bool:
        """Be the one that asks. False when somebody is asking already. Who begins must `land`."""
        if key in self._under_way:
            return False
        self._under_way[key] = None
        return True

    async def wait(self, key: bytes, most_s: float) -> Entry | None:
        """What the one that asks got; None when it failed, took too long, or nobody is asking."""
        if key not in self._under_way:
            return None
        flight = self._under_way[key]
        if flight is None:
            flight = self._under_way[key] = asyncio.get_running_loop().create_future()
        # `wait` leaves the flight alone when this caller is cancelled or has waited long enough.
        done, _ = await asyncio.wait([flight], timeout=most_s)
        return flight.result() if done else None

    def land(self, key: bytes, entry: Entry | None) -> None:
        """Tell those who wait."""
        flight = self._under_way.pop(key, None)
        if flight is not None and not flight.done():
            flight.set_result(entry)
