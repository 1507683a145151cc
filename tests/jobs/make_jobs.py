"""Jobs as the tests of the queue need them."""

from __future__ import annotations

from pilothouse.core.job import Job, JobRules
from pilothouse.core.job_store import JobRequest, NewJob

NOW = 1_750_000_000_000_000
SECOND = 1_000_000
RULES = JobRules(lease_s=30, attempts=3, backoff_s=1, backoff_cap_s=60)


def a_job(number: int, **changes: object) -> Job:
    values: dict[str, object] = {
        "id": f"job_{number:06d}",
        "key_id": "K1",
        "dialect": "openai_chat",
        "path": "/v1/chat/completions",
        "model": "small",
        "created_us": NOW,
        "deadline_us": NOW + 3600 * SECOND,
        "release_us": NOW,
    }
    return Job(**{**values, **changes})  # type: ignore[arg-type]


def a_new(number: int, body: bytes = b'{"model":"small"}', **changes: object) -> NewJob:
    return NewJob(a_job(number, **changes), JobRequest(body, {"anthropic-beta": "x"}))
