"""What becomes of the verdicts of checks: counted, and written beside the calls that they are about."""

from __future__ import annotations

from collections.abc import Callable

from pilothouse.client.checking import Note, Verdict
from pilothouse.client.score_notes import ScoreNotes
from pilothouse.core.call import Call


def noted_by(notes: ScoreNotes, count: Callable[[str, str, str], None] | None = None) -> Note:
    """`count` is told route, target and verdict. Calls of a rollout get no score: its guards read scores."""

    def note(call: Call, verdict: Verdict) -> None:
        if count is not None:
            count(call.route, call.target, verdict.said)
        if call.rollout_id is None:
            notes.add(call, verdict.score(call.id))

    return note
