"""OpenAI's files, as far as batches need them: uploaded requests, and what batches put out.

Outputs are not stored a second time: `file-out_<batch>` and `file-err_<batch>` are written from the jobs'
answers while they are read, so no crash leaves half a file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct

from pilothouse.client.keyring import Holder
from pilothouse.core.batch import (
    Batch,
    StoredFile,
    WhichFile,
    file_of,
    output_line,
    read_lines,
)
from pilothouse.core.errors import BadRequest, StoreError
from pilothouse.core.job_store import BatchStore
from pilothouse.server.doors import dialect as dialect_named
from pilothouse.server.http import Exchange, HttpRequest
from pilothouse.server.job_intake import Intake, key_id
from pilothouse.server.jobs_api import page_limit, refuse_away, refuse_bad
from pilothouse.server.multipart import read_form
from pilothouse.server.refusals import refuse

SERVES = (("POST", "/v1/files"), ("GET", "/v1/files"), ("DELETE", "/v1/files"))
_PAGE = 200
_PREFIXES: dict[str, WhichFile] = {"file-out_": "output", "file-err_": "error"}
_PREFIX_OF: dict[WhichFile, str] = {which: prefix for prefix, which in _PREFIXES.items()}


class Output(Struct, frozen=True):
    """What a batch has put out."""

    id: str
    batch: Batch
    which: WhichFile


class FilesApi:
    """`/v1/files`, `/v1/files/{id}`, `/v1/files/{id}/content`."""

    def __init__(self, store: BatchStore, intake: Intake) -> None:
        self._store = store
        self._intake = intake

    async def handle(self, http: HttpRequest, out: Exchange, holder: Holder | None) -> None:
        """Answer one request."""
        dialect = dialect_named("openai_chat")
        rest = http.path.removeprefix("/v1/files").strip("/")
        file_id, _, part = rest.partition("/")
        try:
            if not file_id and http.method == "POST":
                await self._upload(http, out, holder)
            elif not file_id and http.method == "GET":
                await self._list(http, out, holder)
            elif part in ("", "content") and http.method in ("GET", "DELETE"):
                await self._one(http.method, file_id, part, out, holder)
            else:
                refuse(out, dialect, 405, f"{http.path} does not take {http.method}")
        except BadRequest as error:
            refuse_bad(out, dialect, error)
        except StoreError as error:
            refuse_away(out, dialect, error)

    async def _upload(self, http: HttpRequest, out: Exchange, holder: Holder | None) -> None:
        form = read_form(http.headers.get("content-type", ""), http.body)
        purpose = form["purpose"].content.decode("utf-8", "replace") if "purpose" in form else ""
        if purpose != "batch":
            raise BadRequest(
                f'purpose is "{purpose[:40]}"; files are kept for batches alone: purpose=batch',
                param="purpose",
            )
        if "file" not in form:
            raise BadRequest("the form has no field called file", param="file")
        content = form["file"].content
        await asyncio.to_thread(read_lines, content)
        file = StoredFile(
            id=self._intake.new_id("file-in"),
            key_id=key_id(holder),
            name=(form["file"].filename or "upload.jsonl")[:255],
            size=len(content),
            created_us=self._intake.now_us(),
        )
        await asyncio.to_thread(self._store.add_file, file, content)
        out.send(200, msgspec.json.encode(self._view(file)))

    async def _list(self, http: HttpRequest, out: Exchange, holder: Holder | None) -> None:
        query = parse_qs(http.query)
        limit = page_limit(query)
        after = query.get("after", [None])[0]
        found = await asyncio.to_thread(self._store.files, key_id(holder), limit + 1, after)
        page = found[:limit]
        body = {
            "object": "list",
            "data": [self._view(file) for file in page],
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
            "has_more": len(found) > limit,
        }
        out.send(200, msgspec.json.encode(body))

    async def _one(
        self, method: str, file_id: str, part: str, out: Exchange, holder: Holder | None
    ) -> None:
        found = await self._find(file_id, holder)
        if found is None:
            refuse_no_file(out, file_id)
        elif method == "DELETE":
            await self._delete(found)
            gone = {"id": file_id, "object": "file", "deleted": True}
            out.send(200, msgspec.json.encode(gone))
        elif isinstance(found, Output):
            await self._put_out(found, part, out)
        elif part:
            content = await asyncio.to_thread(self._store.content, found.id)
            out.send(200, content, b"content-type: application/octet-stream\r\n")
        else:
            out.send(200, msgspec.json.encode(self._view(found)))

    async def _put_out(self, output: Output, part: str, out: Exchange) -> None:
        if part:
            out.start_stream(b"content-type: application/octet-stream\r\n")
            async for data in self._pages(output):
                out.write(data)
                if out.is_full:
                    await out.drained()
            out.end_stream()
            return
        size = sum([len(data) async for data in self._pages(output)])
        batch = output.batch
        file = StoredFile(
            id=output.id,
            key_id=batch.key_id,
            name=f"{batch.id}_{output.which}.jsonl",
            size=size,
            created_us=batch.created_us,
        )
        out.send(200, msgspec.json.encode(self._view(file, "batch_output")))

    async def _pages(self, output: Output) -> AsyncIterator[bytes]:
        after = 0
        while True:
            lines = await asyncio.to_thread(self._store.lines, output.batch.id, after, _PAGE)
            data = b"".join([output_line(one) for one in lines if file_of(one) == output.which])
            if data:
                yield data
            if len(lines) < _PAGE:
                return
            after = lines[-1].job.line

    async def _find(self, file_id: str, holder: Holder | None) -> StoredFile | Output | None:
        owner = key_id(holder)
        for prefix, which in _PREFIXES.items():
            if file_id.startswith(prefix):
                batch_id = f"batch_{file_id.removeprefix(prefix)}"
                batch = await asyncio.to_thread(self._store.batch, batch_id, owner)
                if batch is None or is_deleted(batch, which):
                    return None
                tally = await asyncio.to_thread(self._store.tally, batch_id)
                return None if tally.open else Output(file_id, batch, which)
        return await asyncio.to_thread(self._store.file, file_id, owner)

    async def _delete(self, found: StoredFile | Output) -> None:
        if isinstance(found, Output):
            await asyncio.to_thread(self._store.delete_output, found.batch.id, found.which)
        else:
            await asyncio.to_thread(self._store.delete_file, found.id, found.key_id)

    def _view(self, file: StoredFile, purpose: str = "batch") -> dict[str, Any]:
        return {
            "id": file.id,
            "object": "file",
            "bytes": file.size,
            "created_at": file.created_us // 1_000_000,
            "expires_at": (file.created_us + round(self._intake.rules.kept_s * 1_000_000))
            // 1_000_000,
            "filename": file.name,
            "purpose": purpose,
            "status": "processed",
        }


def output_id(batch: Batch, which: WhichFile) -> str:
    """The id of a file that a batch puts out."""
    return _PREFIX_OF[which] + batch.id.removeprefix("batch_")


def is_deleted(batch: Batch, which: WhichFile) -> bool:
    """Whether its owner deleted that file."""
    return bool(batch.is_output_deleted if which == "output" else batch.is_error_deleted)


def refuse_no_file(out: Exchange, file_id: str) -> None:
    """Another key's file is not there either."""
    message = f'there is no file "{file_id[:80]}" of this key'
    refuse(out, dialect_named("openai_chat"), 404, message, code="file_not_found", param="id")
