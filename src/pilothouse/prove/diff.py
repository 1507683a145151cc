"""Two runs over the same cases: what got worse and what got better, case by case, with an interval.

Candidates are matched by name; where each run has one only, those two are compared whatever their names.
Cases are matched by id. A case that only one run asked counts nowhere and is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.stats.difference import Difference, difference
from pilothouse.core.stats.multiple import benjamini_hochberg
from pilothouse.prove.evidence import CaseFact, Evidence, Outcome
from pilothouse.prove.report.answers import Answers, answers_by_candidate, score
from pilothouse.prove.report.costs import cost_figures
from pilothouse.prove.report.failures import failure_figures
from pilothouse.prove.report.latency import latency_figures
from pilothouse.prove.report.tags import FALSE_SHARE

Reader = Callable[[Outcome], float | None]
_FEWEST_CASES = 5
"""A tag with fewer common cases gets no interval."""


class CaseChange(Struct, frozen=True, kw_only=True):
    """A case whose mean over its repeats changed."""

    case_id: str
    before: float
    after: float


class TagChange(Struct, frozen=True, kw_only=True):
    """After less before on the cases of one tag."""

    tag: str
    change: Difference
    p_adjusted: float
    """Benjamini and Hochberg's, over the tags of this candidate."""
    stands_out: bool


class Level(Struct, frozen=True, kw_only=True):
    """One run's figures of a candidate, over all it asked."""

    accuracy: float
    failed: int
    answers: int
    cost_per_request_usd: Decimal | None
    latency_p50_ms: float | None
    latency_p95_ms: float | None


class CandidateDiff(Struct, frozen=True, kw_only=True):
    """One candidate in both runs. `change` is after less before, over the common cases."""

    before_name: str
    after_name: str
    change: Difference
    before: Level
    after: Level
    regressions: tuple[CaseChange, ...]
    """From the largest loss, then in the order of the cases."""
    improvements: tuple[CaseChange, ...]
    unchanged: int
    tags: tuple[TagChange, ...]


class RunDiff(Struct, frozen=True, kw_only=True):
    """Two runs."""

    before_run: str
    after_run: str
    common_cases: int
    only_before: int
    only_after: int
    candidates: tuple[CandidateDiff, ...]
    notes: tuple[str, ...]


def diff(before: Evidence, after: Evidence, names: Mapping[str, str] = {}) -> RunDiff:
    """`names` maps a candidate of `before` to its successor in `after`, where the names differ.

    Raises `InvalidInput` when nothing can be compared: no common case, or no common candidate.
    """
    pairs = matched(before, after, names)
    ids = {case.id for case in before.cases}
    common = sum(case.id in ids for case in after.cases)
    if not common:
        raise InvalidInput(
            f"runs {before.run_id} and {after.run_id} share no case: give two runs over the same cases"
        )
    notes = _notes(before, after, pairs)
    return RunDiff(
        before_run=before.run_id,
        after_run=after.run_id,
        common_cases=common,
        only_before=len(before.cases) - common,
        only_after=len(after.cases) - common,
        candidates=tuple(_compared(a, b) for a, b in pairs),
        notes=tuple(notes),
    )


def matched(
    before: Evidence, after: Evidence, names: Mapping[str, str] = {}
) -> list[tuple[Answers, Answers]]:
    """The candidates of both runs that stand for each other. Raises `InvalidInput` when there are none."""
    olds = {a.name: a for a in answers_by_candidate(before)}
    news = {a.name: a for a in answers_by_candidate(after)}
    for given, known, run in (
        *((old, olds, before.run_id) for old in names),
        *((new, news, after.run_id) for new in names.values()),
    ):
        if given not in known:
            raise InvalidInput(f'run {run} has no candidate "{given}".{did_you_mean(given, known)}')
    wanted = {**{name: name for name in olds if name in news}, **names}
    if not wanted and len(olds) == len(news) == 1:
        wanted = {next(iter(olds)): next(iter(news))}
    if not wanted:
        raise InvalidInput(
            f"runs {before.run_id} ({', '.join(olds)}) and {after.run_id} ({', '.join(news)}) share no "
            "candidate: say which stands for which"
        )
    return [(olds[old], news[new]) for old, new in wanted.items()]


