"""Runs a proof of concept: every case to every candidate, each answer kept before it counts.

Stop it anyhow (Ctrl-C, SIGKILL) and start it again: what is kept is not asked for twice.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec
from msgspec import Struct

from pilothouse.catalog.tokens import estimate_tokens
from pilothouse.client.caller import Asked, Client
from pilothouse.core.answer import Usage
from pilothouse.core.call import Score
from pilothouse.core.case import Case
from pilothouse.core.errors import RETRYABLE, InvalidInput, PilothouseError
from pilothouse.core.grade import Given
from pilothouse.core.ports import NowUs, PaidAnswer, RunStore
from pilothouse.core.request import Message, Request
from pilothouse.core.route import Route
from pilothouse.prove.spec import Candidate, Poc


class AnswerStore(RunStore, Protocol):
    """A run store that keeps several answers with one wait for the disk."""

    def keep_answers(self, answers: Sequence[PaidAnswer]) -> None: ...


class Progress(Struct, kw_only=True):
    """How far a run is; given to the progress callback after every kept batch."""

    total: int
    done: int
    kept_before: int
    """Answers found from an earlier start of the same run."""
    spent_usd: Decimal
    is_over_budget: bool = False


class Job(Struct, frozen=True):
    """One question to one candidate."""

    candidate: Candidate
    case: Case
    repeat: int


def run_id(poc: Poc, cases: Sequence[Case]) -> str:
    """The same questions to the same candidates are the same run, whatever the criteria say."""
    file = poc.file
    what = [
        file.prompt,
        file.candidates,
        {name: file.providers[name] for name in sorted(file.providers)},
        file.scorer,
        file.max_output_tokens,
        file.temperature,
        list(cases),
    ]
    return f"poc-{hashlib.sha256(msgspec.json.encode(what)).hexdigest()[:16]}"


def jobs(poc: Poc, cases: Sequence[Case]) -> list[Job]:
    """All questions, candidates side by side so that a bad hour hits them alike."""
    return [
        Job(candidate, case, repeat)
        for repeat in range(poc.file.repeats)
        for case in cases
        for candidate in poc.file.candidates
    ]


def estimate_usd(poc: Poc, todo: Sequence[Job], client: Client, at_us: int) -> tuple[Decimal, int]:
    """What `todo` will about cost, and how many of it nobody can price."""
    total, unpriced = Decimal(0), 0
    for job in todo:
        cost = _expected_cost(poc, job, client, at_us)
        if cost is None:
            unpriced += 1
        else:
            total += cost
    return total, unpriced


async def run(
    poc: Poc,
    cases: Sequence[Case],
    client: Client,
    store: AnswerStore,
    now_us: NowUs,
    show: Callable[[Progress], None],
    *,
    run_name: str,
) -> list[PaidAnswer]:
    """Ask what is not yet answered; give all answers of the run, or those the budget allowed.

    Failed attempts of a kind that may pass (a limit, a provider that was down) are asked again.
    """
    store.open_run(run_name, msgspec.json.encode(poc.file), now_us())
    wanted = {(j.case.id, j.candidate.name, j.repeat): j for j in jobs(poc, cases)}
    paid = [answer for answer in store.answers(run_name) if not _may_pass(answer)]
    spent = sum((a.call.cost_usd or Decimal(0) for a in paid), Decimal(0))
    kept = {_key(answer): answer for answer in paid if _key(answer) in wanted}
    todo = [job for key, job in wanted.items() if key not in kept]
    progress = Progress(
        total=len(todo) + len(kept), done=len(kept), kept_before=len(kept), spent_usd=spent
    )
    keeper = _Keeper(store, progress, show)
    pending = iter(todo)

    async def work() -> None:
        for job in pending:
            expected = _expected_cost(poc, job, client, now_us()) or Decimal(0)
            if not keeper.may_spend(expected, poc.file.budget_usd):
                return
            answer = await _ask(poc, job, client, run_name)
            await keeper.keep(answer, expected)
            kept[_key(answer)] = answer

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(poc.file.concurrency, len(todo))):
                group.create_task(work())
    except BaseExceptionGroup as failures:
        said = failures.subgroup(PilothouseError)
        raise (_first(said) if said is not None else failures) from None
    finally:
        keeper.keep_the_rest()
    return [kept[key] for key in wanted if key in kept]


def check_cases(poc: Poc, cases: Sequence[Case]) -> None:
    """Can every case be graded? Asked before any money is spent. Raises `InvalidInput`."""
    for scorer in (poc.scorer, *(scorer for _, scorer in poc.also)):
        for case in cases:
            try:
                scorer.check(case)
            except ValueError as error:
                raise InvalidInput(f"{poc.file.cases}: {error}") from None


def render_prompt(poc: Poc, case: Case) -> str:
    """The prompt template with the case in it."""
    return poc.file.prompt.format(prompt=case.prompt)


class _Keeper:
    """Keeps finished answers in groups, so that many wait for the disk together, and counts money."""

    def __init__(
        self, store: AnswerStore, progress: Progress, show: Callable[[Progress], None]
    ) -> None:
        self._store = store
        self._progress = progress
        self._show = show
        self._reserved = Decimal(0)
        self._waiting: list[PaidAnswer] = []
        self._writing: list[PaidAnswer] = []
        self._lock = asyncio.Lock()

    def may_spend(self, expected: Decimal, budget: Decimal | None) -> bool:
        """Reserve `expected` dollars if the budget allows them."""
        if budget is not None and self._progress.spent_usd + self._reserved + expected > budget:
            self._progress.is_over_budget = True
            return False
        self._reserved += expected
        return True

    async def keep(self, answer: PaidAnswer, reserved: Decimal) -> None:
        """Return when the answer is on disk; settle the reservation."""
        self._waiting.append(answer)
        async with self._lock:
            if answer in self._waiting:
                self._writing, self._waiting = self._waiting, []
                await asyncio.to_thread(self._store.keep_answers, self._writing)
                self._writing = []
        self._reserved -= reserved
        self._progress.spent_usd += answer.call.cost_usd or Decimal(0)
        self._progress.done += 1
        self._show(self._progress)

    def keep_the_rest(self) -> None:
        """Put on disk what an interruption left in hand; a second write of the same is harmless."""
        if rest := [*self._writing, *self._waiting]:
            self._writing, self._waiting = [], []
            self._store.keep_answers(rest)


async def _ask(poc: Poc, job: Job, client: Client, run_name: str) -> PaidAnswer:
    request = Request(
        model=job.candidate.model,
        messages=(Message.of_text("user", render_prompt(poc, job.case)),),
        max_output_tokens=poc.file.max_output_tokens,
        temperature=poc.file.temperature,
    )
    route = Route(
        name=poc.file.name, targets=(job.candidate.target,), arm=job.candidate.name, why="a proof"
    )
    asked = Asked(source="prove", run_id=run_name, case_id=job.case.id, repeat=job.repeat)
    outcome = await client.call(request, route, asked=asked)
    call = outcome.calls[-1]
    if outcome.answer is None:
        return PaidAnswer(call=call, text=None)
    grade = poc.scorer.score(Given(text=outcome.answer.text), job.case)
    score = Score(call_id=call.id, scorer=poc.scorer_name, value=grade.value, detail=grade.detail)
    return PaidAnswer(call=call, text=outcome.answer.text, scores=(score,))


def _expected_cost(poc: Poc, job: Job, client: Client, at_us: int) -> Decimal | None:
    usage = Usage(
        input_tokens=estimate_tokens(render_prompt(poc, job.case)),
        output_tokens=poc.file.max_output_tokens or poc.file.expected_output_tokens,
    )
    return client.price(job.candidate.target, usage, at_us)[0]


def _key(answer: PaidAnswer) -> tuple[str, str, int]:
    call = answer.call
    return (call.case_id or "", call.target, call.repeat)


def _first(group: BaseExceptionGroup[PilothouseError]) -> PilothouseError:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


def _may_pass(answer: PaidAnswer) -> bool:
    """A failure that another try may not meet."""
    return answer.text is None and answer.call.error_class in RETRYABLE
