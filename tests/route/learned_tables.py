"""Made-up tables: a cheap model that can add, and a dear one that can also prove."""

from __future__ import annotations

from random import Random

from pilothouse.route.table import Table


def skills(count: int, seed: int = 3, *, tagged: bool = True) -> Table:
    """Half sums (both are mostly right), half proofs (the cheap one is mostly wrong)."""
    rng = Random(seed)
    prompts: list[str] = []
    tags: list[str | None] = []
    scores: list[tuple[float, ...]] = []
    for _ in range(count):
        is_sum = rng.random() < 0.5
        a, b = rng.randint(2, 99), rng.randint(2, 99)
        prompts.append(
            f"Please add {a} and {b} and say the result."
            if is_sum
            else f"Prove that for every whole number n the number {a}n + {b}n divides {a + b}n, and explain each step."
        )
        tags.append(("sums" if is_sum else "proofs") if tagged else None)
        scores.append((float(rng.random() < (0.95 if is_sum else 0.2)), float(rng.random() < 0.97)))
    return Table(
        name="skills",
        models=("cheap", "dear"),
        ids=tuple(f"c{i}" for i in range(count)),
        prompts=tuple(prompts),
        tags=tuple(tags),
        groups=tuple(f"c{i}" for i in range(count)),
        score=tuple(scores),
        cost_usd=((0.001, 0.02),) * count,
        latency_ms=((200.0, 900.0),) * count,
    )
