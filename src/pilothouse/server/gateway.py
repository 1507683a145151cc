"""The gateway: at which door a request stands, who asks, and which part answers it."""

from __future__ import annotations

from collections.abc import Callable

from pilothouse.client.admission import Admissions
from pilothouse.client.cache.answers import AnswerCache
from pilothouse.client.caller import Client
from pilothouse.client.cascade import Cascade
from pilothouse.client.guarding import GuardBook
from pilothouse.client.keyring import Holder
from pilothouse.client.routing import Router
from pilothouse.client.sampling import Sampler
from pilothouse.client.shadow import Shadows
from pilothouse.client.upgrades import Upgrades
from pilothouse.core.dialect import Dialect
from pilothouse.core.keys import Denied
from pilothouse.core.route import Split
from pilothouse.server.answers import Answers
from pilothouse.server.callers import Callers
from pilothouse.server.counting import Counting
from pilothouse.server.doors import Door, Doors
from pilothouse.server.doors import dialect as dialect_named
from pilothouse.server.embeddings import Embeddings
from pilothouse.server.http import Exchange, HttpRequest
from pilothouse.server.job_intake import wants_queue
from pilothouse.server.listing import Listing
from pilothouse.server.queue_doors import Handle, QueueDoors
from pilothouse.server.refusals import refuse
from pilothouse.server.routes import Routes


class Gateway:
    """Handles one HTTP request at a time per connection; holds no state of its own.

    `split_of` says what a running rollout makes of a route now.
    """

    def __init__(
        self,
        client: Client,
        router: Router,
        split_of: Callable[[str], Split | None],
        callers: Callers,
        admissions: Admissions | None = None,
        cache: AnswerCache | None = None,
        shadows: Shadows | None = None,
        guards: GuardBook | None = None,
        sampler: Sampler | None = None,
        upgrades: Upgrades | None = None,
        *,
        cascade: Cascade | None = None,
        queue: QueueDoors | None = None,
        keepalive_s: float = 15.0,
    ) -> None:
        self._callers = callers
        self._queue = queue
        self._doors = Doors()
        routes = Routes(client, router, split_of)
        self._answers = Answers(
            client,
            routes,
            admissions,
            cache,
            shadows,
            guards,
            sampler,
            upgrades,
            cascade=cascade,
            keepalive_s=keepalive_s,
        )
        self._embeddings = Embeddings(client, routes, admissions, guards)
        self._counting = Counting(client, routes, guards)
        self._listing = Listing(client, routes)

    async def handle(self, http: HttpRequest, out: Exchange) -> None:
        """Answer one request, whatever it is."""
        door = self._doors.at(http.path, http.headers)
        if door is None and self._queue is not None:
            handle = self._queue.at(http.path)
            if handle is not None:
                await self._queued(handle, http, out)
                return
        if door is None:
            dialect = self._doors.spoken(http.path, http.headers)
            message = f"there is nothing at {http.path}: see /v1/models"
            refuse(out, dialect, 404, message, code="not_found")
            return
        if http.method != door.method:
            message = f"{http.path} takes {door.method}"
            refuse(out, door.dialect, 405, message, headers=f"allow: {door.method}\r\n")
            return
        if door.asks == "health":
            out.send(200, b'{"status":"ok"}')
            return
        holder = self._callers.find(http)
        if isinstance(holder, Denied) or not _may_call(holder):
            _refuse_caller(out, door.dialect, holder)
        elif door.asks == "answer" and self._queue is not None and wants_queue(http.headers):
            await self._queue.jobs.enqueue(
                door.dialect, http, out, holder, model=door.model, stream=door.stream
            )
        elif door.asks == "answer":
            await self._answers.answer(door, http, out, holder)
        else:
            await self._beside(door, http, out, holder)

    async def _queued(self, handle: Handle, http: HttpRequest, out: Exchange) -> None:
        holder = self._callers.find(http)
        dialect = dialect_named("openai_chat")
        if isinstance(holder, Denied) or not _may_call(holder):
            _refuse_caller(out, dialect, holder)
        else:
            await handle(http, out, holder)

    async def _beside(
        self, door: Door, http: HttpRequest, out: Exchange, holder: Holder | None
    ) -> None:
        """All that is asked but answers."""
        match door.asks:
            case "embed":
                await self._embeddings.answer(door, http, out, holder)
            case "count":
                await self._counting.answer(door, http, out, holder)
            case "models":
                self._listing.models(door, out, holder)
            case "model":
                self._listing.model(door, out, holder)
            case _:
                await self._listing.capabilities(http, out, holder)


def _may_call(holder: Holder | None) -> bool:
    return holder is None or "call" in holder.key.scopes


def _refuse_caller(out: Exchange, dialect: Dialect, holder: Holder | Denied | None) -> None:
    """Nobody's key, or one that is for something else."""
    if isinstance(holder, Denied):
        refuse(out, dialect, 401, holder.message, code="invalid_api_key")
    elif holder is not None:
        message = f'the key "{holder.key.name}" is for administration, not for calls'
        refuse(out, dialect, 403, message, code="permission_denied")


def error_body(status: int, message: str, http: HttpRequest) -> bytes:
    """The body of an error met before the request could be read, in the dialect of its address."""
    return Doors().spoken(http.path, http.headers).write_error(status, message)
