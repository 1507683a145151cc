"""A provider that adds, and runs over it: what the tests of the engine work with."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from pilothouse.client.caller import Client
from pilothouse.core.answer import Answer, Usage
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.case import Case
from pilothouse.core.errors import ProviderError
from pilothouse.core.key_pool import KeyPool
from pilothouse.core.ports import AnswerStream, Priced, Reply
from pilothouse.core.route import Target
from pilothouse.core.route_settings import Timeouts
from pilothouse.prove.engine import Engine
from pilothouse.prove.evidence import Evidence
from pilothouse.prove.grading import Grader
from pilothouse.prove.ledger import Progress
from pilothouse.prove.report import Report, report, with_words
from pilothouse.prove.report_settings import report_settings
from pilothouse.prove.shelf import StoreShelf
from pilothouse.prove.spec import Poc, load_poc
from pilothouse.prove.start import open_run
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


def a_client(
    provider: Calculator, now_us: Callable[[], int] = lambda: time.time_ns() // 1000
) -> Client:
    """Asks the provider; everything costs `PRICE`."""
    bits = itertools.count()
    return Client(
        {"calculator": provider},
        lambda target, usage, at_us: Priced(PRICE),
        Nowhere(),
        now_us,
        lambda: hash((id(provider), next(bits), time.monotonic_ns())),
    )


def prove(
    spec: Poc,
    provider: Calculator,
    store: SqliteStore,
    show: Callable[[Progress], None] = lambda p: None,
    limit: int | None = None,
    cases: Sequence[Case] = CASES,
    owner: str = "elsewhere:1:test",
    may_wait: bool = True,
    now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
) -> Evidence:
    """Everything but the composition root."""
    client = a_client(provider, now_us)
    grader = Grader(spec.scorers)
    opened = open_run(spec, cases, store.proofs, grader, 1)
    facts = opened.facts[:limit]
    engine = Engine(
        *(spec, opened.run_id, len(facts), client, store.proofs, grader, now_us, show),
        owner=owner,
        may_wait=may_wait,
    )
    ran = asyncio.run(engine.run())
    return Evidence(
        run_id=opened.run_id,
        cases=facts,
        candidates=tuple(c.name for c in spec.file.candidates),
        scorers=tuple(s.name for s in spec.scorers),
        scorer_words=tuple(s.words for s in spec.scorers),
        outcomes=[o for o in ran.outcomes if o is not None],
        ungraded={name: tuple(some) for name, some in grader.ungraded.items()},
        reused=ran.reused,
        stopped=ran.stopped,
        spent_usd=ran.spent_usd,
    )


def reported(spec: Poc, evidence: Evidence, store: SqliteStore) -> Report:
    """With no published labels."""
    shelf = StoreShelf(store.proofs, evidence.run_id, Grader(spec.scorers))
    return with_words(report(report_settings(spec), evidence), evidence, shelf)


def figures(spec: Poc, evidence: Evidence, store: SqliteStore) -> bytes:
    """The report, to the byte."""
    return msgspec.json.encode(reported(spec, evidence, store))
