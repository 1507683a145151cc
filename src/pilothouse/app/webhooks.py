"""Makes what tells callers that their jobs have ended, for a gateway and for a worker."""

from __future__ import annotations

import os
from functools import partial

from pilothouse.app.compose import now_us
from pilothouse.app.queue_config import QueueConfig
from pilothouse.client.webhooks import Webhooks, posted
from pilothouse.core.job_store import JobStore
from pilothouse.core.secret import Secret
from pilothouse.wire.lookup import Lookup


def open_webhooks(config: QueueConfig, jobs: JobStore) -> Webhooks | None:
    """None where no secret is configured. Posts only to addresses that were checked."""
    if config.webhook_secret_env is None:
        return None
    lookup = Lookup(config.webhook_inside)
    return Webhooks(
        jobs,
        Secret(os.environ[config.webhook_secret_env]),
        lookup.check_url,
        now_us,
        base_url=config.public_url,
        post=partial(posted, resolve=lookup.addresses),
    )
