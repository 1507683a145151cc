"""Which targets of a route to ask first, given how they are doing. Nothing is ever taken out: a target that
is left alone goes to the end, so that a route with one target, or with none that is well, waits or tries
instead of failing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from pilothouse.core.health import HealthRules, TargetHealth
from pilothouse.core.route import Target


class Standing(Struct, frozen=True):
    """Targets in the order to ask, and how many of them are fit to be asked now."""

    targets: tuple[Target, ...]
    usable: int
    """The first so many; 0 = all must be waited for (or tried against their wish)."""
    wait_s: float
    """Until the first target is usable; 0 when one is."""
    why: str
    """Empty when nothing was moved."""


_NO_RULES = HealthRules()


def standing(
    targets: Sequence[Target],
    health: Mapping[str, TargetHealth],
    now_s: float,
    rules: HealthRules = _NO_RULES,
) -> Standing:
    """`targets` with the unfit ones last, soonest ready first; otherwise in the order given.

    Open breakers are ignored when most targets' are open (then the fault is more likely ours or everyone's,
    and the rest could not carry the load); a cool-down that a provider asked for is not.
    """
    states = [health.get(target.name) for target in targets]
    for state in states:
        if state is not None and (state.breaker.until_s is not None or state.cool_until_s > now_s):
            break
    else:
        return Standing(tuple(targets), len(targets), 0.0, "")
    is_open = [s is not None and s.is_open(now_s) for s in states]
    closed = len(targets) - sum(is_open)
    is_panic = any(is_open) and closed < rules.panic_share * len(targets)
    fit: list[Target] = []
    unfit: list[tuple[float, int, str]] = []
    for i, state in enumerate(states):
        is_cooling = state is not None and state.cool_until_s > now_s
        if state is None or not (is_cooling or (is_open[i] and not is_panic)):
            fit.append(targets[i])
        else:
            text = f"{targets[i].name} is {state.describe(now_s)}"
            unfit.append((state.ready_in_s(now_s), i, text))
    unfit.sort()
    ordered = (*fit, *[targets[i] for _, i, _ in unfit])
    notes = [text for _, _, text in unfit]
    if is_panic:
        notes.append(f"breakers ignored: only {closed} of {len(targets)} targets closed")
    return Standing(ordered, len(fit), 0.0 if fit else unfit[0][0], "; ".join(notes))
