"""Runs that stop: nothing that was answered is asked for again, and the report is the same."""

import asyncio
import itertools
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from pilothouse.client.caller import Client
from pilothouse.core.answer import Answer, Usage
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.case import Case
from pilothouse.core.errors import ErrorClass, InvalidInput, ProviderError, StoreError
from pilothouse.core.key_pool import KeyPool
from pilothouse.core.ports import AnswerStream, PaidAnswer, Priced, Reply
from pilothouse.core.route import Target
from pilothouse.core.route_settings import Timeouts
from pilothouse.prove.paid import evidence_of, settings_of
from pilothouse.prove.report import Report, report
from pilothouse.prove.run import Progress, check_cases, run, run_id
from pilothouse.prove.spec import Poc, load_poc
from pilothouse.stores.sqlite import SqliteStore

POC = """\
name: sums
cases: cases.jsonl
providers:
  calculator: {kind: replay, recording: none.jsonl}
candidates:
  - {name: good, provider: calculator, model: good}
  - {name: bad, provider: calculator, model: bad}
scorer: {number: {}}
criteria: {accuracy: ">= 0.8"}
concurrency: 4
"""
CASES = [Case(id=str(i), prompt=f"{i} + {i}", expected=str(2 * i)) for i in range(30)]
PRICE = Decimal("0.01")


class Calculator:
    """A provider that adds; `good` is right, `bad` is not. Fails as it is told to."""

    is_timed = False

    def __init__(self, before: Callable[[int], None] = lambda n: None) -> None:
        self.answered: Counter[tuple[str, str]] = Counter()
        self.asked = 0
        self.keys = KeyPool(1)
        self._before = before

    def losses(self, target: Target, ask: Ask) -> tuple[str, ...]:
        return ()

    async def complete(
        self, target: Target, ask: Ask, key: int = 0, limits: Timeouts | None = None
    ) -> Reply:
        await asyncio.sleep(0)
        self.asked += 1
        self._before(self.asked)
        prompt = ask.request.messages[-1].text
        self.answered[target.model, prompt] += 1
        total = sum(int(x) for x in prompt.split("+"))
        text = str(total if target.model == "good" else total + 1)
        usage = Usage(input_tokens=3, output_tokens=1)
        return Reply(b"{}", Answer.of_text(text, usage=usage), "openai_chat")

    async def stream(
        self, target: Target, ask: Ask, key: int = 0, limits: Timeouts | None = None
    ) -> AnswerStream:
        raise ProviderError("caller", "not streamed")

    async def close(self) -> None: ...


class Nowhere:
    def record(self, call: Call) -> None: ...


def poc(folder: Path, extra: str = "") -> Poc:
    path = folder / "poc.yaml"
    path.write_text(POC + extra, encoding="utf-8")
    return load_poc(path)


def prove(
    spec: Poc,
    provider: Calculator,
    store: SqliteStore,
    show: Callable[[Progress], None] = lambda p: None,
    limit: int | None = None,
) -> list[PaidAnswer]:
    bits = itertools.count()
    client = Client(
        {"calculator": provider},
        lambda target, usage, at_us: Priced(PRICE),
        Nowhere(),
        lambda: time.time_ns() // 1000,
        lambda: hash((id(provider), next(bits))),
    )
    name, cases = run_id(spec, CASES), CASES[:limit]
    return asyncio.run(run(spec, cases, client, store, lambda: 1, show, run_name=name))


def figures(spec: Poc, answers: Sequence[PaidAnswer]) -> bytes:
    return msgspec.json.encode(reported(spec, answers))


def reported(spec: Poc, answers: Sequence[PaidAnswer]) -> Report:
    evidence = evidence_of(spec, CASES, answers, run_id(spec, CASES))
    return report(settings_of(spec, answers), evidence)


def stopping_at(number: int) -> Callable[[int], None]:
    def stop(asked: int) -> None:
        if asked == number:
            signal.raise_signal(signal.SIGINT)

    return stop


@pytest.mark.parametrize("stop_at", [1, 2, 17, 59])
def test_an_interrupted_run_goes_on_and_pays_no_answer_twice(tmp_path: Path, stop_at: int) -> None:
    spec = poc(tmp_path)
    whole = figures(spec, prove(spec, Calculator(), SqliteStore(tmp_path / "whole.db")))
    first, second = Calculator(stopping_at(stop_at)), Calculator()
    with pytest.raises(KeyboardInterrupt):
        prove(spec, first, SqliteStore(tmp_path / "a.db"))
    answers = prove(spec, second, SqliteStore(tmp_path / "a.db"))
    paid = first.answered + second.answered
    assert len(paid) == 60
    assert set(paid.values()) == {1}
    assert figures(spec, answers) == whole


