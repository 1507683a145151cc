"""A job as its caller's SDK would expect such a thing: OpenAI's and Anthropic's objects, Google's operations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Raw

from pilothouse.core.job import Job
from pilothouse.core.pico import usd


def job_view(job: Job, answer: bytes | None) -> dict[str, Any]:
    """What `GET /v1/jobs/{id}` says; `answer` once there is one."""
    if job.dialect == "gemini":
        return _operation(job, answer)
    named: dict[str, Any] = {"type": "job"}
    if job.dialect != "anthropic_messages":
        named = {"object": "job"}
    view: dict[str, Any] = {"id": job.id, **named, **_facts(job)}
    if answer is not None:
        view["response" if job.state == "done" else "failure"] = Raw(answer)
    return view


def job_body(job: Job, answer: bytes | None = None) -> bytes:
    """The same as JSON."""
    return msgspec.json.encode(job_view(job, answer))


def _operation(job: Job, answer: bytes | None) -> dict[str, Any]:
    view: dict[str, Any] = {
        "name": f"jobs/{job.id}",
        "id": job.id,
        "done": job.is_ended,
        "metadata": _facts(job),
        "status": job.state,
        "result_url": job.result_path,
    }
    if answer is not None and job.state == "done":
        view["response"] = Raw(answer)
    elif job.is_ended:
        view["error"] = {
            "code": job.http_status or (1 if job.state == "cancelled" else 4),
            "message": job.error or job.state,
        }
    return view


def _facts(job: Job) -> dict[str, Any]:
    return {
        "status": job.state,
        "result_url": job.result_path,
        "model": job.model,
        "endpoint": job.path,
        "created_at": job.created_us // 1_000_000,
        "expires_at": job.deadline_us // 1_000_000,
        "starts_after": _utc(job.release_us) if job.state == "queued" else None,
        "completed_at": None if job.finished_us is None else job.finished_us // 1_000_000,
        "priority": job.priority,
        "attempts": job.attempt,
        "batch_id": job.batch_id,
        "custom_id": job.custom_id,
        "http_status": job.http_status,
        "last_error": job.error,
        "target": job.target,
        "cost_usd": None if job.cost_pico_usd is None else f"{usd(job.cost_pico_usd):f}",
    }


def _utc(at_us: int) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
