"""Calls, keys and rollouts as the tests of stores need them."""

from __future__ import annotations

from typing import Protocol

from pilothouse.core.call import Call
from pilothouse.core.grade import Given
from pilothouse.core.keys import VirtualKey
from pilothouse.core.ports import StoredRollout
from pilothouse.core.proof_store import KeptCase, PaidAnswer, ProofStore


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


class HasProofs(Protocol):
    @property
    def proofs(self) -> ProofStore: ...


def a_run(store: HasProofs, *case_ids: str) -> None:
    """The run `run` with these cases."""
    store.proofs.open_run("run", b"{}", 1)
    cases = [KeptCase(number, case_id, b"{}") for number, case_id in enumerate(case_ids)]
    store.proofs.keep_cases("run", cases)


def an_answer(number: int, text: str | None, **changes: object) -> PaidAnswer:
    """To `case` of `run`, by `small`."""
    values: dict[str, object] = {
        "run_id": "run",
        "case_id": "case",
        "target": "small",
        "call": a_call(number, run_id="run", case_id="case"),
        "given": None if text is None else Given(text=text, finish_reason="stop"),
    }
    return PaidAnswer(**{**values, **changes})  # type: ignore[arg-type]


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
