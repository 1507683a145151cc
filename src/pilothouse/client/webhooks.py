"""Tells webhooks that a job has ended: signed, tried again with longer waits, never to an address that is refused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from pilothouse.core.errors import InvalidInput, ProviderError, StoreError
from pilothouse.core.job import SECOND_US, Job
from pilothouse.core.job_store import JobStore
from pilothouse.core.ports import NowUs
from pilothouse.core.secret import Secret
from pilothouse.core.webhook import HEADER, signature
from pilothouse.wire.deadlines import Timeouts
from pilothouse.wire.pool import Pool, Resolve

log = logging.getLogger("pilothouse.jobs")

CheckUrl = Callable[[str], str | None]
"""Why an address is refused (it leads inside, it is no address), or None. May look names up: it may block."""
Post = Callable[[str, dict[str, str], bytes], Awaitable[int]]
"""URL, headers and body to the status. Raises `ProviderError`, `InvalidInput`."""
TRIES = 8
"""Over about an hour and a half."""
_AT_ONCE = 20
_LEASE_US = 60 * SECOND_US
_PATIENCE = Timeouts(connect_s=5, first_byte_s=10, between_s=10, total_s=15)


class Note(Struct, frozen=True, kw_only=True):
    """The body of a delivery. The answer itself is fetched, with the key that asked for it."""

    type: str
    job_id: str
    attempt_id: str
    status: str
    http_status: int | None
    custom_id: str | None
    created_us: int
    finished_us: int | None
    result_url: str
    changed: bool | None = None
    """Of an upgrade: whether the better answer says something else than the first."""


class _Said(Struct):
    """What of an upgrade's document is told."""

    changed: bool | None = None


class Webhooks:
    """Delivers what is due. `base_url` stands before the result's path, where one is configured."""

    def __init__(
        self,
        store: JobStore,
        secret: Secret,
        check_url: CheckUrl,
        now_us: NowUs,
        *,
        base_url: str = "",
        post: Post | None = None,
    ) -> None:
        self._store = store
        self._secret = secret
        self._check_url = check_url
        self._now_us = now_us
        self._base_url = base_url.rstrip("/")
        self._post = post or posted

    async def run(self, poll_s: float = 1.0) -> None:
        """Deliver until cancelled."""
        while True:
            started_s = monotonic()
            try:
                found = await self.deliver_due()
            except StoreError as error:
                log.error("webhooks wait: %s", error)
                found = 0
            if found < _AT_ONCE:
                await asyncio.sleep(max(0.0, poll_s - (monotonic() - started_s)))

    async def deliver_due(self) -> int:
        """One round; how many were tried. Raises `StoreError`."""
        now_us = self._now_us()
        jobs = await asyncio.to_thread(
            self._store.due_webhooks, now_us, now_us + _LEASE_US, _AT_ONCE
        )
        await asyncio.gather(*[self._deliver(job) for job in jobs])
        return len(jobs)

    async def _deliver(self, job: Job) -> None:
        url = job.webhook or ""
        problem = await asyncio.to_thread(self._check_url, url)
        if problem is not None:
            log.warning("the webhook of %s is not told: %s", job.id, problem)
            await self._told(job, True)
            return
        body = await self._body(job)
        now_s = self._now_us() // SECOND_US
        headers = {
            "content-type": "application/json",
            "user-agent": "pilothouse",
            "pilothouse-delivery": f"{job.id}-{job.state}",
            HEADER: signature(self._secret, now_s, body),
        }
        try:
            status = await self._post(url, headers, body)
        except (ProviderError, InvalidInput) as error:
            log.info("the webhook of %s did not answer: %s", job.id, error)
            status = 0
        # 410 Gone: whoever stands there wants no more. Redirects lead where nobody has looked.
        await self._told(job, 200 <= status < 300 or status == 410)

    async def _told(self, job: Job, is_delivered: bool) -> None:
        await asyncio.to_thread(self._store.told, job.id, is_delivered, self._now_us(), TRIES)

    async def _body(self, job: Job) -> bytes:
        noun, changed = "job", None
        if job.is_upgrade:
            answer = await asyncio.to_thread(self._store.answer, job.id)
            noun = "upgrade"
            changed = msgspec.json.decode(answer or b"{}", type=_Said).changed
        return msgspec.json.encode(
            Note(
                type=f"{noun}.{job.state}",
                job_id=job.id,
                attempt_id=job.attempt_id,
                status=job.state,
                http_status=job.http_status,
                custom_id=job.custom_id,
                created_us=job.created_us,
                finished_us=job.finished_us,
                result_url=f"{self._base_url}{job.result_path}",
                changed=changed,
            )
        )


async def posted(
    url: str, headers: dict[str, str], body: bytes, *, resolve: Resolve | None = None
) -> int:
    """One POST over a connection of its own; redirects are not followed.

    `resolve` (`Lookup.addresses`): connected to what was checked, not to what the name means by then.
    """
    parts = urlsplit(url)
    pool = Pool(f"{parts.scheme}://{parts.netloc}", _PATIENCE, most_body_mb=1, resolve=resolve)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        response = await pool.send(pool.head("POST", path, headers), body)
    finally:
        pool.close()
    return response.status
