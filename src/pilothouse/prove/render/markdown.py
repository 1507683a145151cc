"""The whole report as one Markdown page."""

from __future__ import annotations

from collections.abc import Iterable

from pilothouse.prove.render import details, rows
from pilothouse.prove.render.rows import Row, Table
from pilothouse.prove.report.labels import LabelDifference
from pilothouse.prove.report.proof import Report
from pilothouse.prove.report.words import MOST_LABEL_DIFFERENCES


def markdown(report: Report) -> str:
    """Verdict and advice first, then figures, then what they rest on."""
    protocol = f" Protocol: {report.protocol}." if report.protocol else ""
    parts = [
        f"# Proof: {report.name}",
        rows.conclusion(report),
        f"**{report.recommendation.headline}**",
        f"{report.cases} cases, scored by {report.scorer}. Run `{report.run_id}`.{protocol}",
        table(rows.figures(report)),
        *section("Against the baseline and each other", rows.comparisons(report)),
        "## Criteria",
        table(rows.verdicts(report)),
        *section("Why", report.recommendation.reasons),
        *section("What was not proven", report.recommendation.not_proven),
        *section("Next", report.recommendation.next_steps),
        *_qualities(report),
    ]
    for made in (
        *(details.judges, details.scorers, details.speed, details.hours),
        *(details.tags, details.failures, details.stability, details.passes),
    ):
        found = made(report)
        if found is not None:
            parts += [f"## {found.title}", table(found)]
    for c in report.candidates:
        if c.confusion is not None:
            header = ("wanted \\ read", *c.confusion.labels)
            counts = zip(c.confusion.labels, c.confusion.counts, strict=True)
            body: list[Row] = [(label, *map(str, row)) for label, row in counts]
            parts += [
                f"## Labels of {c.name}",
                f"Macro F1 {c.confusion.macro_f1:.4f}, micro F1 {c.confusion.micro_f1:.4f}.",
                table(Table(title="", header=header, rows=body)),
            ]
    parts += section("Notes", rows.notes(report))
    parts += _labels(report)
    parts += ["## Checklist", table(rows.checklist(report))]
    return "\n\n".join(parts) + "\n"


def section(title: str, lines: Iterable[str]) -> list[str]:
    """A heading with a list; nothing without lines."""
    listed = "\n".join(f"- {line}" for line in lines)
    return [f"## {title}", listed] if listed else []


def table(found: Table) -> str:
    """A pipe table. What would break it is escaped."""
    lines = [found.header, tuple("---" for _ in found.header), *found.rows]
    return "\n".join("| " + " | ".join(_cell(c) for c in row) + " |" for row in lines)


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def _qualities(report: Report) -> list[str]:
    parts: list[str] = []
    for c in report.candidates:
        lines = [f"strength: {s}" for s in c.qualitative.strengths]
        lines += [f"weakness: {w}" for w in c.qualitative.weaknesses]
        parts += section(f"Strengths and weaknesses of {c.name}", lines)
    return parts


def _labels(report: Report) -> list[str]:
    differences = [d for c in report.candidates for d in c.label_differences]
    if not differences:
        return []
    shown = [_label_row(d) for d in differences[:MOST_LABEL_DIFFERENCES]]
    header = ("case", "candidate", "we say", "published", "read", "expected")
    parts = ["## Answers that differ from their published label"]
    parts.append(table(Table(title="", header=header, rows=shown)))
    if len(differences) > len(shown):
        parts.append(f"{len(differences) - len(shown)} more are in report.json.")
    return parts


def _label_row(d: LabelDifference) -> Row:
    return (
        d.case_id,
        d.candidate,
        "right" if d.is_right else "wrong",
        "right" if d.published else "wrong",
        d.read or "",
        d.expected or "",
    )
