"""The difference of two runs in words: on a terminal and as Markdown. As JSON it is the value itself."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.prove.diff import CandidateDiff, CaseChange, RunDiff
from pilothouse.prove.render.markdown import section, table
from pilothouse.prove.render.rows import Row, Table
from pilothouse.prove.render.text import Terminal
from pilothouse.prove.report.numbers import (
    NOT_RECORDED,
    count,
    dollars,
    p_value,
    points,
    points_range,
    share,
)

MOST_CASES = 50


def sentences(diff: RunDiff) -> list[str]:
    """One for each candidate."""
    return [
        f"{_name(c)}: {points(c.change.value)} points (95 % interval {points_range(c.change.interval)}, "
        f"{p_value(c.change.p)}, {c.change.how}); {count(len(c.regressions), 'case')} worse, "
        f"{len(c.improvements)} better, {c.unchanged} as before"
        for c in diff.candidates
    ]


def levels(diff: RunDiff) -> Table:
    """Before and after, side by side."""
    rows: list[Row] = []
    for c in diff.candidates:
        for when, level in (("before", c.before), ("after", c.after)):
            rows.append(
                (
                    c.before_name if when == "before" else c.after_name,
                    when,
                    share(level.accuracy),
                    f"{level.failed}/{level.answers}",
                    dollars(level.cost_per_request_usd),
                    _milliseconds(level.latency_p50_ms, level.latency_p95_ms),
                )
            )
    header = ("candidate", "run", "accuracy", "failed", "USD/request", "p50 / p95 ms")
    return Table(title="Before and after", header=header, rows=rows)


def tags(candidate: CandidateDiff) -> Table | None:
    """Worst first; None without tags."""
    if not candidate.tags:
        return None
    rows = [
        (
            t.tag,
            str(t.change.n),
            points(t.change.value),
            points_range(t.change.interval),
            "yes" if t.stands_out else "no",
        )
        for t in candidate.tags
    ]
    header = ("tag", "cases", "points", "95 % interval", "beyond chance")
    return Table(title=f"{_name(candidate)} by tag", header=header, rows=rows)


def changed(changes: Sequence[CaseChange]) -> list[str]:
    """The first of them, and how many more there are."""
    lines = [f"{c.case_id}: {c.before:g} before, {c.after:g} after" for c in changes[:MOST_CASES]]
    more = len(changes) - len(lines)
    return [*lines, f"and {more:,} more (all are in the JSON)"] if more > 0 else lines


def show(diff: RunDiff, out: Terminal) -> None:
    """On a terminal."""
    out.say(_title(diff))
    out.say("")
    out.print_table(levels(diff).header, levels(diff).rows)
    out.say("")
    for line in sentences(diff):
        out.say(line)
    for c in diff.candidates:
        found = tags(c)
        if found is not None:
            out.say("")
            out.print_table(found.header, found.rows)
        for what, changes, name in (
            ("worse", c.regressions, "red"),
            ("better", c.improvements, "green"),
        ):
            if changes:
                out.say("")
                out.say(out.colour(f"{_name(c)}, {what}:", name))
                for line in changed(changes):
                    out.say(line, "  ")
    for note in diff.notes:
        out.say(f"note: {note}")


def markdown(diff: RunDiff) -> str:
    """As one page."""
    parts = [f"# {_title(diff)}", table(levels(diff)), *section("Difference", sentences(diff))]
    for c in diff.candidates:
        found = tags(c)
        if found is not None:
            parts += [f"## {found.title}", table(found)]
        parts += section(f"{_name(c)}: worse", changed(c.regressions))
        parts += section(f"{_name(c)}: better", changed(c.improvements))
    return "\n\n".join([*parts, *section("Notes", diff.notes)]) + "\n"


def _title(diff: RunDiff) -> str:
    rest = [
        f"{count(number, 'case')} only {when}"
        for number, when in ((diff.only_before, "before"), (diff.only_after, "after"))
        if number
    ]
    cases = ", ".join([f"{count(diff.common_cases, 'case')} in both", *rest])
    return f"{diff.before_run} to {diff.after_run}: {cases}"


def _name(c: CandidateDiff) -> str:
    if c.before_name == c.after_name:
        return c.after_name
    return f"{c.before_name} to {c.after_name}"


def _milliseconds(median: float | None, high: float | None) -> str:
    return NOT_RECORDED if median is None or high is None else f"{median:.0f} / {high:.0f}"
