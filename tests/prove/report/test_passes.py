"""pass@k and pass^k in a report: a table computed by hand, and when there is none."""

from __future__ import annotations

import msgspec
import pytest
from evidence_builder import evidence, outcome, settings, yes_no

from pilothouse.prove.evidence import CaseFact, Evidence
from pilothouse.prove.render.html.page import page
from pilothouse.prove.render.markdown import markdown
from pilothouse.prove.render.text import show
from pilothouse.prove.report.passes import Passes
from pilothouse.prove.report.proof import Report, report


class Lines:
    """A terminal that remembers."""

    def __init__(self) -> None:
        self.text = ""

    def say(self, text: str, indent: str = "") -> None:
        self.text += f"{indent}{text}\n"

    def print_table(self, header: object, rows: object) -> None:
        self.text += f"{header}\n{rows}\n"

    def colour(self, text: str, name: str) -> str:
        return text


def repeated(*cases: str, **more: object) -> Evidence:
    """`repeated("110", "000")`: a case for each string, a repeat for each character; `x` failed, `-` is ungraded."""
    outcomes = [
        outcome(
            case,
            0,
            None if mark == "-" else float(mark == "1"),
            repeat=repeat,
            error_class="timeout" if mark == "x" else None,
        )
        for case, marks in enumerate(cases)
        for repeat, mark in enumerate(marks)
    ]
    return evidence(outcomes, ["a"], **more)  # type: ignore[arg-type]


def made(found: Evidence) -> Report:
    return report(settings("a", repeats=3), found)


def passes(found: Evidence) -> tuple[Passes, ...]:
    return made(found).candidates[0].scorers[0].passes


HAND = repeated("111", "110", "010", "0x0")
"""3, 2, 1 and 0 of 3 are right."""


def test_the_table_is_the_one_that_is_computed_by_hand() -> None:
    found = passes(HAND)
    assert [p.k for p in found] == [1, 2, 3]
    assert [p.cases for p in found] == [4, 4, 4]
    # one of two: 1, 1, 1 - 1/3, 0; all of two: 1, 1/3, 0, 0
    assert [p.pass_at_k.value for p in found] == pytest.approx([1 / 2, 2 / 3, 3 / 4])
    assert [p.pass_hat_k.value for p in found] == pytest.approx([1 / 2, 1 / 3, 1 / 4])
    for p in found:
        for mean in (p.pass_at_k, p.pass_hat_k):
            assert mean.interval.low <= mean.value <= mean.interval.high


def test_the_first_row_is_the_accuracy_with_its_interval() -> None:
    assert passes(HAND)[0].pass_at_k == made(HAND).candidates[0].accuracy


def test_the_table_is_in_every_form_of_the_report() -> None:
    found = made(HAND)
    out = Lines()
    show(found, out)  # type: ignore[arg-type]
    for text in (out.text, markdown(found), page(found)):
        assert "pass^k: all k right" in text
        assert "66.67 % (" in text and "33.33 % (" in text
    assert "## What k tries come to" in markdown(found)
    assert "Yao et al. 2024" in page(found)
    [scorer] = msgspec.to_builtins(found)["candidates"][0]["scorers"]
    assert scorer["passes"][2]["pass_hat_k"]["value"] == 0.25


@pytest.mark.parametrize("found", [yes_no("110"), repeated("1", "0")])
def test_without_repeats_there_is_no_table(found: Evidence) -> None:
    assert passes(found) == ()
    assert "pass@k" not in markdown(report(settings("a"), found))


def test_a_scorer_that_gives_values_between_passes_nothing() -> None:
    outcomes = [
        msgspec.structs.replace(outcome(case, 0, repeat=repeat), values=(1.0, 0.25))
        for case in range(3)
        for repeat in range(2)
    ]
    two = evidence(outcomes, ["a"], scorers=("accuracy", "chrf"), scorer_words=("exact", "chrf"))
    main, other = made(two).candidates[0].scorers
    assert len(main.passes) == 2
    assert other.passes == ()


def test_a_case_with_too_few_graded_answers_says_nothing_of_k_tries() -> None:
    found = passes(repeated("111", "11-", "0--"))
    assert [p.cases for p in found] == [3, 2, 1]
    assert found[1].pass_hat_k.value == 1.0


def test_cases_of_one_cluster_are_no_independent_ones() -> None:
    columns = ["110", "110", "100", "100"] * 15
    facts = [CaseFact(id=f"q{i}", cluster=f"doc{i // 2}") for i in range(60)]
    free, tied = passes(repeated(*columns))[1], passes(repeated(*columns, cases=facts))[1]
    assert free.pass_hat_k.value == tied.pass_hat_k.value
    assert tied.pass_hat_k.clusters == 30
    widths = [p.pass_hat_k.interval.high - p.pass_hat_k.interval.low for p in (free, tied)]
    assert widths[1] > 1.2 * widths[0]


def test_many_repeats_are_a_short_table_and_all_in_the_json() -> None:
    found = made(repeated("1" * 30, "10" * 15))
    assert len(found.candidates[0].scorers[0].passes) == 30
    lines = markdown(found).partition("## What k tries come to")[2].partition("##")[0]
    ks = [line.split("|")[3].strip() for line in lines.splitlines() if line.startswith("| a")]
    assert ks == ["1", "2", "3", "5", "10", "20", "30"]
