"""A regression check in words: a summary as GitHub shows it, and lines for a terminal."""

from __future__ import annotations

from pilothouse.prove.regress import Guarded, Regression
from pilothouse.prove.render import diff
from pilothouse.prove.render.markdown import table
from pilothouse.prove.render.rows import Row, Table
from pilothouse.prove.render.text import Terminal
from pilothouse.prove.report.numbers import count

_SIGNS = {"not worse": "✅", "regressed": "❌", "not yet proven": "❔"}
_COLOURS = {"not worse": "green", "regressed": "red", "not yet proven": "yellow"}
_VERDICT = 2


def conclusion(regression: Regression) -> str:
    """The verdict in one sentence."""
    changes = regression.changes
    against = f"run {changes.after_run} against {changes.before_run}, {count(changes.common_cases, 'case')}"
    bad = [f"{g.candidate} {g.guard}" for g in regression.guards if g.verdict == regression.verdict]
    if regression.verdict == "not worse":
        return f"Not worse: every guard is within its margin ({against})."
    if regression.verdict == "regressed":
        return f"Regressed: {', '.join(bad)} ({against})."
    named = ", ".join(bad) or "nothing was guarded"
    return f"Not yet proven: {named} ({against})."


def guards(regression: Regression) -> Table:
    """One row for each guard."""
    rows: list[Row] = [
        (
            g.candidate,
            g.guard,
            g.verdict,
            _number(g.baseline),
            _number(g.current),
            _change(g),
            f"{g.limit:g}",
            g.why,
        )
        for g in regression.guards
    ]
    header = ("candidate", "guard", "verdict", "baseline", "current", "change", "margin", "why")
    return Table(title="Guards", header=header, rows=rows)


def markdown(regression: Regression) -> str:
    """For `$GITHUB_STEP_SUMMARY` or a comment: the verdict, the guards, and the cases folded."""
    sign = _SIGNS[regression.verdict]
    found = guards(regression)
    signed = [
        (*r[:_VERDICT], f"{_SIGNS[r[_VERDICT]]} {r[_VERDICT]}", *r[_VERDICT + 1 :])
        for r in found.rows
    ]
    parts = [
        f"## {sign} {conclusion(regression)}",
        table(Table(title="", header=found.header, rows=signed)),
        "\n".join(f"- {line}" for line in diff.sentences(regression.changes)),
    ]
    for c in regression.changes.candidates:
        for word, changes in (("worse", c.regressions), ("better", c.improvements)):
            if changes:
                listed = "\n".join(f"- {line}" for line in diff.changed(changes))
                title = f"{c.after_name}: {count(len(changes), 'case')} {word}"
                parts.append(
                    f"<details><summary>{_html(title)}</summary>\n\n{listed}\n\n</details>"
                )
    parts += [f"> {note}" for note in regression.changes.notes]
    return "\n\n".join(parts) + "\n"


def show(regression: Regression, out: Terminal) -> None:
    """On a terminal; the verdict comes last."""
    found = guards(regression)
    coloured = [
        (*r[:_VERDICT], out.colour(r[_VERDICT], _COLOURS[r[_VERDICT]]), *r[_VERDICT + 1 :])
        for r in found.rows
    ]
    out.print_table(found.header, coloured)
    out.say("")
    for line in diff.sentences(regression.changes):
        out.say(line)
    for c in regression.changes.candidates:
        if c.regressions:
            out.say(f"{c.after_name}, worse:")
            for line in diff.changed(c.regressions):
                out.say(line, "  ")
    for note in regression.changes.notes:
        out.say(f"note: {note}")
    out.say("")
    out.say(conclusion(regression))


def _change(guard: Guarded) -> str:
    if guard.value is None:
        return "-"
    if guard.interval is None:
        return f"{guard.value:.4g}"
    return f"{guard.value:.4g} ({guard.interval.low:.4g} to {guard.interval.high:.4g})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