class CommonCases(Struct, frozen=True):
    """What both runs read of the cases they share, in the order of the second."""

    facts: list[CaseFact]
    before: list[float]
    after: list[float]

    @property
    def clusters(self) -> list[Hashable] | None:
        """None when no two cases share a cluster."""
        keys = [f.id if f.cluster is None else f.cluster for f in self.facts]
        return None if len(set(keys)) == len(keys) else list(keys)


def common_cases(old: Answers, new: Answers, read: Reader) -> CommonCases:
    """`read` of each answer, averaged over the repeats of a case."""
    before = {old.cases[i].id: v for i, v in old.by_case(read).items()}
    found = CommonCases([], [], [])
    for i, value in sorted(new.by_case(read).items()):
        fact = new.cases[i]
        if fact.id in before:
            found.facts.append(fact)
            found.before.append(before[fact.id])
            found.after.append(value)
    return found


def _compared(old: Answers, new: Answers) -> CandidateDiff:
    common = common_cases(old, new, score)
    if len(common.facts) < 2:
        raise InvalidInput(
            f"{old.name} and {new.name}: fewer than two cases were graded in both runs"
        )
    changes = [
        CaseChange(case_id=fact.id, before=b, after=a)
        for fact, b, a in zip(common.facts, common.before, common.after, strict=True)
        if a != b
    ]
    changes.sort(key=lambda c: -abs(c.after - c.before))
    return CandidateDiff(
        before_name=old.name,
        after_name=new.name,
        change=difference(common.after, common.before, common.clusters),
        before=_level(old),
        after=_level(new),
        regressions=tuple(c for c in changes if c.after < c.before),
        improvements=tuple(c for c in changes if c.after > c.before),
        unchanged=len(common.facts) - len(changes),
        tags=_tags(common),
    )


def _tags(common: CommonCases) -> tuple[TagChange, ...]:
    by_tag: dict[str, list[int]] = {}
    for i, fact in enumerate(common.facts):
        for tag in fact.tags:
            by_tag.setdefault(tag, []).append(i)
    clusters = common.clusters
    found = [
        TagChange(
            tag=tag,
            change=difference(
                [common.after[i] for i in members],
                [common.before[i] for i in members],
                None if clusters is None else [clusters[i] for i in members],
            ),
            p_adjusted=1.0,
            stands_out=False,
        )
        for tag, members in sorted(by_tag.items())
        if len(members) >= _FEWEST_CASES
    ]
    adjusted = benjamini_hochberg([t.change.p for t in found])
    found = [
        replace(t, p_adjusted=p, stands_out=p <= FALSE_SHARE)
        for t, p in zip(found, adjusted, strict=True)
    ]
    return tuple(sorted(found, key=lambda t: t.change.value))


def _level(answers: Answers) -> Level:
    values, _ = answers.scores()
    times = latency_figures(answers)
    return Level(
        accuracy=sum(values) / len(values),
        failed=failure_figures(answers).failed,
        answers=len(answers.outcomes),
        cost_per_request_usd=cost_figures(answers, 0).per_request_usd,
        latency_p50_ms=times.p50_ms.value if times.p50_ms else None,
        latency_p95_ms=times.p95_ms.value if times.p95_ms else None,
    )


def _notes(
    before: Evidence, after: Evidence, pairs: Sequence[tuple[Answers, Answers]]
) -> list[str]:
    found: list[str] = []
    if before.scorer_words[:1] != after.scorer_words[:1]:
        found.append(
            f"the runs were scored otherwise: {before.scorer_words[0]} before, {after.scorer_words[0]} after"
        )
    for run, every, used in (
        (before.run_id, before.candidates, {old.name for old, _ in pairs}),
        (after.run_id, after.candidates, {new.name for _, new in pairs}),
    ):
        rest = [name for name in every if name not in used]
        if rest:
            found.append(f"only run {run} has {', '.join(rest)}")
    return found
