"""The engine among others: failures, limits, several processes, other runs, conversations, hours."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from pilothouse.core.answer import Answer, Usage
from pilothouse.core.ask import Ask
from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput, ProviderError
from pilothouse.core.ports import Reply
from pilothouse.core.route import Target
from pilothouse.prove.engine import Engine
from pilothouse.prove.grading import Grader
from pilothouse.prove.ledger import Progress
from pilothouse.prove.start import open_run
from pilothouse.stores.sqlite import SqliteStore

from .calculator import CASES, PRICE, Calculator, a_client, poc, prove, reported

HOUR_US = 3_600_000_000


def failing(often: Callable[[int], bool], kind: Any, **more: Any) -> Callable[[int], None]:
    def fail(asked: int) -> None:
        if often(asked):
            raise ProviderError(kind, "no", **more)

    return fail


def test_a_vendor_that_fails_often_is_asked_again_and_every_failure_is_counted(
    tmp_path: Path,
) -> None:
    provider = Calculator(failing(lambda n: n % 3 == 0, "provider_down"))
    spec, store = poc(tmp_path, "attempts: 10\n"), SqliteStore(tmp_path / "a.db")
    evidence = prove(spec, provider, store)
    assert all(o.error_class is None for o in evidence.outcomes)
    assert sum(o.attempts for o in evidence.outcomes) == provider.asked > 80
    first_failed = sum(o.attempts > 1 for o in evidence.outcomes)
    made = reported(spec, evidence, store)
    assert sum(c.failures.failed for c in made.candidates) == first_failed > 15
    assert sum(c.failures.unanswered for c in made.candidates) == 0


def test_to_be_asked_to_wait_is_neither_a_failure_nor_an_attempt(tmp_path: Path) -> None:
    provider = Calculator(failing(lambda n: n in (2, 3), "rate_limited", retry_after_s=0.01))
    evidence = prove(poc(tmp_path, "attempts: 1\n"), provider, SqliteStore(tmp_path / "a.db"))
    assert [o.error_class for o in evidence.outcomes] == [None] * 60
    assert {o.attempts for o in evidence.outcomes} == {1}


def test_a_candidate_that_never_answers_is_reported_as_failed(tmp_path: Path) -> None:
    provider = Calculator(failing(lambda n: True, "timeout"))
    evidence = prove(poc(tmp_path, "attempts: 1\n"), provider, SqliteStore(tmp_path / "a.db"))
    assert [o.error_class for o in evidence.outcomes] == ["timeout"] * 60
    assert evidence.spent_usd == 0


def test_two_processes_on_one_database_share_the_run(tmp_path: Path) -> None:
    spec, provider = poc(tmp_path), Calculator()
    cases = [Case(id=str(n), prompt=f"{n} + 1", expected=str(n + 1)) for n in range(200)]

    def engine(owner: str) -> Engine:
        store = SqliteStore(tmp_path / "a.db")
        grader = Grader(spec.scorers)
        opened = open_run(spec, cases, store.proofs, grader, 1)
        return Engine(
            *(spec, opened.run_id, len(cases), a_client(provider), store.proofs, grader),
            *(lambda: 1_000, lambda progress: None),
            owner=owner,
        )

    async def both() -> list[Any]:
        return await asyncio.gather(engine("a:1:x").run(), engine("b:1:x").run())

    one, other = asyncio.run(both())
    assert set(provider.answered.values()) == {1}
    assert len(provider.answered) == 400
    assert all(o is not None for o in one.outcomes)
    assert [structs.replace(o, attempts=1) for o in one.outcomes] == other.outcomes


def test_what_a_dead_process_held_is_taken_at_once(tmp_path: Path) -> None:
    spec, store = poc(tmp_path), SqliteStore(tmp_path / "a.db")
    opened = open_run(spec, CASES, store.proofs, Grader(spec.scorers), 1)
    import platform

    dead = f"{platform.node()}:{2**22 + 1}:x"
    store.proofs.take(opened.run_id, [0], dead, until_us=2**60, now_us=1)
    assert len(prove(spec, Calculator(), store).outcomes) == 60


def test_more_cases_are_another_run_that_pays_only_for_the_new_ones(tmp_path: Path) -> None:
    spec, store, again = poc(tmp_path), SqliteStore(tmp_path / "a.db"), Calculator()
    prove(spec, Calculator(), store)
    more = [*CASES, Case(id="new", prompt="7 + 8", expected="15")]
    evidence = prove(spec, again, store, cases=more)
    assert (again.asked, evidence.reused, len(evidence.outcomes)) == (2, 60, 62)
    assert evidence.spent_usd == Decimal("0.02")


def test_a_scorer_that_raises_leaves_that_answer_ungraded_and_the_run_goes_on(
    tmp_path: Path,
) -> None:
    spec = poc(tmp_path)

    class Moody:
        def check(self, case: Case) -> None: ...

        def score(self, given: Any, case: Case) -> Any:
            if case.id == "3":
                raise KeyError("mood")
            return spec.scorers[0].scorer.score(given, case)  # type: ignore[union-attr]

    moody = structs.replace(spec.scorers[0], scorer=Moody())
    evidence = prove(
        structs.replace(spec, scorers=(moody,)), Calculator(), SqliteStore(tmp_path / "a.db")
    )
    assert evidence.ungraded == {"accuracy": (("3", "KeyError: 'mood'"),) * 2}
    assert [o.values for o in evidence.outcomes if o.case == 3] == [(None,), (None,)]
    assert len(evidence.outcomes) == 60


class Talker(Calculator):
    """Answers with what it was told so far."""

    async def complete(self, target: Target, ask: Ask, key: int = 0, limits: Any = None) -> Reply:
        self.asked += 1
        self._before(self.asked)
        said = "|".join(m.text for m in ask.request.messages)
        usage = Usage(input_tokens=1, output_tokens=1)
        return Reply(b"{}", Answer.of_text(f"[{said}]", usage=usage), "openai_chat")


def test_a_conversation_is_asked_turn_by_turn_and_no_turn_twice(tmp_path: Path) -> None:
    case = Case(id="c", prompt="one", then=("two", "three"), expected="1")
    spec, store = poc(tmp_path, "attempts: 1\n"), SqliteStore(tmp_path / "a.db")
    first = Talker(failing(lambda n: n == 6, "provider_down"))
    prove(spec, first, store, cases=[case])
    second = Talker()
    evidence = prove(spec, second, store, cases=[case])
    assert (first.asked, second.asked) == (6, 1)
    (answer,) = store.proofs.answers_of([evidence.outcomes[0].call_id], evidence.run_id)
    assert answer.given is not None
    assert answer.given.earlier == ("[one]", "[one|[one]|two]")
    assert answer.given.text == "[one|[one]|two|[one|[one]|two]|three]"
    assert evidence.outcomes[0].cost_usd == Decimal("0.03")
    assert evidence.outcomes[0].output_tokens == 3


def test_repeats_wait_for_their_hour(tmp_path: Path) -> None:
    spec = poc(tmp_path, "repeats: 2\nschedule: {hours: [0, 12]}\n")
    store, provider = SqliteStore(tmp_path / "a.db"), Calculator()
    night = prove(spec, provider, store, may_wait=False, now_us=lambda: 10)
    assert {o.repeat for o in night.outcomes} == {0}
    evening = prove(spec, provider, store, may_wait=False, now_us=lambda: 18 * HOUR_US)
    assert provider.asked == len(evening.outcomes) + 0 == 60
    noon = prove(spec, provider, store, may_wait=False, now_us=lambda: 12 * HOUR_US)
    assert len(noon.outcomes) == provider.asked == 120


def test_progress_ends_with_everything_done(tmp_path: Path) -> None:
    seen: list[Progress] = []
    prove(poc(tmp_path), Calculator(), SqliteStore(tmp_path / "a.db"), seen.append)
    assert (seen[-1].done, seen[-1].total) == (60, 60)


@pytest.mark.parametrize("extra", ["schedule: {hours: [9, 9]}\n", "schedule: {hours: [9, 21]}\n"])
def test_a_schedule_that_cannot_be_kept_is_refused(tmp_path: Path, extra: str) -> None:
    with pytest.raises(Exception, match=r"poc\.yaml:.*schedule: "):
        poc(tmp_path, extra)


def test_a_variable_that_no_case_has_is_refused_before_anything_is_paid(tmp_path: Path) -> None:
    provider = Calculator()
    with pytest.raises(InvalidInput, match=r'unknown variable "\{promt\}". Did you mean "prompt"'):
        prove(poc(tmp_path, 'prompt: "{promt}"\n'), provider, SqliteStore(tmp_path / "a.db"))
    assert provider.asked == 0


MANY = [Case(id=f"c{n}", prompt=f"{n} + {n}", expected=str(2 * n)) for n in range(400)]
EARLY = "early_stopping: true\nattempts: 1\n"


def test_a_candidate_that_is_clearly_too_bad_is_asked_no_further(tmp_path: Path) -> None:
    spec = poc(tmp_path, EARLY)
    store, provider = SqliteStore(tmp_path / "a.db"), Calculator()
    evidence = prove(spec, provider, store, cases=MANY)
    stopped = {s.candidate: s for s in evidence.stopped}
    assert "certainly missed" in stopped["bad"].why
    assert stopped["bad"].answers < 100
    assert stopped["bad"].saved_usd == stopped["bad"].saved_answers * PRICE
    assert "certainly met" in stopped["good"].why
    assert provider.asked == len(evidence.outcomes) < 300
    made = reported(spec, evidence, store)
    good, bad = made.candidates
    assert (good.verdict, bad.verdict) == ("met", "not met")
    assert "stopped early" in good.judged[0].why
    again = prove(spec, Calculator(), store, cases=MANY)
    assert {s.candidate for s in again.stopped} == {"good", "bad"}


def test_early_stopping_looks_at_cases_in_an_order_of_its_own(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")
    spec = poc(tmp_path, EARLY)
    first = open_run(spec, MANY, store.proofs, Grader(spec.scorers), 1)
    assert [f.id for f in first.facts] != [c.id for c in MANY]
    kept = store.proofs.cases(first.run_id, 0, 400)
    assert [k.case_id for k in kept] == [f.id for f in first.facts]
