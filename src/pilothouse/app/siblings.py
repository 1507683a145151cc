"""What the workers of one gateway tell each other: their figures, over sockets in a private folder."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import msgspec
from msgspec import Struct

from pilothouse.app.generation import Generation
from pilothouse.client.metrics import CheckVerdicts, GuardDeeds, Series
from pilothouse.client.shadow_counts import ShadowCounts
from pilothouse.client.upgrade_counts import UpgradeCounts
from pilothouse.core.health import TargetHealth
from pilothouse.server.answer_counts import AnswerCount

log = logging.getLogger("pilothouse.serving")
_WAIT_S = 1.0


class TargetState(Struct, frozen=True, kw_only=True):
    """How a target is doing, as one worker sees it."""

    worker: int
    target: str
    provider: str
    model: str
    state: str
    """closed (all well), half open, open for ..., cooling down for ..., not tried."""
    in_flight: int
    latency_ms: float | None
    """A peak that fades; None = never measured, or long ago."""
    ttft_ms: float | None
    successes: int
    errors: dict[str, int]
    """By error class, since the start."""


class Figures(Struct, frozen=True, kw_only=True):
    """One worker's."""

    series: list[Series]
    answers: list[AnswerCount]
    targets: list[TargetState]
    shed_rows: int
    shadows: dict[str, ShadowCounts]
    """By route."""
    guards: list[GuardDeeds] = []
    checks: list[CheckVerdicts] = []
    upgrades: dict[str, UpgradeCounts] = {}
    """By route."""


def states_of(generation: Generation, worker: int) -> list[TargetState]:
    """All configured targets, the untried too."""
    now_s = monotonic()
    fresh = TargetHealth()
    found: list[TargetState] = []
    for name, target in generation.config.targets.items():
        tried = generation.client.health.get(name)
        health = tried or fresh
        found.append(
            TargetState(
                worker=worker,
                target=name,
                provider=target.provider,
                model=target.model,
                state=health.describe(now_s) if tried else "not tried",
                in_flight=health.in_flight,
                latency_ms=_ms(health.latency.seconds),
                ttft_ms=_ms(health.ttft.seconds),
                successes=health.successes,
                errors=health.errors,
            )
        )
    return found


class Siblings:
    """`own` gives this worker's figures. Without a folder there is no other."""

    def __init__(
        self, folder: Path | None, worker: int, count: int, own: Callable[[], Figures]
    ) -> None:
        self._folder = folder
        self._worker = worker
        self._count = count
        self._own = own
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Answer whoever asks."""
        if self._folder is None:
            return
        path = self._path(self._worker)
        path.unlink(missing_ok=True)  # of this worker's last life
        self._server = await asyncio.start_unix_server(self._tell, path)

    async def all(self) -> list[Figures]:
        """Of every worker that answers within a second, this one first."""
        others = [i for i in range(self._count) if i != self._worker] if self._folder else []
        told = await asyncio.gather(*[self._ask(i) for i in others])
        return [self._own(), *[figures for figures in told if figures is not None]]

    async def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.close()

    async def _tell(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(msgspec.msgpack.encode(self._own()))
            await writer.drain()
        except OSError:
            pass  # who asked has gone
        finally:
            writer.close()

    async def _ask(self, worker: int) -> Figures | None:
        try:
            async with asyncio.timeout(_WAIT_S):
                reader, writer = await asyncio.open_unix_connection(self._path(worker))
                try:
                    return msgspec.msgpack.decode(await reader.read(), type=Figures)
                finally:
                    writer.close()
        except (OSError, TimeoutError, msgspec.DecodeError) as error:
            log.error("worker %d does not tell its figures: %s", worker, error or "no answer")
            return None

    def _path(self, worker: int) -> Path:
        assert self._folder is not None
        return self._folder / f"{worker}.sock"


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1e3, 3)
