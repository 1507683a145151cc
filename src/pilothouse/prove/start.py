"""Before the first question: the cases read, checked and kept, and the name of the run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pilothouse.catalog.tokens import estimate_tokens
from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.core.proof_store import KeptCase, ProofStore, RunRow
from pilothouse.prove.case_json import case_from_json, case_to_json
from pilothouse.prove.cases.source import CaseSource, is_benchmark
from pilothouse.prove.evidence import CaseFact
from pilothouse.prove.grading import Grader
from pilothouse.prove.overlap import Overlap
from pilothouse.prove.questions import PART_CASES
from pilothouse.prove.spec import Poc
from pilothouse.prove.spec_json import spec_to_json
from pilothouse.prove.template import Fit

_MOST_PROBLEMS = 20
_encode = msgspec.json.Encoder(decimal_format="string").encode


class Opened(Struct, frozen=True, kw_only=True):
    """A run that is ready to be asked."""

    run_id: str
    facts: list[CaseFact]
    input_tokens: int
    """Of all prompts, estimated, one repeat, one candidate."""
    notes: tuple[str, ...] = ()
    """Of the cases, for the reader."""
    overlaps: dict[str, str] = {}
    """Case id to the benchmark that it shares words with (`overlap`)."""


def open_run(
    poc: Poc, cases: Iterable[Case], store: ProofStore, grader: Grader, at_us: int, suffix: str = ""
) -> Opened:
    """Streams the cases twice: once to check and to name them, once into the store.

    Raises `InvalidInput` with every case that cannot be graded or does not fit the prompt (twenty at most),
    before any money is spent.
    """
    facts: list[CaseFact] = []
    digest = hashlib.sha256(_what(poc))
    length = _Length()
    problems: list[str] = []
    shared: dict[tuple[str, ...], tuple[str, ...]] = {}
    fit = Fit(poc.template.names)
    overlap = None if is_benchmark(poc.file.cases) else Overlap()
    for case in cases:
        fit.see(case, _place(cases, case))
        try:
            grader.check(case)
            length.see([m.text for m in poc.template.render(case)])
        except ValueError as error:
            problems.append(f"{_place(cases, case) or poc.file.cases}: {error}")
        except InvalidInput:
            continue  # `fit` says it
        if len(problems) >= _MOST_PROBLEMS:
            break
        digest.update(case_to_json(case))
        tags = shared.setdefault(case.tags, case.tags)
        facts.append(CaseFact(case.id, tags, case.cluster, case.is_synthetic))
        if overlap is not None:
            overlap.see(case)
    if problems:  # before what `fit` says of the same cases
        raise InvalidInput("\n".join(problems))
    notes = [*(cases.notes if isinstance(cases, CaseSource) else ()), *fit.done()]
    run_id = f"poc-{digest.hexdigest()[:16]}{suffix}"
    store.open_run(run_id, spec_to_json(poc), at_us)
    row = store.run(run_id)
    if row is None or row.cases != len(facts):
        store.keep_cases(run_id, _kept(_in_order(poc, cases)))
    if poc.early is not None:
        facts.sort(key=lambda fact: _shuffled(fact.id))
    return Opened(
        run_id=run_id,
        facts=facts,
        input_tokens=length.tokens,
        notes=tuple(notes),
        overlaps={} if overlap is None else overlap.found,
    )


def _place(cases: Iterable[Case], case: Case) -> str | None:
    return cases.place(case.id) if isinstance(cases, CaseSource) else None


class _Length:
    """Tokens of all prompts: counted for the first ones, for the rest by their characters."""

    _COUNTED = 300

    def __init__(self) -> None:
        self._seen = 0
        self._counted = 0
        self._counted_chars = 0
        self._chars = 0

    @property
    def tokens(self) -> int:
        """Estimated."""
        return round(self._counted * self._chars / max(1, self._counted_chars))

    def see(self, texts: Sequence[str]) -> None:
        """One prompt."""
        chars = sum([len(text) for text in texts])
        self._chars += chars
        self._seen += 1
        if self._seen <= self._COUNTED:
            self._counted_chars += chars
            self._counted += sum([estimate_tokens(text) for text in texts])


def known_of(poc: Poc, store: ProofStore, run: RunRow) -> tuple[list[CaseFact], dict[str, str]]:
    """Of the cases of a run that is there: facts, and `Opened.overlaps`."""
    facts: list[CaseFact] = []
    overlap = None if is_benchmark(poc.file.cases) else Overlap()
    for case in kept_cases(store, run):
        facts.append(CaseFact(case.id, case.tags, case.cluster, case.is_synthetic))
        if overlap is not None:
            overlap.see(case)
    return facts, {} if overlap is None else overlap.found


def kept_cases(store: ProofStore, run: RunRow) -> Iterator[Case]:
    """The cases of a run that is there, in its order."""
    for first in range(0, run.cases, PART_CASES * 8):
        for kept in store.cases(run.id, first, first + PART_CASES * 8):
            yield case_from_json(kept.case_json)


def _what(poc: Poc) -> bytes:
    """The same questions to the same candidates are the same run, whatever scorers and criteria say."""
    file = poc.file
    what: list[Any] = [
        *(file.prompt, file.messages, file.candidates, sorted(file.providers.items())),
        *(file.max_output_tokens, file.temperature, file.top_p, file.seed, file.thinking),
        *(file.stream, file.tools, poc.early is not None),
    ]
    return _encode(what)


def _in_order(poc: Poc, cases: Iterable[Case]) -> Iterable[Case]:
    """Shuffled where a candidate may be stopped early: evidence must not depend on the order of the file."""
    if poc.early is None:
        return cases
    return sorted(cases, key=lambda case: _shuffled(case.id))


def _shuffled(case_id: str) -> bytes:
    return hashlib.sha256(case_id.encode(errors="surrogatepass")).digest()


def _kept(cases: Iterable[Case]) -> Iterator[KeptCase]:
    for ordinal, case in enumerate(cases):
        yield KeptCase(ordinal, case.id, case_to_json(case))
