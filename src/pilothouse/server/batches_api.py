"""OpenAI's batches: a file of requests becomes jobs, the completion window their deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pilothouse.client.keyring import Holder
from pilothouse.core.batch import (
    Batch,
    StoredFile,
    Tally,
    WhichFile,
    metadata_problem,
    read_lines,
    status_of,
)
from pilothouse.core.errors import BadRequest, StoreError
from pilothouse.core.job_store import BatchStore, Full, NewJob
from pilothouse.server.doors import dialect as dialect_named
from pilothouse.server.files_api import is_deleted, output_id, refuse_no_file
from pilothouse.server.http import Exchange, HttpRequest
from pilothouse.server.job_intake import Intake, Place, key_id
from pilothouse.server.jobs_api import page_limit, refuse_away, refuse_bad, refuse_full
from pilothouse.server.refusals import refuse

SERVES = (("POST", "/v1/batches"), ("GET", "/v1/batches"))
ENDPOINTS = {
    "/v1/chat/completions": "openai_chat",
    "/v1/responses": "openai_responses",
    "/v1/messages": "anthropic_messages",
}
_MOST_PROBLEMS = 10


class _Wanted(Struct):
    input_file_id: str
    endpoint: str
    completion_window: str
    metadata: Any = None


class BatchesApi:
    """`/v1/batches`, `/v1/batches/{id}`, `/v1/batches/{id}/cancel`."""

    def __init__(
        self, store: BatchStore, intake: Intake, wake: Callable[[], None] | None = None
    ) -> None:
        self._store = store
        self._intake = intake
        self._wake = wake

    async def handle(self, http: HttpRequest, out: Exchange, holder: Holder | None) -> None:
        """Answer one request."""
        dialect = dialect_named("openai_chat")
        rest = http.path.removeprefix("/v1/batches").strip("/")
        batch_id, _, part = rest.partition("/")
        try:
            match (http.method, bool(batch_id), part):
                case ("POST", False, ""):
                    await self._create(http, out, holder)
                case ("GET", False, ""):
                    await self._list(http, out, holder)
                case ("GET", True, "") | ("POST", True, "cancel"):
                    await self._one(batch_id, part == "cancel", out, holder)
                case _:
                    refuse(out, dialect, 405, f"{http.path} does not take {http.method}")
        except BadRequest as error:
            refuse_bad(out, dialect, error)
        except StoreError as error:
            refuse_away(out, dialect, error)

    async def _create(self, http: HttpRequest, out: Exchange, holder: Holder | None) -> None:
        wanted = _wanted(http.body)
        file = await asyncio.to_thread(self._store.file, wanted.input_file_id, key_id(holder))
        if file is None:
            refuse_no_file(out, wanted.input_file_id)
            return
        made = await asyncio.to_thread(self._made, wanted, file, http, holder)
        if isinstance(made, Full):
            refuse_full(out, dialect_named("openai_chat"), made)
            return
        if self._wake is not None:
            self._wake()
        tally = Tally(counts={"queued": made.total})
        out.send(200, msgspec.json.encode(_view(made, tally)))

    def _made(
        self, wanted: _Wanted, file: StoredFile, http: HttpRequest, holder: Holder | None
    ) -> Batch | Full:
        """The batch with all its jobs; in a thread, for a file may have 50,000 lines."""
        intake = self._intake
        now_us = intake.now_us()
        window_us = intake.window_us(wanted.completion_window, "completion_window")
        batch = Batch(
            id=intake.new_id("batch"),
            key_id=file.key_id,
            endpoint=wanted.endpoint,
            input_file_id=file.id,
            completion_window=wanted.completion_window,
            created_us=now_us,
            deadline_us=now_us + window_us,
            total=0,
            metadata_json=msgspec.json.encode(wanted.metadata),
        )
        jobs = self._jobs(batch, self._store.content(file.id), http, holder)
        batch = replace(batch, total=len(jobs))
        full = self._store.add_batch(batch, jobs, intake.rules.lines_per_key)
        return full if full is not None else batch

    def _jobs(
        self, batch: Batch, content: bytes, http: HttpRequest, holder: Holder | None
    ) -> list[NewJob]:
        dialect = dialect_named(ENDPOINTS[batch.endpoint])
        jobs: list[NewJob] = []
        problems: list[str] = []
        for line in read_lines(content):
            place = Place(
                batch_id=batch.id,
                line=line.number,
                custom_id=line.custom_id,
                deadline_us=batch.deadline_us,
            )
            try:
                if line.url != batch.endpoint:
                    raise BadRequest(f'url is "{line.url}", the batch is for {batch.endpoint}')
                body = bytes(line.body)
                new = self._intake.job(dialect, line.url, body, http.headers, holder, place=place)
            except BadRequest as error:
                problems.append(f"line {line.number}: {error}")
                if len(problems) == _MOST_PROBLEMS:
                    break
                continue
            jobs.append(new)
        if problems:
            raise BadRequest("; ".join(problems), param="input_file_id")
        return jobs

    async def _list(self, http: HttpRequest, out: Exchange, holder: Holder | None) -> None:
        query = parse_qs(http.query)
        limit = page_limit(query)
        after = query.get("after", [None])[0]
        found = await asyncio.to_thread(self._store.batches, key_id(holder), limit + 1, after)
        page = found[:limit]
        views = [_view(b, await asyncio.to_thread(self._store.tally, b.id)) for b in page]
        body = {
            "object": "list",
            "data": views,
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
            "has_more": len(found) > limit,
        }
        out.send(200, msgspec.json.encode(body))

    async def _one(
        self, batch_id: str, cancels: bool, out: Exchange, holder: Holder | None
    ) -> None:
        batch = await asyncio.to_thread(self._store.batch, batch_id, key_id(holder))
        if batch is None:
            message = f'there is no batch "{batch_id[:80]}" of this key'
            dialect = dialect_named("openai_chat")
            refuse(out, dialect, 404, message, code="batch_not_found", param="batch_id")
            return
        tally = await asyncio.to_thread(self._store.tally, batch_id)
        if cancels and tally.open:
            now_us = self._intake.now_us()
            await asyncio.to_thread(self._store.cancel_batch, batch_id, now_us)
            tally = await asyncio.to_thread(self._store.tally, batch_id)
            batch = await asyncio.to_thread(self._store.batch, batch_id, key_id(holder)) or batch
        out.send(200, msgspec.json.encode(_view(batch, tally)))


def _wanted(body: bytes) -> _Wanted:
    try:
        wanted = msgspec.json.decode(body, type=_Wanted)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"this is not a batch: {error}") from None
    if wanted.endpoint not in ENDPOINTS:
        known = ", ".join(ENDPOINTS)
        raise BadRequest(
            f'endpoint is "{wanted.endpoint[:80]}"; queued can be: {known}', param="endpoint"
        )
    problem = metadata_problem(wanted.metadata)
    if problem is not None:
        raise BadRequest(problem, param="metadata")
    return wanted


def _view(batch: Batch, tally: Tally) -> dict[str, Any]:
    """OpenAI's batch object."""
    status = status_of(batch, tally)
    is_over = not tally.open
    done, failed = tally.of("done"), tally.of("failed", "expired", "cancelled")

    def file(which: WhichFile, count: int) -> str | None:
        has = is_over and count and not is_deleted(batch, which)
        return output_id(batch, which) if has else None

    ended_at = tally.ended_us // 1_000_000 if is_over and tally.ended_us is not None else None
    cancelling_at = None if batch.cancelled_us is None else batch.cancelled_us // 1_000_000
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.endpoint,
        "errors": None,
        "input_file_id": batch.input_file_id,
        "completion_window": batch.completion_window,
        "status": status,
        "output_file_id": file("output", done),
        "error_file_id": file("error", failed),
        "created_at": batch.created_us // 1_000_000,
        "in_progress_at": batch.created_us // 1_000_000,
        "expires_at": batch.deadline_us // 1_000_000,
        "finalizing_at": ended_at if status == "completed" else None,
        "completed_at": ended_at if status == "completed" else None,
        "failed_at": None,
        "expired_at": ended_at if status == "expired" else None,
        "cancelling_at": cancelling_at,
        "cancelled_at": ended_at if status == "cancelled" else None,
        "request_counts": {
            "total": batch.total,
            "completed": done,
            "failed": tally.of("failed", "expired"),
        },
        "metadata": msgspec.Raw(batch.metadata_json),
    }
