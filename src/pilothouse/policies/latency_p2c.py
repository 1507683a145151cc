"""Two targets are drawn, and the one that is likely to be quicker is asked.

Quicker is the peak-sensitive average of latency (first token, for streams) times the requests under way. Always
taking the best of all would send every request there at once; the better of two random ones does not.
Source: M. Mitzenmacher, "The power of two choices in randomized load balancing" (2001).
"""

from __future__ import annotations

from pilothouse.core.facts import Facts
from pilothouse.core.route import Live, Route, RouteSpec, Target
from pilothouse.core.standing import standing


def plugin(facts: Facts, spec: RouteSpec, live: Live) -> Route:
    """The winner, the loser, then the rest by cost; targets that are left alone come last."""
    stand = standing(spec.targets, live.health, live.now_s, live.health_rules)
    fit, rest = stand.targets[: stand.usable], stand.targets[stand.usable :]
    if len(fit) < 2:
        return Route(name=spec.name, targets=stand.targets, why=stand.why or "the only target")
    first, second = _two(len(fit), live.draw)

    def cost(target: Target) -> float:
        state = live.health.get(target.name)
        return 0.0 if state is None else state.cost_s(live.now_s, stream=facts.stream)

    a, b = fit[first], fit[second]
    cost_a, cost_b = cost(a), cost(b)
    if cost_b < cost_a:
        a, b, cost_a, cost_b = b, a, cost_b, cost_a
    others = sorted((t for t in fit if t is not a and t is not b), key=cost)
    return Route(
        name=spec.name,
        targets=(a, b, *others, *rest),
        why=f"drew {a.name} (expected {cost_a:.3f} s) against {b.name} ({cost_b:.3f} s)",
    )


def _two(count: int, draw: float) -> tuple[int, int]:
    """Two different numbers below `count` out of one draw in [0, 1): every ordered pair is as likely."""
    pair = int(draw * count * (count - 1))
    first, second = divmod(pair, count - 1)
    return first, second + (second >= first)
