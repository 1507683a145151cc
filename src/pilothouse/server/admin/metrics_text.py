"""Counts in Prometheus' text format.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (text format 0.0.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from pilothouse.client.copy_counts import CopyCounts
from pilothouse.client.metrics import BOUNDS_MS, CheckVerdicts, GuardDeeds, Histogram, Series
from pilothouse.client.shadow_counts import ShadowCounts
from pilothouse.client.upgrade_counts import UpgradeCounts
from pilothouse.server.answer_counts import AnswerCount

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_Sample = tuple[Mapping[str, str], object]
_NO_SHADOWS: Mapping[str, ShadowCounts] = {}
_NO_UPGRADES: Mapping[str, UpgradeCounts] = {}
_SHED = ("full", "budget", "no_price", "closing")
_SHED_UPGRADE = (*_SHED, "unneeded", "same_target", "given_up", "not_kept")


def metrics_text(
    series: Sequence[Series],
    answers: Sequence[AnswerCount],
    in_flight: Mapping[str, int],
    *,
    shed_rows: int,
    workers: int,
    shadows: Mapping[str, ShadowCounts] = _NO_SHADOWS,
    upgrades: Mapping[str, UpgradeCounts] = _NO_UPGRADES,
    guards: Sequence[GuardDeeds] = (),
    checks: Sequence[CheckVerdicts] = (),
) -> str:
    """The whole page. `in_flight` is by target, `shadows` and `upgrades` by route."""
    parts = [
        _family("answers_total", "counter", "Answers to callers, refusals too.", _answers(answers)),
        _family("requests_total", "counter", "Requests that reached a target.", _requests(series)),
        _family("attempts_total", "counter", "Attempts, by how they ended.", _attempts(series)),
        _family(
            "retries_total",
            "counter",
            "Attempts after a request's first.",
            [(_labels(s), s.retries) for s in series],
        ),
        _family("tokens_total", "counter", "Tokens in and out.", _tokens(series)),
        _family(
            "cost_usd_total",
            "counter",
            "US dollars, of what has a price.",
            [(_labels(s), s.cost_usd) for s in series],
        ),
        _family(
            "unpriced_answers_total",
            "counter",
            "Answers without a price: what the cost leaves out.",
            [(_labels(s), s.unpriced) for s in series],
        ),
        _histogram("latency_seconds", "Whole answers.", [(_labels(s), s.latency) for s in series]),
        _histogram(
            "ttft_seconds",
            "Until the first token of a stream.",
            [(_labels(s), s.ttft) for s in series],
        ),
        _family(
            "in_flight",
            "gauge",
            "Attempts under way.",
            [({"target": name}, count) for name, count in sorted(in_flight.items())],
        ),
        *_shadow_families(sorted(shadows.items())),
        *_upgrade_families(sorted(upgrades.items())),
        *_check_families(checks),
        _family(
            "guards_total",
            "counter",
            "What guards did: redactions, blocks and so on.",
            [({"guard": g.guard, "action": g.deed}, g.count) for g in guards],
        ),
        _family("shed_rows_total", "counter", "Call rows that were not kept.", [({}, shed_rows)]),
        _family("workers", "gauge", "Worker processes that these figures are of.", [({}, workers)]),
    ]
    return "".join(parts)


def _answers(answers: Sequence[AnswerCount]) -> list[_Sample]:
    return [({"status": str(a.status), "code": a.code}, a.count) for a in answers]


def _shadow_families(shadows: Sequence[tuple[str, ShadowCounts]]) -> list[str]:
    """Nothing where no route has any."""
    if not shadows:
        return []
    ended, shed = _by_word(shadows, ("answered", "failed")), _by_word(shadows, _SHED)
    return [
        _family(
            "shadow_requests_total",
            "counter",
            "Answered requests with shadows.",
            _sampled(shadows),
        ),
        _family(
            "shadow_copies_total", "counter", "Shadow copies that ended.", _named(ended, "outcome")
        ),
        _family(
            "shadow_shed_total",
            "counter",
            "Shadow copies that were not made.",
            _named(shed, "reason"),
        ),
        *_gauges("shadow", "Shadow copies under way.", shadows),
    ]


def _upgrade_families(upgrades: Sequence[tuple[str, UpgradeCounts]]) -> list[str]:
    """Nothing where no route has any."""
    if not upgrades:
        return []
    ended = _by_word(upgrades, ("answered", "failed", "changed"))
    shed = _by_word(upgrades, _SHED_UPGRADE)
    return [
        _family("upgrade_requests_total", "counter", "Requests with upgrades.", _sampled(upgrades)),
        _family("upgrade_ended_total", "counter", "Upgrades that ended.", _named(ended, "outcome")),
        _family(
            "upgrade_skipped_total",
            "counter",
            "Upgrades that were not asked for.",
            _named(shed, "reason"),
        ),
        *_gauges("upgrade", "Upgrades promised or under way.", upgrades),
    ]


def _check_families(checks: Sequence[CheckVerdicts]) -> list[str]:
    """Nothing where no answer was checked."""
    samples: list[_Sample] = [
        ({"route": c.route, "target": c.target, "verdict": c.verdict}, c.count) for c in checks
    ]
    what = "Answers that a route's check looked at, by what it said."
    return [_family("checked_answers_total", "counter", what, samples)] if samples else []


def _sampled(copies: Sequence[tuple[str, CopyCounts]]) -> list[_Sample]:
    return [
        ({"route": route, "sampled": word}, count)
        for route, c in copies
        for word, count in (("yes", c.requests - c.not_sampled), ("no", c.not_sampled))
    ]


def _by_word(
    copies: Sequence[tuple[str, CopyCounts]], words: Sequence[str]
) -> list[tuple[str, str, int]]:
    return [(route, word, getattr(c, word)) for route, c in copies for word in words]


def _named(counts: Sequence[tuple[str, str, int]], label: str) -> list[_Sample]:
    return [({"route": route, label: word}, count) for route, word, count in counts]


def _gauges(name: str, help_text: str, copies: Sequence[tuple[str, CopyCounts]]) -> list[str]:
    return [
        _family(
            f"{name}_in_flight",
            "gauge",
            help_text,
            [({"route": route}, c.in_flight) for route, c in copies],
        ),
        _family(
            f"{name}_spent_today_usd",
            "gauge",
            "US dollars of the day's budget (UTC).",
            [({"route": route}, c.spent_today_usd) for route, c in copies],
        ),
    ]


def _requests(series: Sequence[Series]) -> list[_Sample]:
    return [(_labels(s), s.requests) for s in series]


def _attempts(series: Sequence[Series]) -> list[_Sample]:
    return [
        (
            {
                **_labels(s),
                "status": "error" if error_class else "ok",
                "error_class": error_class,
            },
            count,
        )
        for s in series
        for error_class, count in sorted(s.outcomes.items())
    ]


def _tokens(series: Sequence[Series]) -> list[_Sample]:
    return [
        ({**_labels(s), "direction": direction}, count)
        for s in series
        for direction, count in (("input", s.input_tokens), ("output", s.output_tokens))
    ]


def _labels(series: Series) -> dict[str, str]:
    return {"source": series.source, "route": series.route, "target": series.target}


def _family(name: str, kind: str, help_text: str, samples: Iterable[_Sample]) -> str:
    lines = [f"# HELP pilothouse_{name} {help_text}", f"# TYPE pilothouse_{name} {kind}"]
    lines += [f"pilothouse_{name}{_in_braces(labels)} {value}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _histogram(
    name: str, help_text: str, samples: Iterable[tuple[Mapping[str, str], Histogram]]
) -> str:
    lines = [f"# HELP pilothouse_{name} {help_text}", f"# TYPE pilothouse_{name} histogram"]
    bounds = [*[f"{bound / 1000:g}" for bound in BOUNDS_MS], "+Inf"]
    for labels, histogram in samples:
        own = _in_braces(labels)
        opening = f'pilothouse_{name}_bucket{own[:-1]},le="'
        totals = list(accumulate(histogram.counts))
        lines += [f'{opening}{b}"}} {total}' for b, total in zip(bounds, totals, strict=True)]
        lines.append(f"pilothouse_{name}_sum{own} {histogram.sum_ms / 1000:.6f}")
        lines.append(f"pilothouse_{name}_count{own} {totals[-1]}")
    return "\n".join(lines) + "\n"


def _in_braces(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
