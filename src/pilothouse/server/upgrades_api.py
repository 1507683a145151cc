"""Better answers, fetched under `/v1/upgrades/{id}`: at once, by a long poll, or as a server-sent event."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Literal
from urllib.parse import parse_qs

import msgspec
from msgspec import Raw, Struct

from pilothouse.client.keyring import Holder
from pilothouse.core.errors import BadRequest, StoreError
from pilothouse.core.ids import time_ordered_id
from pilothouse.core.job import SECOND_US, Job
from pilothouse.core.job_store import JobStore
from pilothouse.core.ports import NowUs
from pilothouse.core.upgrade import ID_PREFIX, PATH
from pilothouse.server.doors import dialect as dialect_named
from pilothouse.server.http import Exchange, HttpRequest
from pilothouse.server.job_intake import key_id
from pilothouse.server.jobs_api import refuse_bad
from pilothouse.server.keepalive import Keepalive
from pilothouse.server.refusals import refuse

SERVES = (("GET", PATH),)
MOST_WAIT_S = 60.0
_JSON = b"content-type: application/json\r\n"
_PENDING = _JSON + b"retry-after: 1\r\n"
_LOOK_S = 0.5
"""Between two looks at the database; what ends in this process is known at once."""
_NEW_US = 10 * SECOND_US
_NO_ANSWER = Raw()
_NEW_WAIT_S = 0.25
"""A promise is written down while its question is asked: one so new may not be there yet."""

Wait = Callable[[str, float], Awaitable[None]]
"""Until an upgrade of this process has ended, or so many seconds."""
KeepOf = Callable[[str], float]
"""How long a route's better answers can be fetched, in seconds."""
Status = Literal["pending", "done", "failed", "skipped"]


class _Kept(Struct):
    """A job's answer: an upgrade's, or why there is none."""

    changed: bool | None = None
    model: str | None = None
    target: str | None = None
    answer: Raw = _NO_ANSWER
    why: str | None = None


class Upgraded(Struct, kw_only=True, omit_defaults=True):
    """What the caller sees. `answer` is in the form of the endpoint that was asked first."""

    id: str
    object: Literal["upgrade"] | None = None
    status: Status
    changed: bool | None = None
    """Whether it says something else than the first; missing = they could not be compared."""
    model: str | None = None
    target: str | None = None
    answer: Raw | None = None
    why: str | None = None


class UpgradesApi:
    """One holder's upgrades; another's are not told from those that never were."""

    def __init__(
        self,
        store: JobStore,
        now_us: NowUs,
        wait: Wait,
        keep_of: KeepOf,
        *,
        keepalive_s: float = 15.0,
    ) -> None:
        self._store = store
        self._now_us = now_us
        self._wait = wait
        self._keep_of = keep_of
        self._keepalive_s = keepalive_s

    async def handle(self, http: HttpRequest, out: Exchange, holder: Holder | None) -> None:
        """`GET /v1/upgrades/{id}`, with `?wait_s=` or `accept: text/event-stream`."""
        dialect = dialect_named("openai_chat")
        upgrade_id = http.path.removeprefix(PATH).strip("/")
        if http.method != "GET":
            refuse(out, dialect, 405, f"{http.path} takes GET", headers="allow: GET\r\n")
            return
        try:
            wait_s = _wait_s(http.query)
            found = await self._found(upgrade_id, key_id(holder))
            if found is None:
                message = (
                    f'there is no upgrade "{upgrade_id[:80]}" of this key, or it is kept no more'
                )
                refuse(out, dialect, 404, message, code="upgrade_not_found")
            elif "text/event-stream" in http.headers.get("accept", ""):
                await self._told(found, holder, out)
            else:
                found = await self._waited(found, holder, wait_s)
                is_pending = found.status == "pending"
                body = msgspec.json.encode(found)
                out.send(202 if is_pending else 200, body, _PENDING if is_pending else _JSON)
        except BadRequest as error:
            refuse_bad(out, dialect, error)
        except StoreError:
            if out.is_started:
                out.abort()
                return
            message, lines = "the database is away: try again", "retry-after: 5\r\n"
            refuse(out, dialect, 503, message, code="upgrades_unavailable", headers=lines)

    async def _told(self, found: Upgraded, holder: Holder | None, out: Exchange) -> None:
        """One event, once it is there."""
        alive = Keepalive(out, b": waiting\n\n", self._keepalive_s, "")
        alive.start("")
        try:
            found = await self._waited(found, holder, float("inf"))
        finally:
            alive.stop()
        out.write(b"event: upgrade\ndata: " + msgspec.json.encode(found) + b"\n\n")
        out.end_stream()

    async def _waited(self, found: Upgraded, holder: Holder | None, wait_s: float) -> Upgraded:
        until_s = monotonic() + wait_s
        while found.status == "pending" and (left_s := until_s - monotonic()) > 0:
            await self._wait(found.id, min(left_s, _LOOK_S))
            found = await self._look(found.id, key_id(holder)) or found
        return found

    async def _found(self, upgrade_id: str, holder_id: str) -> Upgraded | None:
        found = await self._look(upgrade_id, holder_id)
        if found is None and self._is_new(upgrade_id):
            await asyncio.sleep(_NEW_WAIT_S)
            found = await self._look(upgrade_id, holder_id)
        return found

    def _is_new(self, upgrade_id: str) -> bool:
        since = time_ordered_id(self._now_us() - _NEW_US, 0)[:10]
        return upgrade_id.startswith(ID_PREFIX) and upgrade_id[len(ID_PREFIX) :] >= since

    async def _look(self, upgrade_id: str, holder_id: str) -> Upgraded | None:
        job = await asyncio.to_thread(self._store.job, upgrade_id, holder_id)
        if job is None or not job.is_upgrade or self._is_over(job):
            return None
        answer = None
        if job.http_status is not None:
            answer = await asyncio.to_thread(self._store.answer, job.id)
        return view(job, answer, self._now_us())

    def _is_over(self, job: Job) -> bool:
        keep_us = round(self._keep_of(job.model) * SECOND_US)
        return job.finished_us is not None and job.finished_us + keep_us < self._now_us()


def view(job: Job, answer: bytes | None, now_us: int) -> Upgraded:
    """A job as its caller sees it. `answer` is its document, once there is one."""
    kept = msgspec.json.decode(answer, type=_Kept) if answer is not None else _Kept()
    found: dict[str, Any] = {"id": job.id, "object": "upgrade"}
    if job.state == "running" and now_us < (job.lease_until_us or 0):
        return Upgraded(**found, status="pending")
    if job.state == "done":
        return Upgraded(
            **found,
            status="done",
            changed=kept.changed,
            model=kept.model,
            target=kept.target,
            answer=kept.answer,
        )
    if job.state == "cancelled":
        why = "cancelled: no first answer to better, or the better target gave it already"
        return Upgraded(**found, status="skipped", why=why)
    why = kept.why or "the process that asked for it fell silent"
    return Upgraded(**found, status="failed", why=why)


def _wait_s(query: str) -> float:
    text = parse_qs(query).get("wait_s", ["0"])[0]
    try:
        wait_s = float(text)
    except ValueError:
        wait_s = -1.0
    if not 0 <= wait_s <= MOST_WAIT_S:
        raise BadRequest(f"wait_s is a number of seconds, 0 to {MOST_WAIT_S:g}", param="wait_s")
    return wait_s
