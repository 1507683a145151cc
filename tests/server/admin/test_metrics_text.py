"""The metrics page against the rules of Prometheus' text format."""

from __future__ import annotations

import re
from decimal import Decimal

from pilothouse.client.metrics import BOUNDS_MS, CheckVerdicts, Series, empty, summed_checks
from pilothouse.client.shadow_counts import ShadowCounts, summed_shadows
from pilothouse.server.admin.metrics_text import metrics_text
from pilothouse.server.answer_counts import AnswerCount, summed

SAMPLE = re.compile(
    r'(?P<name>[a-z_]+)(\{(?P<labels>([a-z_]+="([^"\\\n]|\\["\\n])*",?)*)\})? (?P<value>\S+)'
)


def a_series(route: str = "support") -> Series:
    series = empty("serve", route, "small")
    series.requests = 3
    series.outcomes = {"": 2, "timeout": 1}
    series.cost_usd = Decimal("0.000000001234")
    for value_ms in (3.0, 70.0, 10**6):
        series.latency.add(value_ms)
    return series


def page(*series: Series) -> str:
    return metrics_text(
        series, [AnswerCount(429, "rate_limit_exceeded", 3)], {"small": 4}, shed_rows=7, workers=2
    )


def test_every_line_is_a_sample_or_says_what_follows() -> None:
    families: set[str] = set()
    for line in page(a_series()).splitlines():
        if line.startswith("# TYPE "):
            families.add(line.split()[2])
        elif not line.startswith("# HELP "):
            match = SAMPLE.fullmatch(line)
            assert match, line
            float(match["value"])
            base = re.sub(r"_(bucket|sum|count)$", "", match["name"])
            assert {base, match["name"]} & families, "a sample comes after its type"


def test_buckets_are_cumulative_and_the_last_one_is_all() -> None:
    text = page(a_series())
    found = re.findall(r'latency_seconds_bucket\{.*le="([^"]+)"\} (\d+)', text)
    assert [bound for bound, _ in found] == [*[f"{b / 1000:g}" for b in BOUNDS_MS], "+Inf"]
    counts = [int(count) for _, count in found]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (1, 3)
    assert 'latency_seconds_count{source="serve",route="support",target="small"} 3' in text
    assert 'latency_seconds_sum{source="serve",route="support",target="small"} 1000.073000' in text


def test_names_that_would_break_a_line_are_escaped() -> None:
    text = page(a_series('a"b\\c\nd'))
    assert 'route="a\\"b\\\\c\\nd"' in text
    assert all(SAMPLE.fullmatch(x) for x in text.splitlines() if not x.startswith("#"))


def test_small_money_and_gauges_are_numbers() -> None:
    text = page(a_series())
    assert float(re.findall(r"cost_usd_total\{.*\} (\S+)", text)[0]) == 1.234e-9
    assert 'pilothouse_in_flight{target="small"} 4\n' in text
    assert "pilothouse_shed_rows_total 7\n" in text


def test_nothing_asked_yet_is_a_valid_page() -> None:
    assert "pilothouse_workers 2\n" in page()


def test_refusals_are_counted_by_status_and_code_over_all_workers() -> None:
    assert 'answers_total{status="429",code="rate_limit_exceeded"} 3' in page()
    both = summed([AnswerCount(429, "x", 3), AnswerCount(200, "", 1), AnswerCount(429, "x", 4)])
    assert both == [AnswerCount(200, "", 1), AnswerCount(429, "x", 7)]


def test_shadow_copies_are_told_by_route_with_what_was_shed_and_why() -> None:
    one = ShadowCounts(requests=5, not_sampled=2, started=2, answered=1, failed=1, full=1)
    two = ShadowCounts(requests=1, started=1, in_flight=1, spent_today_usd=Decimal("0.5"))
    both = summed_shadows([{"support": one}, {"support": two}])
    text = metrics_text([], [], {}, shed_rows=0, workers=2, shadows=both)
    assert 'shadow_requests_total{route="support",sampled="yes"} 4\n' in text
    assert 'shadow_requests_total{route="support",sampled="no"} 2\n' in text
    assert 'shadow_copies_total{route="support",outcome="failed"} 1\n' in text
    assert 'shadow_shed_total{route="support",reason="full"} 1\n' in text
    assert 'shadow_in_flight{route="support"} 1\n' in text
    assert 'shadow_spent_today_usd{route="support"} 0.5\n' in text
    assert all(SAMPLE.fullmatch(x) for x in text.splitlines() if not x.startswith("#"))


def test_what_checks_said_is_counted_over_all_workers() -> None:
    one = [
        CheckVerdicts("support", "mini", "refused", 2),
        CheckVerdicts("support", "mini", "taken", 1),
    ]
    checks = summed_checks([*one, *one])
    text = metrics_text([], [], {}, shed_rows=0, workers=2, checks=checks)
    line = 'pilothouse_checked_answers_total{route="support",target="mini",verdict="refused"} 4\n'
    assert line in text
    assert "checked_answers" not in page()
