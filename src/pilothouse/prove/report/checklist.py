"""The guide's checklist of a proof of concept, filled in from the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from pilothouse.core.case import EDGE
from pilothouse.core.criterion import Criterion
from pilothouse.prove.evidence import CaseFact
from pilothouse.prove.report.figures import CandidateFigures
from pilothouse.prove.report.recommendation import Recommendation
from pilothouse.prove.report.warnings import FEW_CASES

State = Literal["done", "partly", "missing"]


class Item(Struct, frozen=True, kw_only=True):
    """One line of the guide and what the data says of it."""

    line: str
    state: State
    evidence: str


def checklist(
    criteria: Sequence[Criterion],
    cases: Sequence[CaseFact],
    candidates: Sequence[CandidateFigures],
    recommendation: Recommendation,
    run_id: str,
) -> tuple[Item, ...]:
    """The guide's seven lines, in its order."""
    edge = sum(EDGE in case.tags for case in cases)
    listed = "; ".join(f"{c.metric} {c.text}" for c in criteria)
    failed = sum(c.failures.failed for c in candidates)
    asked = sum(c.answers for c in candidates)
    return (
        Item(
            line="Defined clear success criteria",
            state="done" if criteria else "missing",
            evidence=listed or "none",
        ),
        _test_set(cases),
        Item(
            line="Tested 2-3 candidate models",
            state="done" if len(candidates) > 1 else "partly",
            evidence=", ".join(c.name for c in candidates),
        ),
        _metrics(candidates),
        Item(
            line="Tested edge cases and failure modes",
            state="done" if edge else "missing",
            evidence=f'{edge} cases tagged "{EDGE}"; {failed} of {asked} attempts failed and are counted',
        ),
        Item(
            line="Documented findings with evidence",
            state="done",
            evidence=f"this report; every answer is kept in run {run_id}",
        ),
        Item(
            line="Made data-driven recommendation",
            state="done" if recommendation.choice else "partly",
            evidence=recommendation.headline,
        ),
    )


def _test_set(cases: Sequence[CaseFact]) -> Item:
    synthetic = sum(case.is_synthetic for case in cases)
    is_many, is_real = len(cases) >= FEW_CASES, synthetic < len(cases)
    return Item(
        line=f"Created representative test set ({FEW_CASES}+ examples)",
        state="done" if is_many and is_real else "partly" if is_many or is_real else "missing",
        evidence=f"{len(cases)} cases, {synthetic} of them synthetic",
    )


def _metrics(candidates: Sequence[CandidateFigures]) -> Item:
    is_measured = {
        "quality": all(c.accuracy is not None for c in candidates),
        "speed": all(c.latency.recorded for c in candidates),
        "cost": all(c.costs.is_complete for c in candidates),
    }
    missing = [name for name, measured in is_measured.items() if not measured]
    done = [name for name in is_measured if name not in missing]
    words = f"measured: {', '.join(done) or 'nothing'}"
    return Item(
        line="Measured all key metrics (quality, speed, cost)",
        state="missing" if not done else "partly" if missing else "done",
        evidence=f"{words}; not for every candidate: {', '.join(missing)}" if missing else words,
    )
