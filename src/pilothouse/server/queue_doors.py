"""The addresses of the queue, for the gateway to look at after its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pilothouse.client.keyring import Holder
from pilothouse.server.batches_api import BatchesApi
from pilothouse.server.files_api import FilesApi
from pilothouse.server.http import Exchange, HttpRequest
from pilothouse.server.jobs_api import JobsApi
from pilothouse.server.upgrades_api import UpgradesApi

Handle = Callable[[HttpRequest, Exchange, Holder | None], Awaitable[None]]


class QueueDoors:
    """`/v1/jobs`, `/v1/files`, `/v1/batches`, `/v1/upgrades` and all below them."""

    def __init__(
        self,
        jobs: JobsApi,
        files: FilesApi,
        batches: BatchesApi,
        upgrades: UpgradesApi | None = None,
    ) -> None:
        self.jobs = jobs
        self._handles: dict[str, Handle] = {
            "jobs": jobs.handle,
            "files": files.handle,
            "batches": batches.handle,
        }
        if upgrades is not None:
            self._handles["upgrades"] = upgrades.handle

    def at(self, path: str) -> Handle | None:
        """What stands there; None = nothing of the queue."""
        version, _, rest = path.removeprefix("/").partition("/")
        return self._handles.get(rest.partition("/")[0]) if version == "v1" else None
