"""From `poc.yaml` to what its report must know of it."""

from __future__ import annotations

from pilothouse.prove.report import AskedCandidate, ReportSettings
from pilothouse.prove.spec import Poc


def report_settings(poc: Poc) -> ReportSettings:
    """Without what only a run knows: whether its budget held, and which judges are validated."""
    return ReportSettings(
        name=poc.file.name,
        candidates=tuple(AskedCandidate(name=c.name, model=c.model) for c in poc.file.candidates),
        baseline=poc.baseline,
        criteria=poc.criteria,
        repeats=poc.file.repeats,
        excluded=poc.file.exclude_tag,
    )
