"""From a run's evidence to everything a reader sees: figures, intervals, comparisons, verdicts, advice."""

from __future__ import annotations

from pilothouse.prove.report.proof import CandidateReport, Report, asked_between, report
from pilothouse.prove.report.settings import AskedCandidate, PublishedLabel, ReportSettings
from pilothouse.prove.report.words import with_words

__all__ = [
    "AskedCandidate",
    "CandidateReport",
    "PublishedLabel",
    "Report",
    "ReportSettings",
    "asked_between",
    "report",
    "with_words",
]