def test_a_finished_run_asks_nothing(tmp_path: Path) -> None:
    spec, store, again = poc(tmp_path), SqliteStore(tmp_path / "a.db"), Calculator()
    first = prove(spec, Calculator(), store)
    assert prove(spec, again, store) == first
    assert again.asked == 0


def test_a_first_look_at_a_few_cases_is_not_paid_again(tmp_path: Path) -> None:
    spec, store, rest = poc(tmp_path), SqliteStore(tmp_path / "a.db"), Calculator()
    assert len(prove(spec, Calculator(), store, limit=10)) == 20
    assert len(prove(spec, rest, store)) == 60
    assert rest.asked == 40
    assert len(prove(spec, rest, store, limit=5)) == 10
    assert rest.asked == 40


def test_other_criteria_over_the_same_answers_are_the_same_run(tmp_path: Path) -> None:
    here = run_id(poc(tmp_path), CASES)
    assert run_id(poc(tmp_path, "repeats: 2\nbudget_usd: 5\n"), CASES) == here
    assert run_id(poc(tmp_path, 'prompt: "Add: {prompt}"\n'), CASES) != here
    assert run_id(poc(tmp_path), CASES[1:]) != here


@pytest.mark.parametrize(("kind", "asked_again"), [("provider_down", 4), ("caller", 0)])
def test_a_failure_that_may_pass_is_asked_again_and_no_other(
    tmp_path: Path, kind: ErrorClass, asked_again: int
) -> None:
    def fail(asked: int) -> None:
        if asked <= 4:
            raise ProviderError(kind, "no")

    spec, store = poc(tmp_path), SqliteStore(tmp_path / "a.db")
    failed = [a for a in prove(spec, Calculator(fail), store) if a.text is None]
    assert len(failed) == 4
    second = Calculator()
    answers = prove(spec, second, store)
    assert second.asked == asked_again
    assert len(answers) == 60
    assert sum(a.text is None for a in answers) == 4 - asked_again


def test_failures_count_as_failed_and_as_not_right(tmp_path: Path) -> None:
    def fail(asked: int) -> None:
        if asked == 1:
            raise ProviderError("caller", "no")

    spec = poc(tmp_path)
    answers = prove(spec, Calculator(fail), SqliteStore(tmp_path / "a.db"))
    made = reported(spec, answers)
    assert (made.candidates[0].failures.failed, made.candidates[0].right) == (1, 29)


def test_the_budget_is_not_exceeded_and_the_report_says_so(tmp_path: Path) -> None:
    spec, provider = poc(tmp_path, 'budget_usd: "0.25"\n'), Calculator()
    seen: list[Progress] = []
    answers = prove(spec, provider, SqliteStore(tmp_path / "a.db"), seen.append)
    assert provider.asked == len(answers) == 25
    assert seen[-1].spent_usd == Decimal("0.25")
    made = reported(spec, answers)
    assert any("of 30 answers were asked for" in w.text for w in made.warnings)


def test_a_store_that_fails_is_said_in_words_and_not_as_a_group(tmp_path: Path) -> None:
    class Full(SqliteStore):
        def keep_answers(self, answers: Sequence[PaidAnswer]) -> None:
            raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="the disk is full"):
        prove(poc(tmp_path), Calculator(), Full(tmp_path / "a.db"))


def test_a_case_that_cannot_be_graded_is_refused_before_anything_is_paid(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"cases\.jsonl: case x: expected"):
        check_cases(poc(tmp_path), [*CASES, Case(id="x", prompt="q", expected="many")])


def test_an_answer_in_hand_when_the_run_is_cut_is_kept(tmp_path: Path) -> None:
    """The interruption comes while the disk is busy with an earlier answer."""
    spec, store = poc(tmp_path), SqliteStore(tmp_path / "a.db")
    provider = Calculator()

    def interrupt(progress: Progress) -> None:
        if progress.done == 1:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        prove(spec, provider, store, interrupt)
    kept = store.answers(run_id(spec, CASES))
    assert len(kept) == provider.asked
