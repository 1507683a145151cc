"""The page: verdict and advice on top, then what they rest on, down to single answers."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256

from pilothouse.prove.render import details, rows
from pilothouse.prove.render.html import answers, tables
from pilothouse.prove.render.html.frontier_plot import frontier_plot
from pilothouse.prove.render.html.latency_plot import latency_plot
from pilothouse.prove.render.html.markup import NOTHING, Markup, element, joined
from pilothouse.prove.render.html.method import method
from pilothouse.prove.render.html.style import SCRIPT, STYLE
from pilothouse.prove.report.numbers import count, dollars
from pilothouse.prove.report.proof import CandidateReport, Report
from pilothouse.prove.report.words import MOST_LABEL_DIFFERENCES


def page(report: Report, asked: str | None = None) -> str:
    """The whole file; `asked` says when the answers came. Its policy allows nothing but its own style and script."""
    digest = b64encode(sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"Proof: {report.name}"),
        element("style", Markup(STYLE)),
    )
    body = element(
        "body", element("main", *_sections(report, asked)), element("script", Markup(SCRIPT))
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _sections(report: Report, asked: str | None) -> list[Markup]:
    return [
        _top(report, asked),
        _section("Criteria", tables.verdicts(report)),
        _section("Figures", tables.plain(rows.figures(report), "Each candidate over all cases")),
        _plots(report),
        _section("Against the baseline and each other", *_comparisons(report)),
        _section("Strengths and weaknesses", _qualities(report.candidates)),
        _section("By tag", tables.tags(report)),
        _section("Labels", *_confusions(report)),
        _section(
            "Failures", _optional(details.failures(report), "Attempts without an answer, by class")
        ),
        _section("Speed", *_speed(report)),
        _section("Run to run", _optional(details.stability(report), "Repeats of the same case")),
        _section(
            "What k tries come to",
            _optional(details.passes(report), "pass@k and pass^k, means over cases"),
        ),
        _section(
            "Corrected for judges' errors",
            _optional(
                details.judges(report), "What the judge said, and what people would say of it"
            ),
        ),
        _section(
            "Other scorers",
            _optional(details.scorers(report), "The same answers, scored otherwise"),
        ),
        _section("Where they disagree", _disagreements(report)),
        _section("Worst cases", _worst(report)),
        _section("Answers that differ from their published label", _labels(report)),
        _section("Read before trusting the figures", _list(rows.notes(report))),
        _section("How the figures were made", _list(method(report))),
        _section(
            "Checklist",
            tables.plain(rows.checklist(report), "The guide's checklist, from the data"),
        ),
    ]


def _top(report: Report, asked: str | None) -> Markup:
    advice = report.recommendation
    kind = "met" if report.passed else _worst_verdict(report)
    answered = sum((c.costs.total_usd for c in report.candidates), Decimal(0))
    facts = [
        count(report.cases, "case"),
        count(len(report.candidates), "candidate"),
        count(report.answers, "answer"),
        f"scored by {report.scorer}",
        f"{dollars(answered)} USD of answers",
        *([f"{dollars(report.spent_usd)} USD paid in this run"] if report.spent_usd else []),
        *([asked] if asked else []),
        f"run {report.run_id}",
    ]
    return element(
        "header",
        element("p", "Proof of concept", class_="kicker"),
        element("h1", report.name),
        element("p", " · ".join(facts), class_="facts"),
        element("p", report.protocol, class_="facts") if report.protocol else None,
        element(
            "div",
            element("p", rows.conclusion(report), class_="soft"),
            element("p", advice.headline, class_="advice"),
            _list(advice.reasons),
            class_=f"verdict {kind}",
        ),
        element(
            "div",
            _block("What was not proven", advice.not_proven),
            _block("Next", advice.next_steps),
            class_="columns",
        ),
    )


def _worst_verdict(report: Report) -> str:
    is_open = any(c.verdict == "not yet proven" for c in report.candidates)
    return "not-yet-proven" if is_open else "not-met"


def _section(title: str, *parts: Markup | None) -> Markup:
    """Nothing when there is nothing to say."""
    said = [part for part in parts if part]
    return element("section", element("h2", title), *said) if said else NOTHING


def _block(title: str, lines: Sequence[str]) -> Markup | None:
    return element("div", element("h3", title), _list(lines)) if lines else None


def _list(lines: Sequence[str]) -> Markup | None:
    return element("ul", *(element("li", line) for line in lines)) if lines else None


def _optional(found: rows.Table | None, caption: str) -> Markup | None:
    return None if found is None else tables.plain(found, caption)


def _plots(report: Report) -> Markup:
    parts = [
        frontier_plot(report.frontier) if report.frontier.points else None,
        latency_plot(report.candidates),
    ]
    return _section("Quality, cost and speed", element("div", *parts, class_="columns"))


def _comparisons(report: Report) -> list[Markup | None]:
    if not report.comparisons:
        return []
    if len(report.comparisons) == 1:
        return [_list(rows.comparisons(report))]
    caption = "Differences of accuracy in points, case by case; p-values corrected for the number of pairs"
    return [tables.plain(rows.pairs(report), caption)]


def _qualities(candidates: Sequence[CandidateReport]) -> Markup | None:
    blocks = [
        element(
            "div",
            element("h3", c.name),
            joined(
                element("ul", *(element("li", _sign(sign, kind), " ", line) for line in lines))
                for sign, kind, lines in (
                    ("+", "good", c.qualitative.strengths),
                    ("−", "bad", c.qualitative.weaknesses),
                )
                if lines
            ),
        )
        for c in candidates
        if c.qualitative.strengths or c.qualitative.weaknesses
    ]
    return element("div", *blocks, class_="columns") if blocks else None


def _sign(sign: str, kind: str) -> Markup:
    return element("strong", sign, class_=kind)


def _confusions(report: Report) -> list[Markup]:
    found = [tables.confusion(c.name, c.confusion) for c in report.candidates if c.confusion]
    return [element("div", *found, class_="columns")] if found else []


def _speed(report: Report) -> list[Markup | None]:
    by_hour = details.hours(report)
    return [
        _optional(details.speed(report), "Quantiles with 95 % order-statistic intervals"),
        None
        if by_hour is None
        else element(
            "details",
            element("summary", by_hour.title),
            tables.plain(by_hour, "Attempts that began in the hour"),
        ),
    ]


def _disagreements(report: Report) -> Markup | None:
    shown = report.shown
    if not shown.disagreements:
        return None
    lead = (
        f"One had it right and another wrong in {count(shown.disagreeing, 'case')}; "
        f"here are {len(shown.disagreements)}, widest apart first, each candidate's wins in turn."
    )
    return answers.cases(shown.disagreements, lead)


def _worst(report: Report) -> Markup | None:
    shown = report.shown
    if not shown.worst:
        return None
    lead = (
        f"No candidate was right in {count(shown.all_wrong, 'case')}; here are {len(shown.worst)}."
    )
    return answers.cases(shown.worst, lead)


def _labels(report: Report) -> Markup | None:
    every = [d for c in report.candidates for d in c.label_differences]
    if not every:
        return None
    listed = answers.label_differences(every[:MOST_LABEL_DIFFERENCES])
    more = len(every) - len(listed)
    rest = f" ({more} more are in report.json)" if more else ""
    header = ("case", "candidate", "we say", "published", "read", "expected")
    return tables.framed(header, listed, f"{count(len(every), 'answer')}{rest}")
