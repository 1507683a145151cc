"""The tables and sentences of a report in words: the same on a terminal, in Markdown and on the page."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pilothouse.prove.report.comparisons import Comparison
from pilothouse.prove.report.numbers import (
    NOT_RECORDED,
    count,
    dollars,
    measured,
    p_value,
    points,
    points_range,
    share,
    share_range,
)
from pilothouse.prove.report.proof import CandidateReport, Report

Row = tuple[str, ...]
MOST_PAIRS = 6
"""More are a table, not sentences."""


class Table(Struct, frozen=True, kw_only=True):
    """A header and rows of the same length."""

    title: str
    header: Row
    rows: Sequence[Row]


def figures(report: Report) -> Table:
    """One row for each candidate."""
    header = (
        "candidate",
        "right",
        "accuracy",
        "95 % interval",
        "failed (95 % interval)",
        "USD/request",
        "USD",
        "p50 / p95 ms",
    )
    rows = [
        (
            c.name,
            f"{c.right}/{c.answers}",
            share(c.accuracy.value) if c.accuracy else "not graded",
            share_range(c.accuracy.interval) if c.accuracy else "-",
            f"{c.failures.failed} ({share_range(c.failures.rate.interval)})",
            dollars(c.costs.per_request_usd),
            f"{c.costs.total_usd:.4f}",
            _times(c),
        )
        for c in report.candidates
    ]
    return Table(title="Figures", header=header, rows=rows)


def comparison(c: Comparison) -> str:
    """One pair in one sentence."""
    exact = (
        f"McNemar exact {p_value(c.mcnemar_p)}"
        if c.mcnemar_p is not None
        else f"{p_value(c.p)} ({c.how})"
    )
    holm = "" if c.p_holm == c.p else f", Holm-adjusted {p_value(c.p_holm)}"
    better = ("right", "right") if c.mcnemar_p is not None else ("better", "better")
    return (
        f"{c.a} less {c.b}: {points(c.difference)} points (95 % interval "
        f"{points_range(c.interval)}, paired SE {100 * c.standard_error:.2f}); "
        f"only {c.a} {better[0]} {c.only_a}, only {c.b} {better[1]} {c.only_b}; {exact}{holm}"
    )


def comparisons(report: Report) -> list[str]:
    """One sentence for each pair, those against the baseline first; of many pairs only those."""
    every = report.comparisons
    named = every
    if len(every) > MOST_PAIRS:
        named = tuple(c for c in every if c.b == report.baseline)
    more = len(every) - len(named)
    rest = [f"{more} more pairs are in report.html and report.json"] if more else []
    return [*(comparison(c) for c in named), *rest]


def pairs(report: Report) -> Table:
    """All pairs as a table."""
    rows = [
        (
            f"{c.a} less {c.b}",
            points(c.difference),
            points_range(c.interval),
            f"{100 * c.standard_error:.2f}",
            f"{c.only_a} : {c.only_b}",
            f"{c.p:.3g}",
            f"{c.p_holm:.3g}",
            "yes" if c.is_real else "no",
        )
        for c in report.comparisons
    ]
    header = (
        "pair",
        "points",
        "95 % interval",
        "SE",
        "better in",
        "p",
        "p (Holm)",
        "beyond chance",
    )
    return Table(title="Pairs", header=header, rows=rows)


def verdicts(report: Report) -> Table:
    """One row for each candidate and criterion."""
    rows = [
        (c.name, f"{j.criterion.name} {j.criterion.text}", measured(j), j.verdict, j.why)
        for c in report.candidates
        for j in c.judged
    ]
    header = ("candidate", "criterion", "measured", "verdict", "why")
    return Table(title="Criteria", header=header, rows=rows)


def checklist(report: Report) -> Table:
    """The guide's checklist."""
    rows = [(item.line, item.state, item.evidence) for item in report.checklist]
    return Table(title="Checklist", header=("line", "state", "evidence"), rows=rows)


def notes(report: Report) -> list[str]:
    """Everything a reader must know before trusting the figures."""
    found = [w.text for w in report.warnings]
    if report.excluded:
        found.append(f"left out: {report.excluded}")
    if report.judge_usd:
        found.append(f"judges cost {dollars(report.judge_usd)} USD of the money paid in this run")
    if report.reused:
        found.append(f"{count(report.reused, 'answer')} had been paid for by an earlier run")
    for c in report.candidates:
        found += _notes_of(c)
    if report.tags.left_out:
        found.append(f"{count(report.tags.left_out, 'rarer tag')} not shown")
    return found


def conclusion(report: Report) -> str:
    """The verdict in one sentence."""
    if report.passed:
        verb = "meets" if len(report.passed) == 1 else "meet"
        return f"Proven: {', '.join(report.passed)} {verb} every criterion."
    open_ones = [c.name for c in report.candidates if c.verdict == "not yet proven"]
    if open_ones:
        return f"Not yet proven: {', '.join(open_ones)} may still meet every criterion."
    return "No candidate meets every criterion."


def _times(candidate: CandidateReport) -> str:
    median, high = candidate.latency.p50_ms, candidate.latency.p95_ms
    if median is None or high is None:
        return NOT_RECORDED
    return f"{median.value:.0f} / {high.value:.0f}"


def _notes_of(c: CandidateReport) -> list[str]:
    found: list[str] = []
    if c.costs.is_usage_estimated:
        found.append(f"{c.name}: tokens are estimated, so its cost is too")
    if c.costs.not_priced:
        why = f" ({c.cost_note})" if c.cost_note else ""
        found.append(f"{c.name}: {c.costs.not_priced} answers have no price{why}")
    for s in c.scorers[1:]:
        if s.mean is not None:
            found.append(f"{c.name}: {share(s.mean.value)} ({s.right}) when scored by {s.words}")
    if c.labelled:
        differ = len(c.label_differences)
        listed = " (listed in the report)" if differ else ""
        found.append(
            f"{c.name}: {differ} of {c.labelled} answers differ from their published label{listed}"
        )
    if c.failures.may_pass:
        found.append(
            f"{c.name}: {c.failures.may_pass} failures may pass; the same command asks those again, "
            "and the figures then hold the later attempt"
        )
    return found
