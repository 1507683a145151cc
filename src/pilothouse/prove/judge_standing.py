"""Which judges of a proof were compared with people, so that criteria may stand on what they say."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from pilothouse.core.stats.judge_error import JudgeCounts
from pilothouse.prove.calibration import judge_digest, load_calibration, may_rank
from pilothouse.prove.spec import Poc
from pilothouse.scorers.judge import JudgeScorer


class Standing(Struct, frozen=True, kw_only=True):
    """Of one scorer that asks judges."""

    scorer: str
    counts: JudgeCounts | None
    """None = not validated."""
    why_not: str | None
    is_trusted: bool
    """The user said so, whatever was measured."""


def judge_standings(poc: Poc) -> list[Standing]:
    """Raises `InvalidInput` when a calibration that is named cannot be read."""
    found: list[Standing] = []
    for named in poc.scorers:
        judge = named.scorer
        if not isinstance(judge, JudgeScorer):
            continue
        held = None if judge.calibration is None else load_calibration(Path(judge.calibration))
        why = may_rank(held, judge_digest(judge, poc.file.judges))
        counts = held.errors if held is not None and why is None and held.kind == "grade" else None
        found.append(
            Standing(
                scorer=named.name,
                counts=counts,
                why_not=why,
                is_trusted=judge.trust_unvalidated,
            )
        )
    return found
