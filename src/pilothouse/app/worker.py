"""One process that serves: opens the parts, listens, follows signals, and lets go of everything in order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct

from pilothouse.app.compose import now_us, random_bits_source
from pilothouse.app.config import Config
from pilothouse.app.generation import Generation, Lasting, open_generation
from pilothouse.app.limiting import open_limiter
from pilothouse.app.reloading import Reloaded, Reloader
from pilothouse.app.siblings import Figures, Siblings, states_of
from pilothouse.app.stores import open_store
from pilothouse.app.supervisor import SIGNALS, Listening
from pilothouse.catalog.catalog import load_bundled
from pilothouse.catalog.prices import price_of
from pilothouse.client.limits.shared import SharedLimiter
from pilothouse.client.metrics import MeteredRecorder
from pilothouse.client.recorder import BatchRecorder
from pilothouse.core.errors import InvalidInput
from pilothouse.server.answer_counts import AnswerCounts
from pilothouse.server.gateway import error_body
from pilothouse.server.http import HttpServer, Limits

log = logging.getLogger("pilothouse.serving")

GRACE_S = 20.0
"""How long answers under way may take after SIGTERM."""


class Place(Struct, frozen=True, kw_only=True):
    """Which of the workers this is."""

    number: int = 0
    count: int = 1
    life: int | None = None
    """A descriptor that ends when the supervisor does."""
    supervisor_pid: int | None = None
    folder: Path | None = None
    """Where the workers' sockets are."""


class Start(Struct, frozen=True, kw_only=True):
    """What a process is started with."""

    path: Path
    written: Config
    """As the file said at the start."""
    config: Config
    """With what the command line said instead, and what was read since."""
    place: Place = Place()


class _Base(Struct, frozen=True):
    """What is opened once for the whole life of the process."""

    lasting: Lasting
    recorder: BatchRecorder


async def run(start: Start, ready: Callable[[Listening], None]) -> int:
    """Serve until told to stop; 0, or 130 when it was Ctrl-C. `ready` is told where it listens."""
    config, place = start.config, start.place
    loop = asyncio.get_running_loop()
    told = _told_to_stop(loop, place.life)
    async with _opened(config, place) as base:
        first = await open_generation(config, base.lasting)
        limits = Limits(body_bytes=config.server.max_body_mb * 1024 * 1024)
        http = HttpServer(first.handle, error_body, limits)

        def swap(new: Generation) -> None:
            http.handler = new.handle
            http.limits = Limits(body_bytes=new.config.server.max_body_mb * 1024 * 1024)

        reloader = Reloader(start.path, start.written, base.lasting, first, swap)
        reloads: set[asyncio.Task[None]] = set()

        def hang_up() -> None:
            task = asyncio.create_task(reloader.reload_or_say())
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        loop.add_signal_handler(signal.SIGHUP, hang_up)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # a supervisor blocks them
        limiter = asyncio.create_task(base.lasting.limiter.run())
        siblings = Siblings(
            place.folder, place.number, place.count, _figures(base, reloader, place)
        )
        admin: HttpServer | None = None
        try:
            port = await listen(http, config.server.host, config.server.port, place.count > 1)
            await siblings.start()
            admin_port = None
            if config.admin is not None and place.number == 0:
                admin = _admin_server(reloader, base, siblings, place)
                admin_port = await listen(
                    admin, config.admin.host, config.admin.port, False, "admin"
                )
            ready(Listening(port, admin_port))
            return await told
        finally:
            await http.stop(GRACE_S)
            if admin is not None:
                await admin.stop(1.0)
            await siblings.close()
            await asyncio.gather(*reloads)
            await reloader.close()
            limiter.cancel()
            await asyncio.gather(limiter, return_exceptions=True)


@asynccontextmanager
async def _opened(config: Config, place: Place) -> AsyncGenerator[_Base]:
    """Store, recorder and limiter; closed, and all rows written, on the way out."""
    store = open_store(config.store_at)
    recorder = BatchRecorder(store)
    try:
        limiter = await open_limiter(
            config.limits, store.budgets, now_us, random_bits_source(), os.environ
        )
        if place.count > 1 and config.limits.redis is None:
            limiter = SharedLimiter(limiter, place.count)
        lasting = Lasting(
            store=store,
            recorder=MeteredRecorder(recorder),
            answers=AnswerCounts(),
            limiter=limiter,
            price_of=price_of(load_bundled()),
            ticks=place.number == 0,
        )
        try:
            yield _Base(lasting, recorder)
        finally:
            await limiter.close()
    finally:
        recorder.close()
        store.close()


async def listen(
    http: HttpServer, host: str, port: int, is_shared: bool, section: str = "server"
) -> int:
    """The port. Raises `InvalidInput`, in words for whoever wrote the configuration."""
    try:
        return await http.start(host, port, is_shared=is_shared)
    except OSError as error:
        raise InvalidInput(cannot_listen(host, port, error, section)) from None


def cannot_listen(host: str, port: int, error: OSError, section: str = "server") -> str:
    """What, where, and what to do."""
    how = "with --port" if section == "server" else f"in {section}.port"
    return (
        f"cannot listen on {host}:{port}: {error.strerror or error}. Is another program there? "
        f"Choose another {how} (0 = any free one)."
    )


def _figures(base: _Base, reloader: Reloader, place: Place) -> Callable[[], Figures]:
    def figures() -> Figures:
        return Figures(
            series=base.lasting.recorder.series,
            answers=base.lasting.answers.all,
            guards=base.lasting.recorder.guards,
            checks=base.lasting.recorder.checks,
            targets=states_of(reloader.now, place.number),
            shed_rows=base.recorder.shed,
            shadows=reloader.now.shadows.counts(),
            upgrades=reloader.now.upgrades.counts(),
        )

    return figures


def _admin_server(reloader: Reloader, base: _Base, siblings: Siblings, place: Place) -> HttpServer:
    from pilothouse.app.admin.wiring import admin_door  # not for those who have no admin port
    from pilothouse.server.admin.door import error_body as admin_error_body

    async def reload() -> Reloaded:
        done = await reloader.reload()
        # The others read the file when the supervisor has found it good, too. The pid is compared:
        # an orphan's parent is somebody else.
        if place.supervisor_pid is not None and os.getppid() == place.supervisor_pid:
            os.kill(place.supervisor_pid, signal.SIGHUP)
        return done

    door = admin_door(reloader, base.lasting.store, siblings, reload)
    return HttpServer(door.handle, admin_error_body, Limits(body_bytes=1024 * 1024))


def _told_to_stop(loop: asyncio.AbstractEventLoop, life: int | None) -> asyncio.Future[int]:
    """Gets the exit code when a signal comes, or when the supervisor is gone."""
    told: asyncio.Future[int] = loop.create_future()

    def tell(code: int) -> None:
        if life is not None:
            loop.remove_reader(life)  # it stays readable for good
        if not told.done():
            told.set_result(code)

    for number, code in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        loop.add_signal_handler(number, tell, code)
    if life is not None:
        loop.add_reader(life, tell, 0)
    return told
