"""Makes the queue's parts for a process that serves: its doors, and its own worker where one is wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from pilothouse.app.compose import now_us
from pilothouse.app.queue_config import QueueConfig, pace_of, rules_of, windows_of
from pilothouse.app.webhooks import open_webhooks
from pilothouse.app.working import worker_name
from pilothouse.client.admission import Admissions
from pilothouse.client.caller import Client
from pilothouse.client.cascade import Cascade
from pilothouse.client.guarding import GuardBook
from pilothouse.client.job_runner import JobRunner
from pilothouse.client.keyring import Holder, KeyRing
from pilothouse.client.routing import Router
from pilothouse.client.webhooks import Webhooks
from pilothouse.core.job_store import BatchStore, JobStore
from pilothouse.core.route import Split
from pilothouse.server.batches_api import BatchesApi
from pilothouse.server.files_api import FilesApi
from pilothouse.server.job_answering import JobAnswering
from pilothouse.server.job_intake import Intake
from pilothouse.server.jobs_api import JobsApi
from pilothouse.server.queue_doors import QueueDoors
from pilothouse.server.routes import Routes
from pilothouse.server.upgrades_api import UpgradesApi
from pilothouse.wire.lookup import Lookup

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
    admissions: Admissions | None = None,
    guards: GuardBook | None = None,
    cascade: Cascade | None = None,
    upgrades: UpgradesApi | None = None,
) -> Queue:
    """The queue by its section. `live` counts the requests under way: at `busy_at` no job is taken."""
    rules = rules_of(config)
    routes = Routes(client, router, split_of)
    runner = None
    if config.works:
        answering = JobAnswering(
            cascade or Cascade(client),
            routes,
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
    webhooks = open_webhooks(config, store.jobs)
    # Only its shape while the caller waits; where its name leads is looked up before it is told.
    check_url = _off if webhooks is None else Lookup(config.webhook_inside).shape_problem
    intake = Intake(
        rules,
        now_us,
        client.new_id,
        model_problem(routes),
        check_url,
        windows=windows_of(config),
    )
    wake = runner.wake if runner is not None else None
    jobs = JobsApi(store.jobs, intake, wake)
    files = FilesApi(store.batches, intake)
    batches = BatchesApi(store.batches, intake, wake)
    return Queue(QueueDoors(jobs, files, batches, upgrades), runner, webhooks)


def model_problem(routes: Routes) -> Callable[[str, Holder | None], str | None]:
    """Why a holder may not ask for a model: another's routes are not told."""

    def problem(model: str, holder: Holder | None) -> str | None:
        return routes.unknown(model, holder) if routes.spec(model, holder) is None else None

    return problem


def _off(url: str) -> str | None:
    return NO_WEBHOOKS
