"""How often the regression check is wrong, simulated at the worst place: exactly on the margin."""

from random import Random

import pytest
from evidence_builder import evidence, outcome

from pilothouse.prove.evidence import Evidence
from pilothouse.prove.regress import Margins, regress

RUNS = 400


def answers(chance: Random, n: int, right: list[float], scale: float = 1.0) -> Evidence:
    return evidence(
        [
            outcome(
                i,
                0,
                float(chance.random() < right[i]),
                latency_ms=scale * chance.lognormvariate(7, 0.5),
                cost_pico_usd=int(scale * 1e9 * chance.lognormvariate(0, 0.4)),
            )
            for i in range(n)
        ],
        ["a"],
    )


@pytest.mark.slow
@pytest.mark.parametrize("n", [100, 400])
def test_a_drop_of_just_the_margin_is_rarely_called_not_worse_or_regressed(n: int) -> None:
    chance, said = Random(n), {"not worse": 0, "regressed": 0, "not yet proven": 0}
    for _ in range(RUNS):
        hard = [min(1.0, max(0.1, chance.gauss(0.85, 0.2))) for _ in range(n)]
        after = [p - 0.05 for p in hard]
        made = regress(
            answers(chance, n, hard),
            answers(chance, n, after),
            Margins(accuracy=0.05, failure_rate=None),
        )
        said[made.verdict] += 1
    assert said["not worse"] / RUNS <= 0.05
    assert said["regressed"] / RUNS <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("guard", ["latency_p50_ratio", "latency_p95_ratio", "cost_ratio"])
def test_the_interval_of_a_ratio_holds_the_true_ratio(guard: str) -> None:
    chance, inside = Random(5), 0
    half = [0.5] * 300
    for _ in range(RUNS):
        made = regress(
            answers(chance, 300, half),
            answers(chance, 300, half, scale=1.2),
            Margins(accuracy=None, failure_rate=None, **{guard: 1.2}),
        )
        interval = made.guards[0].interval
        assert interval is not None
        inside += interval.low <= 1.2 <= interval.high
    assert inside / RUNS >= 0.93
