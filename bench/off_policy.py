"""Are off-policy estimates right? Public tables replayed as traffic, so that the truth is known.

    python bench/off_policy.py [--smoke] [--json] [--data FOLDER]

Half of a table teaches two routers: the one that took the decisions (300 cases) and the one to be judged (the rest).
The other half is the traffic: requests are drawn from it with replacement, the old router chooses with exploration,
and only the chosen model's score is shown. The truth is the new router's mean over all questions that were drawn.
Left out: conversations, missing scores, drift, real users' thumbs. FOLDER holds the sets of `_route_sets.py`.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from msgspec.structs import replace

from _route_sets import fourteen_tasks, gsm8k, mmlu, mmlu_pro
from pilothouse.cli.output import table as lined
from pilothouse.learned.decide import Decider, Decision, Dial
from pilothouse.route.fit import fit
from pilothouse.route.off_policy import estimate
from pilothouse.route.off_policy_predictions import at_the_level_seen
from pilothouse.route.off_policy_terms import Logged, Proposed
from pilothouse.route.split import two_parts
from pilothouse.route.table import Table

TEACHES_OLD = 300
DIAL = Dial(tolerance=0.25)


class Traffic(NamedTuple):
    """Questions that are drawn, and what both routers make of them."""

    table: Table
    old: list[Decision]
    new: list[Decision]
    truth: float
    own: float
    """Of the old router, exploration included."""


def traffic(whole: Table, explore: float) -> Traffic:
    """Both routers learned, the other half decided by both."""
    learn, serve = two_parts(whole.groups, 0.5)
    deciders = [Decider(fit(whole.at(rows))) for rows in (learn[:TEACHES_OLD], learn)]
    shown = whole.at(serve)
    decided = [
        [d.decide(p, t, DIAL) for p, t in zip(shown.prompts, shown.tags, strict=True)]
        for d in deciders
    ]
    drawn = [i for i, d in enumerate(decided[0]) if len(d.eligible) > 1]
    shown = shown.at(drawn)
    old, new = ([of[i] for i in drawn] for of in decided)

    def expected(i: int) -> float:
        score = shown.score[i]
        spread = fmean([score[k] or 0.0 for k in old[i].eligible])
        return explore * spread + (1 - explore) * (score[old[i].chosen] or 0.0)

    return Traffic(
        shown,
        old,
        new,
        fmean([shown.score[i][d.chosen] or 0.0 for i, d in enumerate(new)]),
        fmean([expected(i) for i in range(len(old))]),
    )


def history(of: Traffic, rows: int, explore: float, seed: int) -> tuple[list[Logged], list[Proposed]]:  # fmt: skip
    """What the log would hold after so many drawn requests."""
    dice, models = random.Random(seed), of.table.models
    logged: list[Logged] = []
    proposed: list[Proposed] = []
    for number in range(rows):
        i = dice.randrange(len(of.old))
        old, new, score = of.old[i], of.new[i], of.table.score[i]
        k = dice.choice(old.eligible) if dice.random() < explore else old.chosen
        p = explore / len(old.eligible) + (1 - explore) * (k == old.chosen)
        logged.append(
            Logged(id=str(number), chosen=models[k], propensity=p, reward=score[k] or 0.0, group=str(i))
        )  # fmt: skip
        good = dict(zip(models, new.good, strict=True))
        proposed.append(Proposed(chances={models[new.chosen]: 1.0}, good=good))
    return logged, at_the_level_seen(logged, proposed)


def measured(of: Traffic, rows: int, explore: float, repeats: int) -> list[dict[str, Any]]:
    """A row a method."""
    covers: Counter[str] = Counter()
    apart: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    errors: dict[str, list[float]] = {}
    widths: dict[str, list[float]] = {}
    for seed in range(repeats):
        found = estimate(*history(of, rows, explore, seed))
        verdicts[found.verdict] += 1
        for e in found.quality.by:
            value, less = e.new.interval, e.difference.interval
            covers[e.method] += value.low <= of.truth <= value.high
            apart[e.method] += less.low <= of.truth - of.own <= less.high
            errors.setdefault(e.method, []).append(e.new.value - of.truth)
            widths.setdefault(e.method, []).append((less.high - less.low) / 2)
    return [
        {
            "set": of.table.name,
            "explore": explore,
            "drawn": rows,
            "difference": of.truth - of.own,
            "moved": fmean([a.chosen != b.chosen for a, b in zip(of.old, of.new, strict=True)]),
            "method": m,
            "covers": covers[m] / repeats,
            "covers_difference": apart[m] / repeats,
            "bias": fmean(each),
            "rmse": fmean([x * x for x in each]) ** 0.5,
            "half_width": fmean(widths[m]),
            "verdicts": dict(verdicts),
        }
        for m, each in errors.items()
    ]


def main() -> None:
    """Prints a line a set, size and method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--repeats", type=int, default=200)
    given = parser.parse_args()
    sets = [gsm8k()]
    if given.data is not None:
        sets += [mmlu(given.data), mmlu_pro(given.data), fourteen_tasks(given.data)]
    repeats = 10 if given.smoke else given.repeats
    sizes = ((0.1, 500),) if given.smoke else ((0.05, 2000), (0.02, 8000))
    rows: list[dict[str, Any]] = []
    for whole in sets:
        whole = replace(whole.complete(), tags=(None,) * len(whole.complete()))
        for explore, drawn in sizes:
            rows += measured(traffic(whole, explore), drawn, explore, repeats)
    if given.json:
        print(json.dumps(rows))
        return
    header = ("set", "explore", "drawn", "moved", "truth", "method", "covers", "difference", "bias", "rmse", "+-", "verdicts")  # fmt: skip
    print(
        lined(
            header,
            [
                (
                    *(r["set"], f"{r['explore']:.0%}", r["drawn"], f"{r['moved']:.0%}"),
                    *(f"{r['difference']:+.3f}", r["method"], f"{r['covers']:.3f}"),
                    *(f"{r['covers_difference']:.3f}", f"{r['bias']:+.4f}", f"{r['rmse']:.4f}"),
                    *(f"{r['half_width']:.3f}", str(r["verdicts"])),
                )
                for r in rows
            ],
        )
    )


if __name__ == "__main__":
    main()
