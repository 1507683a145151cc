"""A rule is called unreachable only when trying every request says so too."""

from __future__ import annotations

import random
from itertools import product

from pilothouse.core.facts import Facts
from pilothouse.core.rules.closure import compiled
from pilothouse.core.rules.parse import parse
from pilothouse.core.rules.reach import unreachable

EVERY_REQUEST = [
    Facts(
        request_id="id", model=model, stream=stream, has_tools=tools, input_tokens=tokens, team=team
    )
    for model, stream, tools, tokens, team in product(
        "ab", (False, True), (False, True), (None, 0, 1, 2, 3, 4), (None, "x", "y")
    )
]


def atom(dice: random.Random) -> str:
    sign = dice.choice(["<", "<=", ">", ">=", "==", "!="])
    return dice.choice(
        [
            f"input_tokens {sign} {dice.randint(0, 4)}",
            f"{dice.randint(0, 3)} {sign} input_tokens",
            f"!(input_tokens {sign} 2)",
            f"key.team {dice.choice(['==', '!='])} '{dice.choice('xy')}'",
            dice.choice(["stream", "!stream", "has_tools", "stream == false"]),
            f"model in ['{dice.choice('ab')}']",
            "!(key.team in ['x'])",
            "key.team in ['x', 'y']",
        ]
    )


def condition(dice: random.Random, depth: int = 2) -> str:
    if depth == 0 or dice.random() < 0.3:
        return atom(dice)
    parts = [condition(dice, depth - 1) for _ in range(2)]
    return dice.choice([f"({' && '.join(parts)})", f"({' || '.join(parts)})", f"!({parts[0]})"])


def test_what_is_called_unreachable_is_so_for_every_request_and_half_of_what_is_so_is_found() -> (
    None
):
    dice = random.Random(7)
    dead = found = 0
    for _ in range(2000):
        earlier, later = parse(condition(dice)), parse(condition(dice))
        before, after = compiled(earlier), compiled(later)
        is_dead = not any(after(facts) and not before(facts) for facts in EVERY_REQUEST)
        is_found = unreachable(later, [("earlier", earlier)]) is not None
        assert is_dead or not is_found
        dead += is_dead
        found += is_found
    assert found > 0.4 * dead > 0
