"""From `poc.yaml`, and from what a run has come to, to what its report must know."""

from __future__ import annotations

from pilothouse.prove.judge_standing import judge_standings
from pilothouse.prove.report import AskedCandidate, ReportSettings
from pilothouse.prove.spec import Poc


def report_settings(
    poc: Poc, *, is_cut_by_budget: bool = False, protocol: str | None = None
) -> ReportSettings:
    """Raises `InvalidInput` when a judge's calibration cannot be read."""
    standings = judge_standings(poc)
    return ReportSettings(
        name=poc.file.name,
        candidates=tuple(AskedCandidate(name=c.name, model=c.model) for c in poc.file.candidates),
        baseline=poc.baseline,
        criteria=poc.criteria,
        repeats=poc.file.repeats,
        excluded=poc.file.exclude_tag,
        protocol=protocol,
        is_cut_by_budget=is_cut_by_budget,
        unvalidated_judges=tuple(s.scorer for s in standings if s.why_not is not None),
        judged_scorers={s.scorer: s.counts for s in standings},
        trusts_judges=bool(standings) and all(s.is_trusted for s in standings if s.why_not),
    )
