"""A proof's table, for learning a router: each case's question, and how every candidate did on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import fmean

from pilothouse.app.proving import ReadRun, read_run
from pilothouse.app.stores import StoreAddress, open_store
from pilothouse.core.case import CONTAMINATED, EDGE, Case
from pilothouse.core.errors import InvalidInput, NotFound, did_you_mean
from pilothouse.prove.evidence import Outcome
from pilothouse.route.table import Row, Table, read_table

_PAGE = 500
_Cell = Callable[[Sequence[Outcome], int], float | None]
"""A cell's outcomes and the scorer's position to its value."""
_NO_TASK = frozenset({EDGE, CONTAMINATED})


def open_table(source: str, store_at: StoreAddress, scorer: str | None = None) -> Table:
    """SOURCE is a table's file, or else a run. Raises `InvalidInput`, `NotFound`."""
    path = Path(source)
    if path.suffix in (".jsonl", ".csv", ".gz") or path.exists():
        return read_table(path)
    with closing(open_store(store_at, must_exist=True)) as store:
        return table_of_run(read_run(store.proofs, source), scorer)


def table_of_run(read: ReadRun, scorer: str | None = None) -> Table:
    """Scores are means over repeats of one scorer (the first unless named); a failure to answer is a 0.

    A case's task is its first tag that says what it is about. Raises `NotFound` for an unknown scorer.
    """
    evidence = read.evidence
    at = _scorer(evidence.scorers, scorer)
    by_cell: dict[tuple[int, int], list[Outcome]] = {}
    for outcome in evidence.outcomes:
        by_cell.setdefault((outcome.case, outcome.candidate), []).append(outcome)
    cases = range(len(evidence.cases))
    models = range(len(evidence.candidates))

    def row(case: int, cell: _Cell) -> Row:
        return tuple([cell(by_cell.get((case, model), []), at) for model in models])

    ids = [fact.id for fact in evidence.cases]
    return Table(
        name=evidence.run_id,
        models=evidence.candidates,
        ids=tuple(ids),
        prompts=_questions(read, ids),
        tags=tuple([_task(fact.tags) for fact in evidence.cases]),
        groups=tuple([fact.cluster or fact.id for fact in evidence.cases]),
        score=tuple([row(case, _score) for case in cases]),
        cost_usd=tuple([row(case, _cost) for case in cases]),
        latency_ms=tuple([row(case, _latency) for case in cases]),
    )


def _scorer(known: Sequence[str], wanted: str | None) -> int:
    if not known:
        raise InvalidInput("this run has no scorer: nothing says which answers are good")
    if wanted is None:
        return 0
    if wanted not in known:
        raise NotFound(
            f'the run has no scorer "{wanted}".{did_you_mean(wanted, known)} '
            f"(there are: {', '.join(known)})"
        )
    return known.index(wanted)


def _task(tags: Sequence[str]) -> str | None:
    return next((tag for tag in tags if tag not in _NO_TASK), None)


def _score(outcomes: Sequence[Outcome], scorer: int) -> float | None:
    values = [0.0 if o.error_class is not None else o.values[scorer] for o in outcomes]
    known = [min(1.0, max(0.0, v)) for v in values if v is not None]
    return fmean(known) if known else None


def _cost(outcomes: Sequence[Outcome], scorer: int) -> float | None:
    known = [float(o.cost_usd) for o in outcomes if o.cost_usd is not None]
    return fmean(known) if known else None


def _latency(outcomes: Sequence[Outcome], scorer: int) -> float | None:
    known = [o.latency_ms for o in outcomes if o.latency_ms is not None]
    return fmean(known) if known else None


def _questions(read: ReadRun, ids: Sequence[str]) -> tuple[str, ...]:
    """What the user says last in each case, as the gateway would see it."""
    found: list[str] = []
    for first in range(0, len(ids), _PAGE):
        page = ids[first : first + _PAGE]
        cases = read.shelf.cases(page)
        found += [_question(read, cases[i]) for i in page]
    return tuple(found)


def _question(read: ReadRun, case: Case) -> str:
    if case.then:
        return case.then[-1]
    messages = read.poc.template.render(case)
    return next((m.text for m in reversed(messages) if m.role == "user"), "")
