"""Stops asking a candidate when the evidence is enough, by a test that may be looked at after every answer.

Each criterion on a share has a confidence sequence (`core/stats/betting.py`); a candidate shares its 5 % among
them. It is stopped when one criterion is certainly missed, or when all are certainly met. Answers are looked at in
the (shuffled) order of the cases, never in the order they came in: fast answers may be the better ones. Of repeats
only the first counts, since repeats of one case are not new cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pilothouse.core.criterion import Criterion, judge
from pilothouse.core.pico import usd
from pilothouse.core.stats.betting import BettingSequence
from pilothouse.core.stats.proportion import Interval
from pilothouse.prove.evidence import Outcome, Stopped
from pilothouse.prove.spec import EarlyStopping, Poc
from pilothouse.scorers._choice import is_asking

FAILURES = "failure_rate"


class _Watched:
    """One candidate."""

    __slots__ = ("at", "cost_pico_usd", "priced", "sequences", "why")

    def __init__(self, sequences: dict[str, BettingSequence]) -> None:
        self.at = 0
        """The next case to look at."""
        self.sequences = sequences
        self.why: str | None = None
        self.cost_pico_usd = 0
        self.priced = 0


class EarlyStops:
    """Watches all candidates of one run. `scorers`: names in the order of `Outcome.values`."""

    def __init__(
        self,
        rules: EarlyStopping,
        criteria: Sequence[Criterion],
        scorers: Sequence[str],
        candidates: Sequence[str],
        *,
        cases: int,
        repeats: int,
        judged: frozenset[str] = frozenset(),
    ) -> None:
        """`judged`: scorers whose verdicts need correction first, and decide nothing here."""
        self._rules = rules
        self._scorers = {name: i for i, name in enumerate(scorers)}
        self._criteria = {
            c.name: c
            for c in criteria
            if c.tag is None
            and c.metric not in judged
            and (c.metric in self._scorers or c.metric == FAILURES)
        }
        self._is_all = len(self._criteria) == len(criteria)
        self._candidates = tuple(candidates)
        self._cases = cases
        self._repeats = repeats
        share = (1 - rules.confidence) / max(1, len(self._criteria))
        self._watched = [
            _Watched({name: BettingSequence(1 - share, grid=400) for name in self._criteria})
            for _ in candidates
        ]

    def has_stopped(self, candidate: int) -> bool:
        """Whether it need not be asked any more."""
        return self._watched[candidate].why is not None

    def look(self, candidate: int, outcomes: Sequence[Outcome | None]) -> None:
        """At what has come in since; `outcomes` as the ledger has them."""
        watched = self._watched[candidate]
        width = len(self._candidates)
        while watched.why is None and watched.at < self._cases:
            found = outcomes[watched.at * self._repeats * width + candidate]
            if found is None:
                return
            watched.at += 1
            self._add(watched, found)
            if watched.at >= self._rules.at_least and watched.at < self._cases:
                watched.why = self._why(watched)

    def stopped(self, outcomes: Sequence[Outcome | None]) -> tuple[Stopped, ...]:
        """Those that were, with what that saved."""
        found: list[Stopped] = []
        width = len(self._candidates)
        for i, (name, watched) in enumerate(zip(self._candidates, self._watched, strict=True)):
            if watched.why is None:
                continue
            answers = sum([o is not None for o in outcomes[i::width]])
            saved = self._cases * self._repeats - answers
            each = Decimal(0) if not watched.priced else usd(watched.cost_pico_usd) / watched.priced
            found.append(
                Stopped(
                    candidate=name,
                    why=watched.why,
                    answers=answers,
                    saved_answers=saved,
                    saved_usd=saved * each if watched.priced else None,
                    intervals={n: s.interval for n, s in watched.sequences.items()},
                )
            )
        return tuple(found)

    def _add(self, watched: _Watched, found: Outcome) -> None:
        if found.cost_pico_usd is not None:
            watched.cost_pico_usd += found.cost_pico_usd
            watched.priced += 1
        for name, criterion in self._criteria.items():
            value = self._value(criterion, found)
            if value is not None:
                watched.sequences[name].add(value)

    def _value(self, criterion: Criterion, found: Outcome) -> float | None:
        if criterion.metric == FAILURES:
            return float(found.error_class is not None or found.attempts > 1)
        if found.error_class is not None:
            return 0.0
        return found.values[self._scorers[criterion.metric]]

    def _why(self, watched: _Watched) -> str | None:
        verdicts: list[str] = []
        for name, criterion in self._criteria.items():
            around = watched.sequences[name].interval
            verdict = judge(criterion, 0.0, around, "").verdict
            if verdict == "not met":
                return f"{name} {criterion.text} is certainly missed ({_words(around)})"
            verdicts.append(verdict)
        if self._is_all and verdicts and set(verdicts) == {"met"}:
            return "every criterion is certainly met"
        return None


def early_stops(poc: Poc, cases: int) -> EarlyStops | None:
    """None where the file does not ask for it."""
    if poc.early is None:
        return None
    return EarlyStops(
        poc.early,
        poc.criteria,
        [s.name for s in poc.scorers],
        [c.name for c in poc.file.candidates],
        cases=cases,
        repeats=poc.file.repeats,
        judged=frozenset(s.name for s in poc.scorers if is_asking(s.scorer)),
    )


def _words(around: Interval) -> str:
    return f"between {around.low:.3f} and {around.high:.3f}, at any time of looking"
