"""Signs of life on a stream whose answer is slow, so that no proxy on the way cuts it."""

from __future__ import annotations

import asyncio

from pilothouse.server.http import Exchange

_STREAM_HEADERS = (
    "content-type: text/event-stream\r\ncache-control: no-cache\r\nx-accel-buffering: no\r\n"
)


class Keepalive:
    """Starts the stream's HTTP answer: with its full headers when the answer comes in time, else
    with `early` ones and a sign of life every `every_s`. From then on a failure can only be told in band."""

    __slots__ = ("_early", "_every_s", "_loop", "_out", "_sign", "_timer")

    def __init__(self, out: Exchange, sign: bytes, every_s: float, early: str) -> None:
        self._out = out
        self._sign = sign
        self._every_s = every_s
        self._early = early
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = self._loop.call_later(every_s, self._beat)

    def start(self, headers: str) -> None:
        """The answer is here."""
        if not self._out.is_started:
            self._out.start_stream((_STREAM_HEADERS + headers).encode())

    def stop(self) -> None:
        """No more signs."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self) -> None:
        self.start(self._early)
        if self._out.is_idle_for(self._every_s * 0.9):
            self._out.write(self._sign)
        self._timer = self._loop.call_later(self._every_s, self._beat)
