"""Runs a proof of concept with everything it needs opened: providers, prices, the store, judges."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from decimal import Decimal
from functools import partial

from msgspec import Struct, structs

from pilothouse import recordings
from pilothouse.app.compose import Parts, now_us, open_client
from pilothouse.app.loop import run_on_loop
from pilothouse.app.stores import StoreAddress, open_store
from pilothouse.client.caller import Client
from pilothouse.core.answer import Usage
from pilothouse.core.call import Call
from pilothouse.core.errors import NotFound, did_you_mean
from pilothouse.core.ports import Recorder
from pilothouse.core.proof_store import ProofStore, RunRow
from pilothouse.core.route import Target
from pilothouse.prove import lease
from pilothouse.prove.early import early_stops
from pilothouse.prove.engine import Engine, Ran
from pilothouse.prove.evidence import CaseFact, Evidence, Outcome
from pilothouse.prove.grading import Grader
from pilothouse.prove.ledger import Ledger, Progress
from pilothouse.prove.memory import JudgeRecall, Memory
from pilothouse.prove.models import JudgeModels
from pilothouse.prove.purse import Estimate, Line, estimate, guess
from pilothouse.prove.questions import Parts as RunParts
from pilothouse.prove.report import PublishedLabel
from pilothouse.prove.shelf import StoreShelf
from pilothouse.prove.spec import Candidate, Poc
from pilothouse.prove.spec_json import poc_from_run, runs_of_task
from pilothouse.prove.start import Opened, known_of, open_run

_LENGTHS = 500
"""Earlier answers of a model to the same task that an estimate looks at."""


class Wishes(Struct, frozen=True, kw_only=True):
    """How a proof is run, beside what its file says."""

    limit: int | None = None
    """Only the first cases."""
    is_fresh: bool = False
    """Ask everything again, whatever is kept."""
    may_wait: bool = True
    """For hours of the schedule."""


class _WithoutAnswers:
    """Implements `Recorder`: a candidate's answer is written with its call, or neither is there."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def record(self, call: Call) -> None:
        """Everything else: failed attempts, judges."""
        if call.source != "prove" or call.status != "ok":
            self._recorder.record(call)


class Proof:
    """An open proof: estimated, then run, then read."""

    def __init__(
        self,
        poc: Poc,
        parts: Parts,
        grader: Grader,
        opened: Opened,
        wishes: Wishes,
        judges: JudgeModels,
    ) -> None:
        self._judges = judges
        self.poc = poc
        self.opened = opened
        self.shelf = StoreShelf(parts.store.proofs, opened.run_id, grader)
        self._parts = parts
        self._grader = grader
        self._wishes = wishes
        self._facts = opened.facts[: wishes.limit]
        self.slowed: dict[str, int] = {}
        """Providers that asked us to slow down, and how often."""
        self.is_over_budget = False

    @property
    def questions(self) -> int:
        """Of all repeats and candidates."""
        return len(self._facts) * self.poc.file.repeats * len(self.poc.file.candidates)

    def estimate(self) -> Estimate:
        """What the questions that are not answered yet will cost."""
        file, store = self.poc.file, self._parts.store.proofs
        done = store.run(self.opened.run_id)
        share = 1 - min(1.0, (done.answers if done else 0) / max(1, self.questions))
        each = self.opened.input_tokens / max(1, len(self.opened.facts))
        questions = round(len(self._facts) * file.repeats * share)
        runs = runs_of_task(store.runs(), self.opened.run_id)
        lines = [
            Line(
                target=c.target,
                questions=questions,
                input_tokens=round(each * questions),
                guess=guess(
                    _lengths(store, runs, c),
                    file.repeats,
                    questions // file.repeats,
                    file.expected_output_tokens,
                    file.max_output_tokens,
                ),
            )
            for c in file.candidates
        ]
        found = estimate(lines, partial(_price, self._parts.client))
        return structs.replace(found, how=f"{found.how}; without judges") if file.judges else found

    async def run(self, show: Callable[[Progress], None]) -> Evidence:
        """Ask what is not answered; everything that is known then."""
        engine = Engine(
            self.poc,
            self.opened.run_id,
            len(self._facts),
            self._parts.client,
            self._parts.store.proofs,
            self._grader,
            now_us,
            show,
            owner=lease.owner_name(self._parts.client.new_id()),
            may_reuse=not self._wishes.is_fresh,
            may_wait=self._wishes.may_wait,
        )
        ran = await engine.run()
        self.slowed, self.is_over_budget = ran.slowed, ran.is_over_budget
        found = _evidence(
            self.poc, self.opened.run_id, self._facts, self._grader, ran.outcomes, ran
        )
        return structs.replace(found, overlaps=self.opened.overlaps)


