"""The tables of a report's details: scorers, judges, speed, tags, failures, run to run. None where there is nothing."""

from __future__ import annotations

from pilothouse.prove.render.rows import Table
from pilothouse.prove.report.numbers import NOT_RECORDED, quantile_range, share, share_range
from pilothouse.prove.report.proof import Report

_MOST_TAG_ROWS = 60
_SHOWN_K = (1, 2, 3, 5, 10, 20, 50)
"""Besides the largest."""


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


def judges(report: Report) -> Table | None:
    """What judges said, and what people would have; None without a judge that was measured."""
    rows = [
        (
            c.name,
            s.words,
            share(j.said),
            f"{share(j.value)} ({share_range(j.interval)})",
            share(j.sensitivity),
            share(j.specificity),
            str(j.labels),
        )
        for c in report.candidates
        for s in c.scorers
        if (j := s.judged) is not None
    ]
    if not rows:
        return None
    header = (
        *("candidate", "scorer", "the judge said", "people would say (95 % interval)"),
        *("sensitivity", "specificity", "human labels"),
    )
    return Table(title="Corrected for judges' errors", header=header, rows=rows)


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


def passes(report: Report) -> Table | None:
    """What k tries come to; None without repeats of a case, and where no scorer says pass or fail."""
    rows = [
        (
            c.name,
            s.scorer,
            str(p.k),
            f"{share(p.pass_at_k.value)} ({share_range(p.pass_at_k.interval)})",
            f"{share(p.pass_hat_k.value)} ({share_range(p.pass_hat_k.interval)})",
            str(p.cases),
        )
        for c in report.candidates
        for s in c.scorers
        for p in s.passes
        if p.k in _SHOWN_K or p.k == s.passes[-1].k
    ]
    if not rows:
        return None
    header = (
        *("candidate", "scorer", "k", "pass@k: one of k right (95 % interval)"),
        *("pass^k: all k right (95 % interval)", "cases"),
    )
    return Table(title="What k tries come to", header=header, rows=rows)
