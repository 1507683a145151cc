"""A judge's standing: how it compared with people, for which wording and which models, and what follows.

Without it a judge may grade but not rank: a rate may differ from what people would say by more than candidates
differ from each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from pilothouse.core.errors import InvalidInput
from pilothouse.core.stats.judge_error import Corrected, JudgeCounts, corrected_rate
from pilothouse.prove.judge_agreement import Agreement, agreement, counts_of
from pilothouse.prove.judge_bias import Sample
from pilothouse.prove.models import JudgeSpec, unknown_judge
from pilothouse.prove.pairwise import Judgment, PairJudge
from pilothouse.scorers.judge import PROMPT_VERSION, JudgeScorer

LEAST_LABELS = 50
LEAST_KAPPA = 0.4
"""Below "moderate" on the scale of Landis and Koch, Biometrics 33 (1977)."""


class Calibration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `judges/NAME.calibration.json` holds."""

    judge: str
    """Its name, or names."""
    models: tuple[str, ...]
    """provider/model of each."""
    prompt_digest: str
    """Of wording, rubric, votes, pass mark and models (`judge_digest`)."""
    kind: Literal["grade", "pair"]
    counts: dict[str, dict[str, int]]
    """What people said to what the judge said to how often."""
    ungraded: int
    """Labels on which the judge gave no verdict."""
    created: str
    """The day, YYYY-MM-DD."""

    @property
    def n(self) -> int:
        """Labels that both gave."""
        return sum(sum(row.values()) for row in self.counts.values())

    @property
    def agreement(self) -> Agreement | None:
        """None when the judge graded nothing."""
        return agreement(self.counts) if self.n else None

    @property
    def errors(self) -> JudgeCounts:
        """For corrections; of a calibration of kind `grade`."""
        good, bad = self.counts.get("pass", {}), self.counts.get("fail", {})
        return JudgeCounts(
            passes=sum(good.values()),
            pass_as_pass=good.get("pass", 0),
            fails=sum(bad.values()),
            fail_as_fail=bad.get("fail", 0),
        )


def may_rank(calibration: Calibration | None, digest: str) -> str | None:
    """None when this judge may rank candidates; else why not, and what to do."""
    if calibration is None:
        return (
            "the judge was never compared with people: run pilothouse judge calibrate on"
            f" {LEAST_LABELS} or more labelled answers"
        )
    if calibration.prompt_digest != digest:
        return (
            f"the judge was compared with people on {calibration.created} with another wording, rubric,"
            f" pass mark or model ({', '.join(calibration.models)}): calibrate it again"
        )
    if calibration.n < LEAST_LABELS:
        return f"the judge was compared on {calibration.n} labels, and {LEAST_LABELS} are needed"
    kappa = agreement(calibration.counts).kappa
    if kappa is None:
        return "people or the judge gave one label only, so nothing shows that it can tell good from bad"
    if kappa.value < LEAST_KAPPA:
        return f"the judge agrees too little with people: kappa {kappa.value:.2f}, and {LEAST_KAPPA} is needed"
    return None


def corrected(calibration: Calibration, passed: int, n: int, confidence: float = 0.95) -> Corrected:
    """The rate that people would have found (Rogan-Gladen), `passed` of `n` by the judge.

    Where answers share clusters or repeats, give the effective number as `n`. Raises `ValueError` where none
    follows: nothing passed or nothing failed among the labels, a judge no better than a coin.
    """
    if calibration.kind != "grade":
        raise ValueError("a calibration on pairs corrects no pass rate: label answers one by one")
    return corrected_rate(passed, n, calibration.errors, confidence)


def judge_digest(judge: JudgeScorer | PairJudge, specs: Mapping[str, JudgeSpec]) -> str:
    """Of everything that makes its verdicts. Raises `InvalidInput` on a judge that `specs` does not have."""
    if isinstance(judge, JudgeScorer):
        rule, names = judge.version(), judge.judges
    else:
        rule, names = [PROMPT_VERSION, judge.asks, judge.may_tie, judge.length], judge.judges
    missing = [name for name in names if name not in specs]
    if missing:
        raise InvalidInput(unknown_judge(missing[0], specs))
    asked = [
        [s.provider, s.model, s.temperature, s.max_output_tokens]
        for s in map(specs.get, names)
        if s
    ]
    return hashlib.sha256(msgspec.json.encode([rule, asked])).hexdigest()[:16]


def models_of(names: Sequence[str], specs: Mapping[str, JudgeSpec]) -> tuple[str, ...]:
    """provider/model of each judge."""
    return tuple(f"{specs[name].provider}/{specs[name].model}" for name in names)


def graded_counts(samples: Sequence[Sample]) -> dict[str, dict[str, int]]:
    """Passes and fails of people and judge."""
    words = {True: "pass", False: "fail"}
    return counts_of([(words[s.human], words[s.judge]) for s in samples])


def pair_counts(judgments: Sequence[Judgment]) -> dict[str, dict[str, int]]:
    """Winners of people and judge, both orders taken together; ungraded ones are left out."""
    return counts_of([(j.human, j.winner) for j in judgments if j.human and j.winner])


def load_calibration(path: Path) -> Calibration:
    """Raises `InvalidInput` when it cannot be read or is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Calibration)
    except FileNotFoundError:
        raise InvalidInput(
            f"{path}: there is no such file (pilothouse judge calibrate writes it)"
        ) from None
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path}: not a calibration: {error}") from None
