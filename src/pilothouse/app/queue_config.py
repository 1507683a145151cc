"""`queue:` in pilothouse.yaml: how long requests may wait, when answers are cheaper, who is told."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from pilothouse.client.job_runner import Pace
from pilothouse.core.errors import InvalidInput
from pilothouse.core.job import SECOND_US, JobRules
from pilothouse.core.release import OffPeak, off_peak
from pilothouse.core.secret import not_set
from pilothouse.watch.when import span_us
from pilothouse.wire.lookup import Lookup


class OffPeakConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours of every day, in UTC, in which a vendor asks less (or, with a factor above 1, more)."""

    hours: str
    """`16:30-00:30`"""
    factor: Decimal


class QueueConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The section as written."""

    works: bool = True
    """Whether the gateway's own processes answer jobs when they have room; else only `pilothouse work` does."""
    concurrency: Annotated[int, Meta(ge=1, le=10_000)] = 8
    """Jobs at once in one process."""
    busy_at: Annotated[int, Meta(ge=1, le=1_000_000)] = 64
    """A gateway process with so many requests under way takes no job."""
    lease: str = "30s"
    attempts: Annotated[int, Meta(ge=1, le=100)] = 5
    deadline: str = "24h"
    """When a caller says nothing."""
    longest: str = "7d"
    kept: str = "30d"
    queued_per_key: Annotated[int, Meta(ge=1, le=10_000_000)] = 10_000
    lines_per_key: Annotated[int, Meta(ge=1, le=10_000_000)] = 100_000
    off_peak: list[OffPeakConfig] = []
    webhook_secret_env: str | None = None
    """The variable that holds what webhooks are signed with; without it there are none."""
    webhook_inside: list[str] = []
    """Hosts and networks (`10.1.0.0/16`) of your own that webhooks may go to. Others inside are refused."""
    public_url: str = ""
    """What stands before `/v1/jobs/...` in a webhook's body."""


def queue_problems(
    config: QueueConfig, environ: Mapping[str, str] | None = None
) -> list[tuple[str, str]]:
    """(key, message) of what the shape alone cannot say. With `environ`, the secret must be in it."""
    problems: list[tuple[str, str]] = []
    for name in ("lease", "deadline", "longest", "kept"):
        try:
            if span_us(getattr(config, name)) < SECOND_US:
                problems.append((f"queue.{name}", "at least 1s"))
        except InvalidInput as error:
            problems.append((f"queue.{name}", str(error)))
    for number, window in enumerate(config.off_peak):
        try:
            off_peak(window.hours, window.factor)
        except InvalidInput as error:
            problems.append((f"queue.off_peak[{number}]", str(error)))
    try:
        Lookup(config.webhook_inside)
    except InvalidInput as error:
        problems.append(("queue.webhook_inside", str(error)))
    name = config.webhook_secret_env
    if environ is not None and name and not environ.get(name):
        problems.append(("queue.webhook_secret_env", not_set(name)))
    return problems


def rules_of(config: QueueConfig) -> JobRules:
    """The section as rules. Raises `InvalidInput` for what `queue_problems` names."""
    return JobRules(
        lease_s=span_us(config.lease) / SECOND_US,
        attempts=config.attempts,
        deadline_s=span_us(config.deadline) / SECOND_US,
        longest_s=span_us(config.longest) / SECOND_US,
        kept_s=span_us(config.kept) / SECOND_US,
        queued_per_key=config.queued_per_key,
        lines_per_key=config.lines_per_key,
    )


def windows_of(config: QueueConfig) -> tuple[OffPeak, ...]:
    """The cheaper hours. Raises `InvalidInput` as above."""
    return tuple(off_peak(window.hours, window.factor) for window in config.off_peak)


def pace_of(config: QueueConfig, concurrency: int | None = None) -> Pace:
    """How hard one process works; `concurrency` instead of the section's."""
    return Pace(concurrency=concurrency or config.concurrency)
