"""The report as people read it: Markdown, a terminal, one HTML page, the words of single answers."""

import re
from collections.abc import Sequence
from html.parser import HTMLParser

import msgspec
import pytest
from evidence_builder import Words, evidence, gsm8k, outcome, rich, settings, yes_no
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.prove.evidence import CaseFact, Evidence
from pilothouse.prove.render.html import page
from pilothouse.prove.render.html.svg import scale
from pilothouse.prove.render.markdown import markdown
from pilothouse.prove.render.text import show
from pilothouse.prove.report import Report, report, with_words
from pilothouse.prove.report.answers import answers_by_candidate
from pilothouse.prove.report.latency import CURVE_POINTS, latency_figures

HOSTILE = "</pre><script>alert(1)</script>\"'&<img src=x onerror=alert(2)>|\x00\n# heading"


class Lines:
    """A terminal that remembers."""

    def __init__(self) -> None:
        self.text = ""

    def say(self, text: str, indent: str = "") -> None:
        self.text += f"{indent}{text}\n"

    def print_table(self, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        for row in (header, *rows):
            self.say(" ".join(map(str, row)))

    def colour(self, text: str, name: str) -> str:
        return text


class Elements(HTMLParser):
    """The elements of a page, and whether each was closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.scripts = 0
        self.open: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.links += [v or "" for k, v in attrs if k in ("src", "href", "srcset", "action")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def whole(found: Evidence, **texts: str) -> Report:
    asked = settings(*found.candidates, repeats=1, **texts)
    return with_words(report(asked, found), found, Words())


def on_terminal(made: Report) -> str:
    out = Lines()
    show(made, out)
    return out.text


def test_everything_of_the_tour_is_on_the_terminal_and_in_markdown() -> None:
    found, asked = gsm8k()
    made = report(asked, found, lambda case, model: None if case.endswith("1") else True)
    for text in (on_terminal(made), markdown(made)):
        for words in (
            "1130/1319",
            "85.67 %",
            "83.68 % to 87.46 %",
            "63.84 %",
            "-21.83 points",
            "paired SE 1.55",
            "McNemar exact p = 5.12e-42",
            "accuracy >= 0.80",
            "tokens are estimated, so its cost is too",
            "answers differ from their published label (listed in the report)",
            "not recorded",
        ):
            assert words in text
    assert "Answers that differ from their published label" in markdown(made)


def test_failures_that_may_pass_and_missing_prices_are_noted() -> None:
    outcomes = [outcome(i, 0, cost_pico_usd=None) for i in range(5)]
    outcomes.append(outcome(5, 0, error_class="rate_limited", cost_pico_usd=None))
    asked = msgspec.convert(
        msgspec.to_builtins(settings("a"))
        | {"candidates": [{"name": "a", "model": "m", "cost_note": "not priced: unknown model m"}]},
        type(settings("a")),
    )
    text = on_terminal(report(asked, evidence(outcomes, ["a"])))
    assert "a: 5 answers have no price (not priced: unknown model m)" in text
    assert "a: 1 failures may pass; the same command asks those again" in text


def test_the_page_holds_all_its_sections_and_fetches_nothing() -> None:
    text = page(whole(rich(repeats=2), accuracy=">= 0.7", latency_p95_ms="<= 3000"))
    elements = Elements(text)
    assert elements.open == []
    assert elements.links == []
    for title in (
        "Criteria",
        "Quality, cost and speed",
        "By tag",
        "Labels",
        "Failures",
        "Speed",
        "Run to run",
        "Where they disagree",
        "Worst cases",
        "Strengths and weaknesses",
        "How the figures were made",
        "Checklist",
    ):
        assert f"<h2>{title}</h2>" in text
    assert elements.names.count("table") == text.count("<caption>")
    assert elements.names.count("svg") == text.count("<svg><title>") + len(
        re.findall(r"<svg [^>]*(?:><title>|aria-hidden)", text)
    )
    assert not re.search(r"url\(|@import|https?://", text)


def test_hostile_words_stay_words() -> None:
    found = evidence(
        [outcome(0, c, float(c), labels=(HOSTILE, "b")) for c in range(2)],
        [HOSTILE, "b"],
        [CaseFact(id=HOSTILE, tags=(HOSTILE,))],
    )
    asked = settings(HOSTILE, "b")
    made = with_words(report(asked, found), found, Words(lambda call: HOSTILE))
    elements = Elements(page(made))
    assert elements.open == []
    assert elements.names.count("script") == 1
    assert "img" not in elements.names
    rows = [line for line in markdown(made).splitlines() if line.startswith("|")]
    assert rows and not any("\n#" in row for row in rows)


def test_the_page_stays_below_two_megabytes_whatever_the_answers_are() -> None:
    names = [f"candidate-{i:02}" for i in range(20)]
    outcomes = [
        outcome(i, c, float((i + c) % 2), labels=(f"l{i % 60}", f"l{c}"))
        for i in range(100)
        for c in range(20)
    ]
    facts = [
        CaseFact(id=f"q{i}", tags=tuple(f"t{(i + j) % 300}" for j in range(5))) for i in range(100)
    ]
    found = evidence(outcomes, names, facts)
    made = with_words(
        report(settings(*names), found), found, Words(lambda call: f"{call} " + "<&" * 50_000)
    )
    assert len(page(made).encode()) < 2_000_000


def test_a_long_answer_is_cut_in_the_middle_and_says_so() -> None:
    found = yes_no("10", "01")
    made = with_words(
        report(settings("a", "b"), found), found, Words(lambda call: "start" + "x" * 9000 + "end")
    )
    answer = made.shown.disagreements[0].answers[0]
    assert answer.is_cut
    assert answer.text is not None
    assert answer.text.startswith("start") and answer.text.endswith("end")
    assert "[... 7,008 characters ...]" in answer.text


def test_words_that_are_kept_nowhere_are_said_to_be_missing() -> None:
    class Empty(Words):
        def kept(self, call_ids: Sequence[str]) -> dict[str, object]:  # type: ignore[override]
            return {}

    found = yes_no("10", "01")
    made = with_words(report(settings("a", "b"), found), found, Empty())  # type: ignore[arg-type]
    assert "(the text was not kept)" in page(made)


def test_the_same_report_gives_the_same_page() -> None:
    assert page(whole(rich())) == page(whole(rich()))


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, 0.0, 0.3, 1.0]),
            st.sampled_from([None, None, "timeout", "refused"]),
            st.sampled_from([None, 0.0, 0.001, 300.0, 1e7]),
            st.sampled_from([None, 0, 1, 10**9, 10**15]),
        ),
        min_size=1,
        max_size=24,
    )
)
def test_whatever_was_found_can_be_shown(
    rows: list[tuple[float | None, str | None, float | None, int | None]],
) -> None:
    found = evidence(
        [
            outcome(
                i // 2,
                i % 2,
                value,
                error_class=kind,
                latency_ms=ms,
                ttft_ms=ms,
                cost_pico_usd=cost,
            )
            for i, (value, kind, ms, cost) in enumerate(rows)
        ]
    )
    made = whole(found, accuracy=">= 0.5", latency_p95_ms="<= 3", cost_per_request="<= 0.01")
    assert Elements(page(made)).open == []
    assert on_terminal(made) and markdown(made)
    assert msgspec.json.decode(msgspec.json.encode(made))


@given(st.lists(st.floats(1e-4, 1e6), min_size=1, max_size=400))
def test_the_curve_rises_to_all_answers_in_few_points(times: list[float]) -> None:
    given_ = evidence([outcome(i, 0, latency_ms=ms) for i, ms in enumerate(times)], ["a"])
    curve = latency_figures(answers_by_candidate(given_)[0]).curve
    assert len(curve) <= CURVE_POINTS + 1
    assert list(curve) == sorted(curve)
    assert curve[-1][1] == 1
    assert len({part for _, part in curve}) == len(curve)


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=9), st.booleans())
def test_a_scale_keeps_everything_inside_and_its_ticks_apart(
    values: list[float], may_log: bool
) -> None:
    made = scale(values, 10, 460, may_log=may_log)
    assert all(10 <= made.at(v) <= 460 for v in values)
    places = [made.at(tick) for tick in made.ticks()]
    assert len(places) <= 24
    assert places == sorted(places)


@pytest.mark.parametrize("names", [("a",), ("a", "b")])
def test_one_case_is_enough_for_a_page(names: tuple[str, ...]) -> None:
    found = evidence([outcome(0, c) for c in range(len(names))], names)
    assert "<h1>support</h1>" in page(report(settings(*names), found))
