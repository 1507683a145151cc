"""Makes the queue's parts for a process that serves: its doors, and its own worker where one is wanted."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from pilothouse.app.compose import now_us
from pilothouse.app.queue_config import QueueConfig, pace_of, rules_of, windows_of
from pilothouse.app.working import worker_name
from pilothouse.client.caller import Client
from pilothouse.client.guarding import GuardBook
from pilothouse.client.job_runner import JobRunner
from pilothouse.client.keyring import Holder, KeyRing
from pilothouse.client.routing import Router
from pilothouse.client.webhooks import CheckUrl, Webhooks
from pilothouse.core.errors import did_you_mean
from pilothouse.core.job_store import BatchStore, JobStore
from pilothouse.core.route import Split
from pilothouse.core.secret import Secret
from pilothouse.server.batches_api import BatchesApi
from pilothouse.server.files_api import FilesApi
from pilothouse.server.job_answering import Admits, JobAnswering
from pilothouse.server.job_intake import Intake
from pilothouse.server.jobs_api import JobsApi
from pilothouse.server.queue_doors import QueueDoors

NO_WEBHOOKS = "webhooks are off here: they need queue.webhook_secret_env"


class QueueStore(Protocol):
    """The part of a store that the queue needs."""

    @property
    def jobs(self) -> JobStore: ...

    @property
    def batches(self) -> BatchStore: ...


class Queue(Struct, frozen=True):
    """`runner.run()` and `webhooks.run()` are the owner's tasks; `runner.stop()` before the end."""

    doors: QueueDoors
    runner: JobRunner | None
    webhooks: Webhooks | None


def open_queue(
    config: QueueConfig,
    store: QueueStore,
    client: Client,
    router: Router,
    split_of: Callable[[str], Split | None],
    ring: KeyRing,
    live: Callable[[], int],
    *,
    admissions: Admits | None = None,
    check_url: CheckUrl | None = None,
    guards: GuardBook | None = None,
) -> Queue:
    """The queue by its section. `live` counts the requests under way: at `busy_at` no job is taken.

    `check_url` None: webhooks are refused.
    """
    rules = rules_of(config)
    runner = None
    if config.works:
        answering = JobAnswering(
            client,
            router,
            split_of,
            lambda key_id: ring.holder(key_id, now_us()),
            rules,
            admissions,
            guards,
        )
        runner = JobRunner(
            store.jobs,
            answering,
            rules,
            now_us,
            worker_name(client.new_id()),
            pace=pace_of(config),
            spare=lambda: config.busy_at - live(),
        )
    name = config.webhook_secret_env
    webhooks = None
    if name is not None and check_url is not None:
        secret = Secret(os.environ[name])
        webhooks = Webhooks(store.jobs, secret, check_url, now_us, base_url=config.public_url)
    intake = Intake(
        rules,
        now_us,
        client.new_id,
        model_problem(router),
        check_url if webhooks is not None and check_url is not None else _off,
        windows=windows_of(config),
    )
    wake = runner.wake if runner is not None else None
    jobs = JobsApi(store.jobs, intake, wake)
    files = FilesApi(store.batches, intake)
    batches = BatchesApi(store.batches, intake, wake)
    return Queue(QueueDoors(jobs, files, batches), runner, webhooks)


def model_problem(router: Router) -> Callable[[str, Holder | None], str | None]:
    """Why a holder may not ask for a model: another's routes are not told."""

    def problem(model: str, holder: Holder | None) -> str | None:
        def may_use(name: str) -> bool:
            return holder is None or holder.key.may_use(name)

        if router.spec(model) is not None and may_use(model):
            return None
        hint = did_you_mean(model, [name for name in router.names if may_use(name)])
        return f'no route or target is called "{model}".{hint} (see /v1/models)'

    return problem


def _off(url: str) -> str | None:
    return NO_WEBHOOKS
