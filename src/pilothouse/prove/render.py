"""The report as text for people: the same words on a terminal and in Markdown."""

from __future__ import annotations

from pilothouse.core.criterion import Judged
from pilothouse.prove.report import CandidateReport, LabelDifference, Report

Rows = list[tuple[str, ...]]
_MOST_DIFFERENCES = 60


def figures(report: Report) -> tuple[tuple[str, ...], Rows]:
    """Header and one row for each candidate."""
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
            share(c.accuracy),
            f"{share(c.accuracy_interval.low)} to {share(c.accuracy_interval.high)}",
            f"{c.failed} ({share(c.failure_interval.low)} to {share(c.failure_interval.high)})",
            "not priced" if c.cost_per_request is None else f"{c.cost_per_request:.6f}",
            f"{c.cost_usd:.4f}",
            _times(c),
        )
        for c in report.candidates
    ]
    return header, rows


def comparisons(report: Report) -> list[str]:
    """One sentence for each candidate that is not the baseline."""
    return [
        f"{c.name} less {report.baseline}: {points(p.difference)} points (95 % interval "
        f"{points(p.interval.low)} to {points(p.interval.high)}, paired SE {100 * p.standard_error:.2f}); "
        f"only {c.name} right {p.only_a}, only {report.baseline} right {p.only_b}; "
        f"McNemar exact p = {p.mcnemar_p:.3g}"
        for c in report.candidates
        if (p := c.against_baseline) is not None
    ]


def verdicts(report: Report) -> tuple[tuple[str, ...], Rows]:
    """Header and one row for each candidate and criterion."""
    header = ("candidate", "criterion", "measured", "verdict", "why")
    rows = [
        (c.name, f"{j.criterion.metric} {j.criterion.text}", _measured(j), j.verdict, j.why)
        for c in report.candidates
        for j in c.judged
    ]
    return header, rows


def notes(report: Report) -> list[str]:
    """Everything a reader must know before trusting the figures."""
    found = list(report.warnings)
    if report.excluded:
        found.append(f"left out: {report.excluded}")
    for c in report.candidates:
        if c.is_usage_estimated:
            found.append(f"{c.name}: tokens are estimated, so its cost is too")
        if c.not_priced:
            found.append(f"{c.name}: {c.not_priced} answers have no price ({c.cost_note})")
        for name, right in c.also.items():
            found.append(f"{c.name}: {share(right / c.answers)} ({right}) when scored by {name}")
        if c.labelled:
            count = len(c.label_differences)
            listed = " (listed in the report)" if count else ""
            found.append(
                f"{c.name}: {count} of {c.labelled} answers differ from their published label{listed}"
            )
        if c.may_pass:
            found.append(
                f"{c.name}: {c.may_pass} failures may pass; the same command asks those again, "
                "and the figures then hold the later attempt"
            )
    return found


def conclusion(report: Report) -> str:
    """The answer in one sentence."""
    if report.passed:
        return f"Proven: {', '.join(report.passed)} meets every criterion."
    open_ones = [c.name for c in report.candidates if c.verdict == "not yet proven"]
    if open_ones:
        return f"Not yet proven: {', '.join(open_ones)} may still meet every criterion."
    return "No candidate meets every criterion."


def markdown(report: Report) -> str:
    """The whole report as one page."""
    title = f"# Proof: {report.name}\n\n{conclusion(report)}\n"
    facts = f"{report.cases} cases, scored by {report.scorer}. Run `{report.run_id}`.\n"
    parts = [title, facts, _table(*figures(report))]
    parts += ["## Against the baseline\n", *(f"- {line}\n" for line in comparisons(report))]
    parts += ["\n## Criteria\n", _table(*verdicts(report))]
    if lines := notes(report):
        parts += ["## Notes\n", *(f"- {line}\n" for line in lines)]
    differences = [d for c in report.candidates for d in c.label_differences]
    if differences:
        parts += [
            "\n## Answers that differ from their published label\n",
            _difference_table(differences),
        ]
    return "\n".join(parts[:3]) + "\n" + "".join(f"\n{p}" if p[0] == "#" else p for p in parts[3:])


def share(value: float) -> str:
    """0.8567 as `85.67 %`."""
    return f"{100 * value:.2f} %"


def points(value: float) -> str:
    """-0.2183 as `-21.83`."""
    return f"{100 * value:+.2f}"


def _times(candidate: CandidateReport) -> str:
    median, high = candidate.latency_p50_ms, candidate.latency_p95_ms
    if median is None or high is None:
        return "not recorded"
    return f"{median.value:.0f} / {high.value:.0f}"


def _measured(judged: Judged) -> str:
    if judged.value is None or judged.interval is None:
        return "not recorded"
    low, high = judged.interval.low, judged.interval.high
    return f"{judged.value:.4g} ({low:.4g} to {high:.4g})"


def _difference_table(differences: list[LabelDifference]) -> str:
    header = ("case", "candidate", "we say", "published", "read", "expected")
    rows: Rows = [
        (
            d.case_id,
            d.candidate,
            "right" if d.is_right else "wrong",
            "right" if d.published else "wrong",
            d.read or "",
            d.expected or "",
        )
        for d in differences[:_MOST_DIFFERENCES]
    ]
    return _table(header, rows)


def _table(header: tuple[str, ...], rows: Rows) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |\n" for row in lines)
