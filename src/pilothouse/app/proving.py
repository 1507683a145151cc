"""Runs a proof of concept with everything it needs opened: providers, prices, the store, judges."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial

from msgspec import Struct

from pilothouse.app.compose import Parts, now_us, open_client
from pilothouse.app.stores import StoreAddress
from pilothouse.client.caller import Client
from pilothouse.core.answer import Usage
from pilothouse.core.call import Call
from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.core.ports import Recorder
from pilothouse.core.route import Target
from pilothouse.prove import lease
from pilothouse.prove.engine import Engine, Ran
from pilothouse.prove.evidence import Evidence
from pilothouse.prove.grading import Grader
from pilothouse.prove.ledger import Progress
from pilothouse.prove.purse import Estimate, Line, estimate, guess
from pilothouse.prove.shelf import StoreShelf
from pilothouse.prove.spec import Poc
from pilothouse.prove.start import Opened, open_run

_LENGTHS = 500
"""Earlier answers of a model that an estimate looks at."""


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

    def __init__(self, poc: Poc, parts: Parts, grader: Grader, opened: Opened, wishes: Wishes):
        self.poc = poc
        self.opened = opened
        self.shelf = StoreShelf(parts.store.proofs, opened.run_id, grader)
        self._parts = parts
        self._grader = grader
        self._wishes = wishes
        self._facts = opened.facts[: wishes.limit]

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
        lines = [
            Line(
                target=c.target,
                questions=questions,
                input_tokens=round(each * questions),
                guess=guess(
                    store.output_tokens(c.provider, c.model, _LENGTHS),
                    file.expected_output_tokens,
                    file.max_output_tokens,
                ),
            )
            for c in file.candidates
        ]
        return estimate(lines, partial(_price, self._parts.client))

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
        return self._evidence(await engine.run())

    def _evidence(self, ran: Ran) -> Evidence:
        return Evidence(
            run_id=self.opened.run_id,
            cases=self._facts,
            candidates=tuple(c.name for c in self.poc.file.candidates),
            scorers=tuple(s.name for s in self._grader.scorers),
            scorer_words=tuple(s.words for s in self._grader.scorers),
            outcomes=[o for o in ran.outcomes if o is not None],
            ungraded={name: tuple(some) for name, some in self._grader.ungraded.items()},
            reused=ran.reused,
            spent_usd=ran.spent_usd,
        )


@asynccontextmanager
async def open_proof(
    poc: Poc, cases: Iterable[Case], store_at: StoreAddress, wishes: Wishes
) -> AsyncGenerator[Proof]:
    """Raises `InvalidInput` for cases that cannot be graded, before anything is asked."""
    async with open_client(poc.providers, store_at, recorded_by=_WithoutAnswers) as parts:
        grader = Grader(poc.scorers)
        suffix = f"-{now_us()}" if wishes.is_fresh else ""
        opened = open_run(poc, cases, parts.store.proofs, grader, now_us(), suffix)
        if not opened.facts:
            raise InvalidInput(f"{poc.cases_words}: there is no case")
        yield Proof(poc, parts, grader, opened, wishes)


def _price(client: Client, target: Target, usage: Usage):
    return client.price(target, usage, now_us())[0]
