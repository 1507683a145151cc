"""`rollout.yaml`: one reviewable file for one migration."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from pilothouse.core.errors import InvalidInput
from pilothouse.core.grade import Scorer
from pilothouse.core.rollout import Guard, Metric, Stage
from pilothouse.documents.strict import Document, load
from pilothouse.scorers._choice import Options, looking_scorer, place

_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(s|m|h|d)$")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class StageFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A share (0-1) of the traffic, and the least time and requests before it is left."""

    share: Annotated[float, Meta(gt=0, le=1)]
    at_least: str = "1d"
    requests: Annotated[int, Meta(ge=0)] = 100


class GuardFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must not get worse; see docs/rollouts.md."""

    metric: Metric
    margin: Annotated[float, Meta(gt=0, le=10)] = 0.2
    ceiling: Annotated[float, Meta(gt=0, lt=1)] | None = None
    threshold_ms: Annotated[float, Meta(gt=0)] | None = None


class RehearsalFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Recorded traffic to rehearse on."""

    cases: str = "builtin:gsm8k"
    requests_per_s: Annotated[float, Meta(gt=0, le=1000)] = 1.0
    users: Annotated[int, Meta(ge=1)] = 500
    seed: int = 1
    at_most: str = "14d"
    scorer: dict[str, Options] = msgspec.field(default_factory=lambda: {"number": {"take": "last"}})


class PlanFile(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"old": "from", "new": "to"},
):
    """The file as written."""

    name: str
    config: str
    route: str
    old: str
    new: str
    stages: Annotated[list[StageFile], Meta(min_length=1)]
    guards: Annotated[list[GuardFile], Meta(min_length=1)]
    alpha: Annotated[float, Meta(gt=0, lt=0.5)] = 0.05
    max_hold: str = "3d"
    rehearsal: RehearsalFile = RehearsalFile()


class Plan(Struct, frozen=True, kw_only=True):
    """The file with durations in seconds and the rehearsal's scorer made."""

    file: PlanFile
    folder: Path
    stages: tuple[Stage, ...]
    guards: tuple[Guard, ...]
    max_hold_s: float
    rehearsal_s: float
    scorer: Scorer

    @property
    def config_path(self) -> Path:
        """The configuration that names the targets."""
        return self.folder / self.file.config


def load_plan(path: Path) -> Plan:
    """Read and check. Raises `InvalidInput` with file, line and key, all problems at once."""
    document = load(path, PlanFile)
    file = document.value
    problems: list[InvalidInput] = []
    if file.old == file.new:
        problems.append(document.error("to", f'from and to are both "{file.old}"'))
    stages = tuple(
        Stage(
            share=s.share,
            at_least_s=_seconds(document, f"stages[{i}].at_least", s.at_least, problems),
            requests=s.requests,
        )
        for i, s in enumerate(file.stages)
    )
    for i in range(1, len(stages)):
        if stages[i].share <= stages[i - 1].share:
            message = f"the share must grow: {stages[i].share:g} follows {stages[i - 1].share:g}"
            problems.append(document.error(f"stages[{i}].share", message))
    for i, guard in enumerate(file.guards):
        if guard.metric in [g.metric for g in file.guards[:i]]:
            message = f'"{guard.metric}" is guarded already'
            problems.append(document.error(f"guards[{i}].metric", message))
        if guard.metric == "slow" and guard.threshold_ms is None:
            problems.append(document.error(f"guards[{i}]", 'a guard on "slow" needs threshold_ms'))
    max_hold_s = _seconds(document, "max_hold", file.max_hold, problems)
    rehearsal_s = _seconds(document, "rehearsal.at_most", file.rehearsal.at_most, problems)
    scorer = _scorer(document, problems)
    if problems or scorer is None:
        raise InvalidInput("\n".join(str(p) for p in problems))
    guards = tuple(
        Guard(metric=g.metric, margin=g.margin, ceiling=g.ceiling, threshold_ms=g.threshold_ms)
        for g in file.guards
    )
    return Plan(
        file=file,
        folder=path.parent,
        stages=stages,
        guards=guards,
        max_hold_s=max_hold_s,
        rehearsal_s=rehearsal_s,
        scorer=scorer,
    )


def plan_text(name: str, config: str, route: str, old: str, new: str) -> str:
    """A plan to review: the guide's shares, our guards."""
    return f"""\
# From {old} to {new} on the route {route}. Review, then:
#   pilothouse migrate rehearse THIS_FILE     on recorded traffic, with a fault if you like
#   pilothouse migrate start THIS_FILE        on live traffic
name: {name}
config: {config}
route: {route}
from: {old}
to: {new}

# A stage is left when its time has passed, its new arm has had its requests, AND every guard is satisfied.
stages:
  - {{share: 0.05, at_least: 1d, requests: 200}}
  - {{share: 0.25, at_least: 2d, requests: 500}}
  - {{share: 0.50, at_least: 2d, requests: 500}}
  - {{share: 1.00, at_least: 7d, requests: 1000}}   # 1 % stays on {old} as a control

# error: failed attempts. wrong: a score below one half. slow: longer than threshold_ms.
# Rolls back on evidence of more than (1 + margin) times the old model's rate; goes on when shown to be
# below that, or below the ceiling.
guards:
  - {{metric: error, margin: 0.2, ceiling: 0.01}}

alpha: 0.05        # the chance of ever rolling back a model that is not worse, over all guards
max_hold: 3d       # then a person decides
"""


def _seconds(
    document: Document[PlanFile], where: str, text: str, problems: list[InvalidInput]
) -> float:
    found = _DURATION.match(text.strip())
    if not found:
        problems.append(document.error(where, f'"{text}" is not a duration: 30s, 15m, 6h or 2d'))
        return 0.0
    return float(found[1]) * _SECONDS[found[2]]


def _scorer(document: Document[PlanFile], problems: list[InvalidInput]) -> Scorer | None:
    given = document.value.rehearsal.scorer
    try:
        return looking_scorer(given)[1]
    except InvalidInput as error:
        problems.append(document.error(place("rehearsal.scorer", given), str(error)))
        return None