@asynccontextmanager
async def open_proof(poc: Poc, store_at: StoreAddress, wishes: Wishes) -> AsyncGenerator[Proof]:
    """Raises `InvalidInput` for cases that cannot be graded, before anything is asked."""
    async with open_client(poc.providers, store_at, recorded_by=_WithoutAnswers) as parts:
        grader = Grader(poc.scorers)
        suffix = f"-{now_us()}" if wishes.is_fresh else ""
        opened = open_run(poc, poc.open_cases(), parts.store.proofs, grader, now_us(), suffix)
        judges = JudgeModels(
            parts.client,
            poc.file.judges,
            JudgeRecall(Memory(parts.store.proofs, opened.run_id)),
            run_id=opened.run_id,
            concurrency=poc.file.concurrency,
        )
        grader.models = judges
        yield Proof(poc, parts, grader, opened, wishes, judges)


def published_labels(poc: Poc) -> PublishedLabel:
    """Labels that somebody published with recorded answers, where the cases are a shipped recording."""
    given = poc.file.cases
    name = given if isinstance(given, str) else given.file or ""
    if not name.startswith(recordings.BUILTIN):
        return lambda case_id, model: None
    labels = {q.id: q.labels for q in recordings.questions(name)}
    return lambda case_id, model: labels.get(case_id, {}).get(model)


class ReadRun(Struct, frozen=True):
    """A run as the store has it."""

    poc: Poc
    evidence: Evidence
    shelf: StoreShelf


def read_run(store: ProofStore, run_id: str) -> ReadRun:
    """What a run has found so far; nobody is asked. Raises `NotFound`, `InvalidInput`."""
    row = found_run(store, run_id)
    poc = poc_from_run(row)
    grader = Grader(poc.scorers)
    parts = RunParts(row.cases, poc.file.repeats)
    names = [c.name for c in poc.file.candidates]
    ledger = Ledger(row.id, parts, names, store, grader, only_reads=True)
    run_on_loop(ledger.read_kept(range(parts.count)))
    facts, overlaps = known_of(poc, store, row)
    evidence = _evidence(poc, row.id, facts, grader, ledger.outcomes)
    stops = early_stops(poc, row.cases)
    if stops is not None:
        for i in range(len(names)):
            stops.look(i, ledger.outcomes)
    evidence = structs.replace(
        evidence,
        spent_usd=store.spent_usd(row.id),
        overlaps=overlaps,
        stopped=() if stops is None else stops.stopped(ledger.outcomes),
    )
    return ReadRun(poc, evidence, StoreShelf(store, row.id, grader))


def found_run(store: ProofStore, run_id: str) -> RunRow:
    """By its id or the beginning of it; `last` is the newest. Raises `NotFound`."""
    runs = store.runs()
    if run_id == "last" and runs:
        return runs[0]
    found = [run for run in runs if run.id == run_id]
    found = found or [run for run in runs if run.id.startswith(run_id)]
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(run.id for run in found[:5])
        raise NotFound(f'several runs begin with "{run_id}": {some}')
    hint = did_you_mean(run_id, [run.id for run in runs])
    raise NotFound(f'no run "{run_id}".{hint} (list them: pilothouse runs list)')


async def work_on_run(store_at: StoreAddress, run_id: str, show: Callable[[Progress], None]) -> Ran:
    """Ask what a run that is there still has open, beside whoever else does; grading is left to its owner."""
    with closing(open_store(store_at, must_exist=True)) as store:
        row = found_run(store.proofs, run_id)
        poc = poc_from_run(row)
    async with open_client(poc.providers, store_at, recorded_by=_WithoutAnswers) as parts:
        engine = Engine(
            *(poc, row.id, row.cases, parts.client, parts.store.proofs, Grader(()), now_us, show),
            owner=lease.owner_name(parts.client.new_id()),
        )
        return await engine.run()


def _lengths(store: ProofStore, runs: Sequence[str], candidate: Candidate) -> list[int]:
    found: list[int] = []
    for run_id in runs:
        left = _LENGTHS - len(found)
        found += store.output_tokens(run_id, candidate.provider, candidate.model, left)
        if len(found) == _LENGTHS:
            break
    return found


def _price(client: Client, target: Target, usage: Usage):
    return client.price(target, usage, now_us())[0]


def _evidence(
    poc: Poc,
    run_id: str,
    facts: Sequence[CaseFact],
    grader: Grader,
    outcomes: Sequence[Outcome | None],
    ran: Ran | None = None,
) -> Evidence:
    return Evidence(
        run_id=run_id,
        cases=facts,
        candidates=tuple(c.name for c in poc.file.candidates),
        scorers=tuple(s.name for s in grader.scorers),
        scorer_words=tuple(s.words for s in grader.scorers),
        outcomes=[o for o in outcomes if o is not None],
        ungraded={name: tuple(some) for name, some in grader.ungraded.items()},
        reused=ran.reused if ran else 0,
        stopped=ran.stopped if ran else (),
        spent_usd=ran.spent_usd if ran else Decimal(0),
    )
