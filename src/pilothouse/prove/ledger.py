"""The outcomes of a run as they come in: graded, kept, written down in the order of cases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from msgspec import Struct, structs

from pilothouse.core.case import Case
from pilothouse.core.errors import RETRYABLE
from pilothouse.core.proof_store import KeptCase, PaidAnswer, ProofStore
from pilothouse.prove.case_json import case_from_json
from pilothouse.prove.evidence import Outcome
from pilothouse.prove.grading import Graded, Grader
from pilothouse.prove.keeper import Keeper
from pilothouse.prove.outcomes import NOTHING, outcome
from pilothouse.prove.questions import Parts, Question


class Progress(Struct, kw_only=True):
    """How far a run is; given to the progress callback after every answer."""

    total: int
    done: int = 0
    kept_before: int = 0
    """Answers found from an earlier start of the same run, or from another process that works on it."""
    reused: int = 0
    """Answers that another run had paid for."""
    spent_usd: Decimal = Decimal(0)
    is_over_budget: bool = False
    waits_s: float | None = None
    """Until the next hour of the schedule, when nothing can be asked before it."""


class Ledger:
    """One run's outcomes. `candidates`: names in the order of the file."""

    def __init__(
        self,
        run_id: str,
        parts: Parts,
        candidates: Sequence[str],
        store: ProofStore,
        grader: Grader,
        show: Callable[[Progress], None] = lambda progress: None,
        *,
        only_reads: bool = False,
    ) -> None:
        """`only_reads`: grades that take their time are taken as they are kept, or left out."""
        self.run_id = run_id
        self.parts = parts
        self.outcomes: list[Outcome | None] = [None] * (
            parts.cases * parts.repeats * len(candidates)
        )
        """None where nothing was asked yet. Cases, then repeats, then candidates."""
        self.progress = Progress(total=len(self.outcomes))
        self.keeper = Keeper(store)
        self._positions = {name: i for i, name in enumerate(candidates)}
        self._store = store
        self._grader = grader
        self._show = show
        self._only_reads = only_reads

    def show(self) -> None:
        """Tell whoever watches."""
        self._show(self.progress)

    async def read(self, part: int) -> tuple[list[Case], dict[tuple[str, str], PaidAnswer]]:
        """The cases of a part, and what is kept of it by case id and candidate."""
        first, until = self.parts.span(part)
        rows, kept = await asyncio.to_thread(self._read, first, until)
        repeat = self.parts.repeat(part)
        cases = [case_from_json(row.case_json) for row in rows]
        return cases, {(a.case_id, a.target): a for a in kept if a.repeat == repeat}

    async def read_kept(self, parts: Iterable[int]) -> None:
        """What is kept of parts that nobody asks for now, failures included."""
        for part in parts:
            first, _ = self.parts.span(part)
            cases, kept = await self.read(part)
            for at, case in enumerate(cases, first):
                for name, candidate in self._positions.items():
                    answer = kept.get((case.id, name))
                    if answer is not None:
                        self.progress.kept_before += 1
                        question = Question(at, case, candidate, answer.repeat)
                        await self.settle(question, answer)

    async def settle(self, question: Question, answer: PaidAnswer, *, is_new: bool = False) -> None:
        """Grades it, keeps what is new, and writes its outcome down."""
        graded = NOTHING
        given = answer.given
        if given is not None:
            graded = self._grader.at_once(given, question.case, answer.scores)
        if is_new:
            scores = self._grader.scores(graded, answer.call.id)
            await self.keeper.keep(structs.replace(answer, scores=scores))
        if given is not None and not (self._only_reads or self._grader.is_done(graded)):
            graded = await self._graded_later(graded, question.case, answer)
        found = outcome(answer, question.ordinal, question.candidate, graded)
        at = question.ordinal * self.parts.repeats + question.repeat
        self.outcomes[at * len(self._positions) + question.candidate] = found
        self.progress.done += 1
        self.show()

    async def _graded_later(self, graded: Graded, case: Case, answer: PaidAnswer) -> Graded:
        assert answer.given is not None
        graded = await self._grader.later(graded, answer.given, case)
        await self.keeper.keep_scores(self._grader.scores(graded, answer.call.id))
        return graded

    def _read(self, first: int, until: int) -> tuple[list[KeptCase], list[PaidAnswer]]:
        kept = self._store.answers(self.run_id, first, until)
        return self._store.cases(self.run_id, first, until), kept


def may_pass(answer: PaidAnswer) -> bool:
    """A failure that another try may not meet."""
    return answer.given is None and answer.call.error_class in RETRYABLE
