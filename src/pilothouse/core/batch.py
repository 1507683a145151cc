"""OpenAI's batches: what a file of requests must look like, what became of it, and its output lines. Pure.

Source: https://platform.openai.com/docs/api-reference/batch. A batch's status follows from its jobs alone,
so there is no second state that a crash could leave behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from pilothouse.core.errors import BadRequest
from pilothouse.core.job import Job

BatchStatus = Literal["in_progress", "completed", "expired", "cancelling", "cancelled"]
WhichFile = Literal["output", "error"]
MOST_LINES = 50_000
_MOST_PROBLEMS = 10


class StoredFile(Struct, frozen=True, kw_only=True):
    """An uploaded file without its content."""

    id: str
    key_id: str
    name: str
    size: int
    created_us: int


class Batch(Struct, frozen=True, kw_only=True):
    """As kept."""

    id: str
    key_id: str
    endpoint: str
    input_file_id: str
    completion_window: str
    """As the caller wrote it, e.g. `24h`."""
    created_us: int
    deadline_us: int
    total: int
    metadata_json: bytes = b"null"
    cancelled_us: int | None = None
    is_output_deleted: int = 0
    is_error_deleted: int = 0


class Tally(Struct, frozen=True, kw_only=True):
    """How many of a batch's jobs are in which state."""

    counts: Mapping[str, int]
    ended_us: int | None = None
    """When the last of them ended so far."""

    @property
    def open(self) -> int:
        """Not ended yet."""
        return self.counts.get("queued", 0) + self.counts.get("running", 0)

    def of(self, *states: str) -> int:
        """In any of the states."""
        return sum(self.counts.get(state, 0) for state in states)


class Line(Struct, frozen=True):
    """One request of an input file."""

    number: int
    custom_id: str
    url: str
    body: Raw


class _Line(Struct):
    custom_id: str
    method: str
    url: str
    body: Raw


class LineAnswer(Struct, frozen=True):
    """One job of a batch as its output needs it."""

    job: Job
    body: bytes | None


_DECODER = msgspec.json.Decoder(_Line)


def read_lines(content: bytes) -> list[Line]:
    """Every request of a JSONL file. Raises `BadRequest` that names the first lines at fault, each with its number."""
    lines: list[Line] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    for number, text in enumerate(content.split(b"\n"), 1):
        if not text.strip():
            continue
        found = _read(number, text, seen)
        if isinstance(found, Line):
            lines.append(found)
        else:
            problems.append(found)
        if len(problems) == _MOST_PROBLEMS:
            problems.append("and perhaps more")
            break
    if len(lines) > MOST_LINES:
        problems.append(f"the file has more than {MOST_LINES:,} requests; cut it into several")
    if not lines and not problems:
        problems.append("the file holds no request; write one JSON object a line")
    if problems:
        raise BadRequest("; ".join(problems), param="file")
    return lines


def status_of(batch: Batch, tally: Tally) -> BatchStatus:
    """What a caller is told."""
    if batch.cancelled_us is not None:
        return "cancelling" if tally.open else "cancelled"
    if tally.open:
        return "in_progress"
    return "expired" if tally.of("expired") else "completed"


def file_of(line: LineAnswer) -> WhichFile | None:
    """Where a job's line stands: answers in the output, everything else that ended in the errors."""
    if line.job.state == "done":
        return "output"
    return "error" if line.job.is_ended else None


def output_line(line: LineAnswer) -> bytes:
    """A line of the output or the error file, with its newline."""
    job = line.job
    response = error = None
    if line.body is not None and job.http_status is not None:
        response = {
            "status_code": job.http_status,
            "request_id": job.attempt_id,
            "body": Raw(line.body),
        }
    else:
        error = {"code": _CODES.get(job.state, "batch_failed"), "message": _message(job)}
    whole = {
        "id": f"batch_req_{job.id.removeprefix('job_')}",
        "custom_id": job.custom_id,
        "response": response,
        "error": error,
    }
    return msgspec.json.encode(whole) + b"\n"


_CODES = {"expired": "batch_expired", "cancelled": "batch_cancelled"}


def _message(job: Job) -> str:
    match job.state:
        case "expired":
            return (
                f"the deadline passed before an answer came ({job.error or 'it was never tried'})"
            )
        case "cancelled":
            return "the batch was cancelled before this request had an answer"
        case _:
            return job.error or "no answer"


def _read(number: int, text: bytes, seen: dict[str, int]) -> Line | str:
    try:
        line = _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"line {number}: {error}"
    if line.method != "POST":
        return f'line {number}: method is "{line.method}"; only POST can be queued'
    if not line.custom_id:
        return f"line {number}: custom_id is empty; results are found by it"
    if line.custom_id in seen:
        before = seen[line.custom_id]
        return f'line {number}: custom_id "{line.custom_id}" was used on line {before} already'
    if not bytes(line.body).lstrip().startswith(b"{"):
        return f"line {number}: body is not a JSON object"
    seen[line.custom_id] = number
    return Line(number, line.custom_id, line.url, line.body)


def metadata_problem(metadata: Any) -> str | None:
    """Why `metadata` is not what OpenAI allows: 16 pairs of short texts."""
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or len(metadata) > 16:  # pyright: ignore[reportUnknownArgumentType]
        return "metadata is an object of at most 16 texts"
    pairs: Any = metadata.items()  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    for key, value in pairs:
        if not isinstance(value, str) or len(key) > 64 or len(value) > 512:
            return f"metadata.{key}: a text of at most 512 characters, under a key of at most 64"
    return None
