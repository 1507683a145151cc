"""Evidence made by hand, and from the recorded GSM8K answers, for the tests of reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random

from pilothouse import recordings
from pilothouse.core.case import Case
from pilothouse.core.criterion import Criterion, parse_criterion
from pilothouse.core.grade import Given, Grade
from pilothouse.core.pico import PICO
from pilothouse.prove.evidence import CaseFact, Evidence, Kept, Outcome
from pilothouse.prove.report import AskedCandidate, ReportSettings
from pilothouse.scorers.number import NumberScorer

HOUR_US = 3_600_000_000
GSM8K = "builtin:gsm8k"


def criteria(**texts: str) -> tuple[Criterion, ...]:
    return tuple(parse_criterion(metric, text) for metric, text in texts.items())


def settings(*names: str, repeats: int = 1, **texts: str) -> ReportSettings:
    """Candidates of these names, the first the baseline; criteria as in a poc.yaml."""
    return ReportSettings(
        name="support",
        candidates=tuple(AskedCandidate(name=n, model=f"model-of-{n}") for n in names),
        baseline=names[0],
        criteria=criteria(**(texts or {"accuracy": ">= 0.5"})),
        repeats=repeats,
    )


def outcome(case: int, candidate: int, value: float | None = 1.0, **more: object) -> Outcome:
    """A graded answer; give `error_class` for a failure."""
    fields: dict[str, object] = {
        "case": case,
        "candidate": candidate,
        "repeat": 0,
        "call_id": f"c{case}-{candidate}-{more.get('repeat', 0)}",
        "at_us": case * HOUR_US,
        "values": () if more.get("error_class") else (value,),
        "cost_pico_usd": 1_000_000_000,
        "latency_ms": 500.0 + case,
        "ttft_ms": 100.0,
        "input_tokens": 50,
        "output_tokens": 41,
    }
    return Outcome(**{**fields, **more})  # type: ignore[arg-type]


def evidence(
    outcomes: Sequence[Outcome],
    names: Sequence[str] = ("a", "b"),
    cases: Sequence[CaseFact] | None = None,
    **more: object,
) -> Evidence:
    """Cases are named q0, q1, ... unless given."""
    count = 1 + max((o.case for o in outcomes), default=-1)
    fields: dict[str, object] = {
        "run_id": "poc-1",
        "cases": cases or [CaseFact(id=f"q{i}") for i in range(count)],
        "candidates": tuple(names),
        "scorers": ("number",),
        "scorer_words": ("number (take: last)",),
        "outcomes": outcomes,
    }
    return Evidence(**{**fields, **more})  # type: ignore[arg-type]


def yes_no(*columns: str, **more: object) -> Evidence:
    """`yes_no("110", "100")`: a candidate for each string, a case for each character."""
    outcomes = [
        outcome(case, candidate, float(column[case]))
        for case in range(len(columns[0]))
        for candidate, column in enumerate(columns)
    ]
    return evidence(outcomes, [chr(97 + i) for i in range(len(columns))], **more)  # type: ignore[arg-type]


TAGS = ("refund", "billing", "shipping", "edge", "returns")
LABELS = ("bug", "question", "praise")


def rich(
    count: int = 400, names: Sequence[str] = ("steady", "swift", "thrifty"), repeats: int = 1
) -> Evidence:
    """All that a report can show at once: tags, labels, failures, times, money, repeats."""
    chance = Random(7)
    cases = [
        CaseFact(id=f"q{i:04}", tags=(TAGS[i % len(TAGS)],), is_synthetic=i % 9 == 0)
        for i in range(count)
    ]
    outcomes: list[Outcome] = []
    for case in range(count):
        hard = chance.random()
        for repeat in range(repeats):
            for candidate in range(len(names)):
                skill = 0.9 - 0.12 * candidate - (0.3 if candidate == 1 and case % 5 == 0 else 0)
                is_right = case % 50 > 0 and 0.6 * hard + 0.4 * chance.random() < skill
                kind = ("provider_down", "timeout", "refused")[case % 3]
                has_failed = chance.random() < 0.01 * (1 + candidate)
                wanted = LABELS[case % 3]
                read = wanted if is_right else LABELS[(case + 1) % 3]
                outcomes.append(
                    outcome(
                        case,
                        candidate,
                        float(is_right),
                        repeat=repeat,
                        at_us=(case * 24 // count) * HOUR_US + repeat,
                        error_class=kind if has_failed else None,
                        labels=None if has_failed else (wanted, read),
                        cost_pico_usd=int(PICO * (0.008 / 4**candidate) * (0.5 + chance.random())),
                        latency_ms=chance.lognormvariate(7.0 - 0.5 * candidate, 0.4),
                        ttft_ms=120.0 + 40 * chance.random(),
                        output_tokens=int(80 + 200 * chance.random()),
                    )
                )
    return evidence(outcomes, names, cases, spent_usd=Decimal("4.2"))


class Words:
    """A shelf that makes up words for any case and answer."""

    def __init__(self, text: Callable[[str], str] = lambda call: f"answer of {call}") -> None:
        self._text = text

    def cases(self, ids: Sequence[str]) -> dict[str, Case]:
        return {i: Case(id=i, prompt=f"What is {i}?", expected=f"right {i}") for i in ids}

    def kept(self, call_ids: Sequence[str]) -> dict[str, Kept]:
        return {
            c: Kept(
                case_id="q",
                candidate="a",
                repeat=0,
                given=Given(text=self._text(c)),
                grades={"number": Grade(value=0.0, detail=f"read {c}")},
            )
            for c in call_ids
        }


def gsm8k() -> tuple[Evidence, ReportSettings]:
    """The 1,319 shipped questions with both models' recorded answers, graded as they were published."""
    scorer = NumberScorer(take="last_digits")
    cases = recordings.cases(GSM8K)
    questions = recordings.questions(GSM8K)
    models = list(questions[0].answers)
    outcomes = [
        outcome(
            i,
            candidate,
            scorer.score(Given(text=question.answers[model]), case).value,
            latency_ms=None,
            ttft_ms=None,
            call_id=f"{question.id}/{model}",
            is_usage_estimated=True,
        )
        for i, (case, question) in enumerate(zip(cases, questions, strict=True))
        for candidate, model in enumerate(models)
    ]
    facts = [CaseFact(id=c.id, tags=c.tags) for c in cases]
    asked = ReportSettings(
        name="gsm8k-support",
        candidates=tuple(AskedCandidate(name=m, model=m) for m in models),
        baseline=models[0],
        criteria=criteria(accuracy=">= 0.80"),
    )
    return evidence(outcomes, models, facts), asked
