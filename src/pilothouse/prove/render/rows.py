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
    quantile_range,
    share,
    share_range,
)
from pilothouse.prove.report.proof import CandidateReport, Report

Row = tuple[str, ...]
_MOST_TAG_ROWS = 60


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
    """One sentence for each pair, those against the baseline first."""
    return [comparison(c) for c in report.comparisons]


def verdicts(report: Report) -> Table:
    """One row for each candidate and criterion."""
    rows = [
        (c.name, f"{j.criterion.name} {j.criterion.text}", measured(j), j.verdict, j.why)
        for c in report.candidates
        for j in c.judged
    ]
    header = ("candidate", "criterion", "measured", "verdict", "why")
    return Table(title="Criteria", header=header, rows=rows)


def scorers(report: Report) -> Table | None:
    """Every scorer's mean and the summaries; None when there is only the main scorer's mean."""
    rows = [
        (
            c.name,
            s.words,
            share(s.mean.value) if s.mean else "not graded",
            share_range(s.mean.interval) if s.mean else "-",
            f"{s.right}/{s.graded}",
        )
        for c in report.candidates
        for s in c.scorers[1:]
    ]
    rows += [
        (c.name, f"{scorer}: {name}", f"{value:.4g}", "-", "-")
        for c in report.candidates
        for scorer, named in c.summaries.items()
        for name, value in named.items()
    ]
    if not rows:
        return None
    header = ("candidate", "scored by", "mean", "95 % interval", "right")
    return Table(title="Other scorers", header=header, rows=rows)


def speed(report: Report) -> Table | None:
    """Times with their intervals; None when nothing was timed."""
    if not any(c.latency.recorded for c in report.candidates):
        return None
    rows = [
        (
            c.name,
            quantile_range(c.latency.p50_ms),
            quantile_range(c.latency.p95_ms),
            quantile_range(c.latency.p99_ms),
            quantile_range(c.latency.ttft_p50_ms),
            quantile_range(c.latency.ttft_p95_ms),
            NOT_RECORDED
            if c.latency.tokens_per_second_p50 is None
            else f"{c.latency.tokens_per_second_p50.value:.0f} ({c.latency.tokens_per_second_how})",
        )
        for c in report.candidates
    ]
    header = (
        "candidate",
        "p50",
        "p95",
        "p99",
        "first token p50",
        "first token p95",
        "tokens/s p50",
    )
    return Table(title="Speed", header=header, rows=rows)


def hours(report: Report) -> Table | None:
    """Times by hour of day; None when all were asked in one hour."""
    seen = sorted({h.hour for c in report.candidates for h in c.latency.hours})
    if len(seen) < 2:
        return None
    by = {c.name: {h.hour: h for h in c.latency.hours} for c in report.candidates}
    rows = [
        (
            f"{hour:02}:00",
            *(
                "-"
                if (h := by[c.name].get(hour)) is None
                else f"{h.p50_ms:.0f} / {h.p95_ms:.0f} ({h.answers})"
                for c in report.candidates
            ),
        )
        for hour in seen
    ]
    header = ("hour (UTC)", *(c.name for c in report.candidates))
    return Table(title="p50 / p95 ms (answers) by hour of day", header=header, rows=rows)


def tags(report: Report) -> Table | None:
    """Accuracy with its interval by tag; None when no case has one."""
    if not report.tags.rows:
        return None
    names = [c.name for c in report.candidates]
    rows = [
        (
            row.tag,
            str(row.cases),
            *(
                "-"
                if cell.accuracy is None
                else f"{share(cell.accuracy.value)} ({share_range(cell.accuracy.interval)})"
                for cell in row.cells
            ),
        )
        for row in report.tags.rows[:_MOST_TAG_ROWS]
    ]
    return Table(title="By tag", header=("tag", "cases", *names), rows=rows)


def failures(report: Report) -> Table | None:
    """By error class; None when nothing failed."""
    rows = [
        (
            c.name,
            f.error_class,
            str(f.failed),
            share(f.rate),
            share_range(f.interval),
            "yes" if f.may_pass else "no",
        )
        for c in report.candidates
        for f in c.failures.by_class
    ]
    if not rows:
        return None
    header = ("candidate", "class", "failed", "rate", "95 % interval", "may pass")
    return Table(title="Failures", header=header, rows=rows)


def stability(report: Report) -> Table | None:
    """What repeats taught; None without repeats."""
    rows = [
        (
            c.name,
            f"{v.split.repeats:.3g}",
            share(v.run_share),
            f"{v.unstable_cases} of {v.repeated_cases}",
            ", ".join(v.unstable[:5]),
        )
        for c in report.candidates
        if (v := c.variance) is not None
    ]
    if not rows:
        return None
    header = ("candidate", "runs a case", "variance between runs", "cases that flip", "e.g.")
    return Table(title="Run to run", header=header, rows=rows)


def checklist(report: Report) -> Table:
    """The guide's checklist."""
    rows = [(item.line, item.state, item.evidence) for item in report.checklist]
    return Table(title="Checklist", header=("line", "state", "evidence"), rows=rows)


def notes(report: Report) -> list[str]:
    """Everything a reader must know before trusting the figures."""
    found = [w.text for w in report.warnings]
    if report.excluded:
        found.append(f"left out: {report.excluded}")
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
