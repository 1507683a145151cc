"""Answers that are no candidate's last word, kept by what was asked: judges', and the first turns of conversations.

They stand in the same table as all answers, under a case that no run has.
"""

from __future__ import annotations

from pilothouse.core.call import Call
from pilothouse.core.grade import Given
from pilothouse.core.proof_store import NO_CASE, PaidAnswer, ProofStore

_PREFIX = f"{NO_CASE}asked:"


class Memory:
    """One run's; it finds what any run has kept."""

    def __init__(self, store: ProofStore, run_id: str) -> None:
        self._store = store
        self._run_id = run_id

    def find(self, key: str) -> PaidAnswer | None:
        """An answer by the key of its question."""
        return self._store.found([key]).get(key)

    def keep(self, key: str, target: str, call: Call, given: Given) -> None:
        """Durably."""
        answer = PaidAnswer(
            run_id=self._run_id,
            case_id=f"{_PREFIX}{key}",
            target=target,
            call=call,
            given=given,
            question_key=key,
        )
        self._store.keep_answers([answer])


class JudgeRecall:
    """Implements `JudgeMemory` on a `Memory`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def get(self, key: str) -> Given | None:
        """What was said, in whichever run."""
        found = self._memory.find(key)
        return None if found is None else found.given

    def keep(self, key: str, given: Given, call: Call) -> None:
        """Durably."""
        self._memory.keep(key, call.target, call, given)
