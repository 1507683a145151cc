"""Runs that stop: nothing that was answered is asked for again, and the report is the same."""

import signal
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from pilothouse.core.case import Case
from pilothouse.core.errors import ErrorClass, InvalidInput, ProviderError, StoreError
from pilothouse.core.proof_store import PaidAnswer
from pilothouse.prove.grading import Grader
from pilothouse.prove.ledger import Progress
from pilothouse.prove.start import open_run
from pilothouse.stores.sqlite import SqliteStore

from .calculator import CASES, Calculator, figures, poc, prove, reported


def stopping_at(number: int) -> Callable[[int], None]:
    def stop(asked: int) -> None:
        if asked == number:
            signal.raise_signal(signal.SIGINT)

    return stop


@pytest.mark.parametrize("stop_at", [1, 2, 17, 59])
def test_an_interrupted_run_goes_on_and_pays_no_answer_twice(tmp_path: Path, stop_at: int) -> None:
    spec = poc(tmp_path)
    undisturbed, store = SqliteStore(tmp_path / "whole.db"), SqliteStore(tmp_path / "a.db")
    whole = figures(spec, prove(spec, Calculator(), undisturbed), undisturbed)
    first, second = Calculator(stopping_at(stop_at)), Calculator()
    with pytest.raises(KeyboardInterrupt):
        prove(spec, first, store)
    evidence = prove(spec, second, store)
    paid = first.answered + second.answered
    assert len(paid) == 60
    assert set(paid.values()) == {1}
    assert evidence.spent_usd == Decimal("0.60")
    assert figures(spec, evidence, store) == whole


def test_a_finished_run_asks_nothing(tmp_path: Path) -> None:
    spec, store, again = poc(tmp_path), SqliteStore(tmp_path / "a.db"), Calculator()
    first = prove(spec, Calculator(), store)
    assert prove(spec, again, store).outcomes == first.outcomes
    assert again.asked == 0


def test_a_first_look_at_a_few_cases_is_not_paid_again(tmp_path: Path) -> None:
    spec, store, rest = poc(tmp_path), SqliteStore(tmp_path / "a.db"), Calculator()
    assert len(prove(spec, Calculator(), store, limit=10).outcomes) == 20
    assert len(prove(spec, rest, store).outcomes) == 60
    assert rest.asked == 40
    assert len(prove(spec, rest, store, limit=5).outcomes) == 10
    assert rest.asked == 40


def test_other_criteria_over_the_same_answers_are_the_same_run(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")

    def run_id(extra: str = "", cases: Sequence[Case] = CASES) -> str:
        spec = poc(tmp_path, extra)
        return open_run(spec, cases, store.proofs, Grader(spec.scorers), 1).run_id

    here = run_id()
    assert run_id("repeats: 2\nbudget_usd: 5\nscorers: {same: {exact: {}}}\n") == here
    assert run_id('prompt: "Add: {prompt}"\n') != here
    assert run_id(cases=CASES[1:]) != here


@pytest.mark.parametrize(("kind", "asked_again"), [("provider_down", 4), ("caller", 0)])
def test_a_failure_that_may_pass_is_asked_again_and_no_other(
    tmp_path: Path, kind: ErrorClass, asked_again: int
) -> None:
    def fail(asked: int) -> None:
        if asked <= 4:
            raise ProviderError(kind, "no")

    spec, store = poc(tmp_path, "attempts: 1\n"), SqliteStore(tmp_path / "a.db")
    failed = [o for o in prove(spec, Calculator(fail), store).outcomes if o.error_class]
    assert len(failed) == 4
    second = Calculator()
    outcomes = prove(spec, second, store).outcomes
    assert second.asked == asked_again
    assert len(outcomes) == 60
    assert sum(o.error_class is not None for o in outcomes) == 4 - asked_again


def test_failures_count_as_failed_and_as_not_right(tmp_path: Path) -> None:
    def fail(asked: int) -> None:
        if asked == 1:
            raise ProviderError("caller", "no")

    spec, store = poc(tmp_path), SqliteStore(tmp_path / "a.db")
    made = reported(spec, prove(spec, Calculator(fail), store), store)
    assert (made.candidates[0].failures.failed, made.candidates[0].right) == (1, 29)


def test_the_budget_is_not_exceeded_and_the_report_says_so(tmp_path: Path) -> None:
    spec, provider = poc(tmp_path, 'budget_usd: "0.25"\n'), Calculator()
    seen: list[Progress] = []
    store = SqliteStore(tmp_path / "a.db")
    evidence = prove(spec, provider, store, seen.append)
    assert provider.asked == len(evidence.outcomes) == 25
    assert seen[-1].spent_usd == evidence.spent_usd == Decimal("0.25")
    made = reported(spec, evidence, store)
    assert any("of 30 answers were asked for" in w.text for w in made.warnings)


def test_a_store_that_fails_is_said_in_words_and_not_as_a_group(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")

    def full(answers: Sequence[PaidAnswer]) -> None:
        raise StoreError("the disk is full")

    store.proofs.keep_answers = full  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="the disk is full"):
        prove(poc(tmp_path), Calculator(), store)


def test_a_case_that_cannot_be_graded_is_refused_before_anything_is_paid(tmp_path: Path) -> None:
    cases = [*CASES, Case(id="x", prompt="q", expected="many")]
    provider = Calculator()
    with pytest.raises(InvalidInput, match=r"cases\.jsonl: case x: expected"):
        prove(poc(tmp_path), provider, SqliteStore(tmp_path / "a.db"), cases=cases)
    assert provider.asked == 0


def test_an_answer_in_hand_when_the_run_is_cut_is_kept(tmp_path: Path) -> None:
    """The interruption comes while the disk is busy with an earlier answer."""
    spec, store = poc(tmp_path), SqliteStore(tmp_path / "a.db")
    provider = Calculator()

    def interrupt(progress: Progress) -> None:
        if progress.done == 1:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        prove(spec, provider, store, interrupt)
    (run,) = store.proofs.runs()
    assert run.answers == provider.asked
