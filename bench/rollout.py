"""False rollbacks and delay: the usual threshold rule and our guard over the same simulated rollouts.

    python bench/rollout.py [--smoke] [--json]

Each rollout: 14 days, a look a minute, 1 request a second, 25 % on the new arm. "no effect": both arms fail alike.
"2x", "5x": the new arm fails so much more often from the start. The threshold rule rolls back when the new arm's
error rate of the last five minutes is over 1.5 times the old arm's. Left out: drift, sticky users, late feedback.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
from collections import deque
from typing import Any

from pilothouse.core.rollout import Guard, Observation, Stage, new_rollout, observe, tick

SHARE = 0.25
MINUTES = 14 * 24 * 60


def poisson(dice: random.Random, mean: float) -> int:
    """Knuth's method: the means here are small."""
    limit, count, product = math.exp(-mean), 0, dice.random()
    while product > limit:
        count, product = count + 1, product * dice.random()
    return count


def one(dice: random.Random, base: float, ratio: float, minutes: int) -> dict[str, float | None]:
    """Minutes until each rule rolled back; None = never."""
    rollout, _ = new_rollout(
        id="r", route="x", old="a", new="b",
        stages=(Stage(share=SHARE, at_least_s=1e12, requests=0),),
        guards=(Guard(metric="error", margin=0.2),),
        alpha=0.05, max_hold_s=1e12, now_us=0,
    )  # fmt: skip
    window: deque[tuple[int, int]] = deque(maxlen=5)
    found: dict[str, float | None] = {"threshold": None, "ours": None}
    for minute in range(minutes):
        new = poisson(dice, 60 * SHARE * base * ratio)
        old = poisson(dice, 60 * (1 - SHARE) * base)
        window.append((new, old))
        rate_new = sum(w[0] for w in window) / SHARE
        rate_old = sum(w[1] for w in window) / (1 - SHARE)
        if found["threshold"] is None and rate_new > 1.5 * rate_old and rate_new > 0:
            found["threshold"] = minute + 1
        if found["ours"] is None and new + old:
            events = [True] * new + [False] * old
            dice.shuffle(events)
            at_us = minute * 60_000_000
            rollout = observe(
                rollout,
                [Observation(is_new=e, share=SHARE, at_us=at_us, bad=(True,)) for e in events],
            )
            if tick(rollout, at_us)[0].status == "rolled_back":
                found["ours"] = minute + 1
        if None not in found.values():
            break
    return found


def cell(base: float, ratio: float, runs: int, minutes: int) -> dict[str, Any]:
    """Share rolled back and median delay of each rule."""
    dice = random.Random(f"{base} {ratio}")
    found = [one(dice, base, ratio, minutes) for _ in range(runs)]
    out: dict[str, Any] = {"base": base, "ratio": ratio, "runs": runs, "minutes": minutes}
    for rule in ("threshold", "ours"):
        delays = [f[rule] for f in found if f[rule] is not None]
        out[rule] = {
            "rolled_back": len(delays) / runs,
            "median_minutes": statistics.median(delays) if delays else None,
        }
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="a few seconds, for CI")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    null_runs, runs = (4, 10) if given.smoke else (200, 200)
    cells = [cell(0.01, 1.0, null_runs, 1440 if given.smoke else MINUTES)]
    cells += [] if given.smoke else [cell(0.05, 1.0, 60, MINUTES)]
    cells += [cell(b, r, runs, MINUTES) for b, r in ((0.01, 2.0), (0.05, 2.0), (0.01, 5.0))]
    if given.json:
        print(json.dumps(cells, indent=2))
        return 0
    print(f"{'base':>6}{'ratio':>7}{'runs':>6}   {'> 1.5x over 5 min':>24}   {'ours':>24}")
    for c in cells:
        words = [
            f"{100 * c[r]['rolled_back']:.0f} % / {c[r]['median_minutes'] or '-'} min"
            for r in ("threshold", "ours")
        ]
        print(f"{c['base']:6.0%}{c['ratio']:7g}{c['runs']:6}   {words[0]:>24}   {words[1]:>24}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
