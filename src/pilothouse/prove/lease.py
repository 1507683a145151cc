"""Which process works on which part of a run, so that several share one and a killed one blocks nobody."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Callable

from pilothouse.core.proof_store import ProofStore

LEASE_US = 30_000_000
RENEW_S = 8.0


def owner_name(unique: str) -> str:
    """`host:pid:unique`."""
    return f"{platform.node()}:{os.getpid()}:{unique}"


def free_the_dead(store: ProofStore, run_id: str) -> None:
    """Parts held by processes of this machine that are gone: nobody need wait for their lease."""
    for owner in store.holders(run_id):
        host, _, rest = owner.partition(":")
        pid = rest.partition(":")[0]
        if host == platform.node() and pid.isdigit() and not _is_alive(int(pid)):
            store.give_back(run_id, owner)


async def keep_renewed(
    store: ProofStore, run_id: str, owner: str, now_us: Callable[[], int]
) -> None:
    """Until cancelled."""
    while True:
        await asyncio.sleep(RENEW_S)
        await asyncio.to_thread(store.renew, run_id, owner, now_us() + LEASE_US)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
