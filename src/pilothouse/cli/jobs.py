"""`pilothouse jobs`: the queue as its operator sees it, everybody's jobs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from pilothouse.app.compose import now_us, open_store
from pilothouse.cli.output import print_json, print_table
from pilothouse.cli.store_option import store_option
from pilothouse.core.errors import NotFound
from pilothouse.core.job import Job, JobState
from pilothouse.core.job_store import JobFilter, JobStore
from pilothouse.core.pico import usd

json_option = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
_HEADER = ("job", "state", "route", "key", "priority", "tries", "starts", "deadline (UTC)", "USD")


@click.group()
def command() -> None:
    """Requests that may wait.

    \b
    Example:
      pilothouse jobs list --state queued
    """


@command.command("list")
@click.option("--state", type=click.Choice(get_args(JobState)), help="Only these.")
@click.option("--key", "key_id", metavar="ID", help="Only jobs of this virtual key.")
@click.option("--batch", "batch_id", metavar="ID", help="Only jobs of this batch.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many."
)
@store_option
@json_option
def list_jobs(store: Path, limit: int, as_json: bool, **given: str | None) -> int:
    """Newest first.

    \b
    Example:
      pilothouse jobs list --state running
      pilothouse jobs list --batch batch_01 --limit 500 --json
    """
    with _opened(store) as jobs:
        found = jobs.jobs(JobFilter(**given), limit + 1)
    if as_json:
        for job in found[:limit]:
            click.echo(msgspec.json.encode(job))
    elif not found:
        click.echo(f"No jobs match in {store}.")
    else:
        print_table(_HEADER, [_cells(job) for job in found[:limit]])
        if len(found) > limit:
            click.echo(f"(the newest {limit}; more with --limit)")
    return 0


@command.command()
@click.argument("job_id")
@click.option("--answer", "with_answer", is_flag=True, help="The answer's body alone.")
@store_option
@json_option
def show(job_id: str, with_answer: bool, store: Path, as_json: bool) -> int:
    """Everything kept of one job; exit 1 when --answer finds none yet.

    \b
    Example:
      pilothouse jobs show job_01 --json
      pilothouse jobs show job_01 --answer
    """
    with _opened(store) as jobs:
        job = _job(jobs, job_id, store)
        answer = jobs.answer(job_id) if with_answer else None
    if with_answer:
        if answer is None:
            click.echo(f"{job_id} is {job.state} and has no answer", err=True)
            return 1
        click.echo(answer)
    elif as_json:
        print_json(job)
    else:
        for name in job.__struct_fields__:
            value = getattr(job, name)
            if value is not None:
                said = _utc(value) if name.endswith("_us") else value
                click.echo(f"{name.removesuffix('_us'):<16} {said}")
    return 0


@command.command()
@click.argument("job_ids", nargs=-1, required=True)
@store_option
@json_option
def cancel(job_ids: tuple[str, ...], store: Path, as_json: bool) -> int:
    """Cancel jobs; exit 1 when one had ended before. A worker that asks already hears of it within its lease.

    \b
    Example:
      pilothouse jobs cancel job_01 job_02
    """
    with _opened(store) as jobs:
        for job_id in job_ids:
            _job(jobs, job_id, store)
        after = [(job_id, jobs.cancel(job_id, None, now_us())) for job_id in job_ids]
    states = {job_id: job.state for job_id, job in after if job is not None}
    if as_json:
        print_json(states)
    else:
        for job_id, state in states.items():
            click.echo(f"{job_id} is {state}")
    return 0 if set(states.values()) <= {"cancelled"} else 1


@contextmanager
def _opened(store: Path) -> Generator[JobStore]:
    opened = open_store(store, must_exist=True)
    try:
        yield opened.jobs
    finally:
        opened.close()


def _job(jobs: JobStore, job_id: str, store: Path) -> Job:
    job = jobs.job(job_id, None)
    if job is None:
        raise NotFound(f'{store}: no job "{job_id}" (list them: pilothouse jobs list)')
    return job


def _cells(job: Job) -> tuple[Any, ...]:
    return (
        job.id,
        job.state,
        job.model,
        job.key_id or None,
        job.priority,
        job.attempt,
        _utc(job.release_us) if job.state == "queued" else None,
        _utc(job.deadline_us),
        None if job.cost_pico_usd is None else f"{usd(job.cost_pico_usd):f}",
    )


def _utc(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us // 1_000_000, tz=UTC):%Y-%m-%d %H:%M:%S}"
