"""Calls, keys and rollouts as the tests of stores need them."""

from __future__ import annotations

from pilothouse.core.call import Call
from pilothouse.core.keys import VirtualKey
from pilothouse.core.ports import StoredRollout


def a_call(number: int, **changes: object) -> Call:
    values: dict[str, object] = {
        "id": f"call-{number}",
        "request_id": f"request-{number}",
        "at_us": 1_700_000_000_000_000 + number,
        "source": "prove",
        "route": "poc",
        "arm": "main",
        "target": "small",
        "provider": "replay",
        "model": "m-1",
        "status": "ok",
    }
    return Call(**{**values, **changes})  # type: ignore[arg-type]


def a_key(number: int, name: str | None = None) -> VirtualKey:
    return VirtualKey(
        id=f"K{number}",
        name=name or f"key {number}",
        secret_hash=f"{number:064x}",
        last4="abcd",
        created_us=1,
    )


def a_rollout(version: int, status: str = "running", id: str = "ro") -> StoredRollout:
    return StoredRollout(id=id, route="r", status=status, version=version, state_json=b"{}")
