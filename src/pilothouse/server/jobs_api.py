"""Requests that may wait: queued at any answer endpoint, asked for, listed and cancelled under `/v1/jobs`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs

import msgspec

from pilothouse.client.keyring import Holder
from pilothouse.core.dialect import Dialect
from pilothouse.core.errors import BadRequest, StoreError
from pilothouse.core.job import Job
from pilothouse.core.job_store import Full, JobFilter, JobStore, Reused
from pilothouse.server.doors import dialect as dialect_named
from pilothouse.server.http import Exchange, HttpRequest
from pilothouse.server.job_intake import IDEMPOTENCY, Intake, key_id
from pilothouse.server.job_views import job_body, job_view
from pilothouse.server.refusals import refuse

SERVES = (("GET", "/v1/jobs"), ("DELETE", "/v1/jobs"))
RETRY_FULL_S = 30
MOST_A_PAGE = 100
_JSON = "content-type: application/json\r\n"


class JobsApi:
    """The queue as its callers see it. `wake` tells a runner in this process of new work."""

    def __init__(
        self, store: JobStore, intake: Intake, wake: Callable[[], None] | None = None
    ) -> None:
        self._store = store
        self._intake = intake
        self._wake = wake

    async def enqueue(
        self,
        dialect: Dialect,
        http: HttpRequest,
        out: Exchange,
        holder: Holder | None,
        *,
        model: str | None = None,
        stream: bool = False,
    ) -> None:
        """Answer 202 once the job is durable. `model`, `stream`: as the address says them."""
        try:
            new = await asyncio.to_thread(
                self._intake.job,
                dialect,
                http.path,
                http.body,
                http.headers,
                holder,
                model=model,
                stream=stream,
            )
            made = await asyncio.to_thread(self._store.add, new, self._intake.rules.queued_per_key)
        except BadRequest as error:
            refuse_bad(out, dialect, error)
            return
        except StoreError as error:
            refuse_away(out, dialect, error)
            return
        if isinstance(made, Full):
            refuse_full(out, dialect, made)
            return
        if isinstance(made, Reused):
            if not made.is_same:
                message = f"{IDEMPOTENCY} was used for another request: {made.job.id}"
                refuse(out, dialect, 409, message, code="idempotency_conflict")
                return
            made = made.job
        elif self._wake is not None:
            self._wake()
        lines = f"{_JSON}location: {made.result_path}\r\npreference-applied: respond-async\r\n"
        out.send(202, job_body(made), lines.encode())

    async def handle(self, http: HttpRequest, out: Exchange, holder: Holder | None) -> None:
        """`/v1/jobs`, `/v1/jobs/{id}`, `/v1/jobs/{id}/result`."""
        dialect = dialect_named("openai_chat")
        rest = http.path.removeprefix("/v1/jobs").strip("/")
        job_id, _, part = rest.partition("/")
        try:
            if not job_id and http.method == "GET":
                await self._list(http, out, holder)
            elif job_id and not part and http.method in ("GET", "DELETE"):
                await self._one(http.method, job_id, out, holder)
            elif part == "result" and http.method == "GET":
                await self._result(job_id, out, holder)
            else:
                refuse(out, dialect, 405, f"{http.path} does not take {http.method}")
        except BadRequest as error:
            refuse_bad(out, dialect, error)
        except StoreError as error:
            refuse_away(out, dialect, error)

    async def _list(self, http: HttpRequest, out: Exchange, holder: Holder | None) -> None:
        query = parse_qs(http.query)
        limit = page_limit(query)
        where = JobFilter(
            key_id=key_id(holder),
            state=query.get("status", [None])[0],
            batch_id=query.get("batch_id", [None])[0],
            before_id=query.get("after", [None])[0],
        )
        found = await asyncio.to_thread(self._store.jobs, where, limit + 1)
        page = found[:limit]
        body = {
            "object": "list",
            "data": [job_view(job, None) for job in page],
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
            "has_more": len(found) > limit,
        }
        out.send(200, msgspec.json.encode(body))

    async def _one(self, method: str, job_id: str, out: Exchange, holder: Holder | None) -> None:
        if method == "DELETE":
            now_us = self._intake.now_us()
            job = await asyncio.to_thread(self._store.cancel, job_id, key_id(holder), now_us)
        else:
            job = await asyncio.to_thread(self._store.job, job_id, key_id(holder))
        if job is None:
            _refuse_unknown(out, job_id)
            return
        answer = await self._answer(job)
        out.send(200, job_body(job, answer))

    async def _result(self, job_id: str, out: Exchange, holder: Holder | None) -> None:
        """The answer alone, as the endpoint itself would have given it."""
        job = await asyncio.to_thread(self._store.job, job_id, key_id(holder))
        if job is None:
            _refuse_unknown(out, job_id)
            return
        answer = await self._answer(job)
        if answer is not None:
            out.send(job.http_status or 200, answer)
        elif not job.is_ended:
            out.send(202, job_body(job), f"{_JSON}retry-after: 2\r\n".encode())
        else:
            said = f"the job is {job.state}: {job.error or 'it has no answer'}"
            status = 504 if job.state == "expired" else 410 if job.state == "cancelled" else 502
            refuse(out, dialect_named(job.dialect), status, said, code=f"job_{job.state}")

    async def _answer(self, job: Job) -> bytes | None:
        if job.http_status is None:
            return None
        return await asyncio.to_thread(self._store.answer, job.id)


def refuse_bad(out: Exchange, dialect: Dialect, error: BadRequest) -> None:
    """A body or header that cannot be used."""
    refuse(out, dialect, 422 if error.param else 400, str(error), param=error.param)


def refuse_full(out: Exchange, dialect: Dialect, full: Full) -> None:
    """The key has enough in the queue."""
    message = f"this key has {full.open} open jobs and may have {full.most}: wait for some to end, or cancel some"
    lines = f"retry-after: {RETRY_FULL_S}\r\n"
    refuse(out, dialect, 429, message, code="queue_full", headers=lines)


def refuse_away(out: Exchange, dialect: Dialect, error: StoreError) -> None:
    """What cannot be kept is not accepted. The reason is the log's, not the caller's."""
    del error
    message = "the queue's database is away: try again, or ask without the queue"
    refuse(out, dialect, 503, message, code="queue_unavailable", headers="retry-after: 5\r\n")


def page_limit(query: dict[str, list[str]]) -> int:
    """`limit`, 20 when nothing is said. Raises `BadRequest`."""
    text = query.get("limit", ["20"])[0]
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_A_PAGE):
        raise BadRequest(f"limit is 1 to {MOST_A_PAGE}", param="limit")
    return int(text)


def _refuse_unknown(out: Exchange, job_id: str) -> None:
    message = f'there is no job "{job_id[:80]}" of this key'
    refuse(out, dialect_named("openai_chat"), 404, message, code="job_not_found")
