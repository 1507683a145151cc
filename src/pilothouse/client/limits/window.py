"""A count over a window that slides: never more than the limit in any span, however it is cut.

The span is divided into slots; a slot counts until all of it is older than the span, so room comes back at
most one slot late (5 s of a minute, half an hour of a day) and never early. Compared:

- a fixed window lets twice the limit through around its edge;
- a token bucket or GCRA (the cell rate algorithm of ITU-T I.371) keeps one number, and lets nearly twice the
  limit through in the first span: the bucket, and what refills it meanwhile;
- two counters weighted by time (Cloudflare's way) are off when traffic is not even;
- a log of every request is exact and grows with the limit.

Slots keep the promise that people read into "100 a minute", in a fixed dozen of numbers.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from pilothouse.core.limits import Counted, Limits

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000

Unit = Literal[0, 1, 2, 3]
"""An index into what a request asks for: (1, input, output, input + output tokens)."""


class WindowSpec(Struct, frozen=True):
    """One field of `Limits` as a window."""

    name: Counted
    unit: Unit
    slots: int
    """Whole slots in the span; one more is kept for the running one."""
    width_us: int
    each: str
    """The end of a message: `requests a minute`."""


SPECS = (
    WindowSpec("requests_per_minute", 0, 12, MINUTE_US // 12, "requests a minute"),
    WindowSpec("requests_per_day", 0, 48, DAY_US // 48, "requests a day"),
    WindowSpec("input_tokens_per_minute", 1, 12, MINUTE_US // 12, "input tokens a minute"),
    WindowSpec("output_tokens_per_minute", 2, 12, MINUTE_US // 12, "output tokens a minute"),
    WindowSpec("tokens_per_minute", 3, 12, MINUTE_US // 12, "tokens a minute"),
)


def specs_of(limits: Limits) -> list[tuple[WindowSpec, int]]:
    """The windows that `limits` asks for, with their limits."""
    found = [(spec, getattr(limits, spec.name)) for spec in SPECS]
    return [(spec, limit) for spec, limit in found if limit is not None]


class Window:
    """Counts by slot. Times are microseconds of a clock that does not go back."""

    __slots__ = (
        *(
            "ends_us",
            "index",
            "limit",
            "ring",
            "size",
            "slot",
            "spec",
            "starts_us",
            "total",
            "unit",
        ),
        "width_us",
    )

    def __init__(self, spec: WindowSpec, limit: int) -> None:
        self.spec = spec
        self.unit = spec.unit
        self.limit = limit
        self.width_us = spec.width_us
        self.size = spec.slots + 1
        self.ring = [0] * self.size
        self.total = 0
        self._begin(0)

    def _begin(self, slot: int) -> None:
        self.slot = slot
        """The running slot's number since the clock's zero."""
        self.index = slot % self.size
        self.starts_us = slot * self.width_us
        self.ends_us = self.starts_us + self.width_us

    def roll(self, now_us: int) -> None:
        """Forget what is older than the span. Needed once `now_us` has reached `ends_us`."""
        slot = now_us // self.width_us
        if slot <= self.slot:
            return
        if slot - self.slot >= self.size:
            self.ring = [0] * self.size
            self.total = 0
        else:
            for old in range(self.slot + 1, slot + 1):
                i = old % self.size
                self.total -= self.ring[i]
                self.ring[i] = 0
        self._begin(slot)

    def correct(self, at_us: int, now_us: int, change: int) -> None:
        """Add `change` to what was counted at `at_us`, if it still counts."""
        if now_us < self.ends_us and at_us >= self.starts_us:
            self.ring[self.index] += change  # nearly always: the slot that runs
            self.total += change
            return
        self.roll(now_us)
        slot = at_us // self.width_us
        if slot > self.slot - self.size:
            self.ring[slot % self.size] += change
            self.total += change

    def wait_us(self, now_us: int, amount: int) -> int:
        """How long until `amount` more fits, if nothing else comes: when enough slots have left."""
        self.roll(now_us)
        over = self.total + min(amount, self.limit) - self.limit
        for age in range(self.size):
            if over <= 0:
                return 0 if not age else self._leaves_us(age - 1) - now_us
            over -= self.ring[(self.slot + 1 + age) % self.size]
        return self._leaves_us(self.size - 1) - now_us

    def empty_us(self, now_us: int) -> int:
        """How long until all of the limit is there again."""
        self.roll(now_us)
        for age in range(self.size - 1, -1, -1):
            if self.ring[(self.slot + 1 + age) % self.size]:
                return self._leaves_us(age) - now_us
        return 0

    def _leaves_us(self, age: int) -> int:
        """When the slot that is `age` after the oldest stops counting."""
        return (self.slot + 1 + age) * self.width_us
