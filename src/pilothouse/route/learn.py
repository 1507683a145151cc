"""Learn a router and its promises from one table: two parts by group, one to fit, one to certify."""

from __future__ import annotations

from msgspec.structs import replace

from pilothouse.learned.artefact import Artefact, Certificate, usual_promise
from pilothouse.learned.decide import Decider, Dial
from pilothouse.route.certificate import EPSILONS, certified
from pilothouse.route.fit import fit
from pilothouse.route.split import two_parts
from pilothouse.route.switching import Labelled, labelled
from pilothouse.route.table import Table

FEWEST = 50
"""Cases with which anything can be learned and promised at all."""
CALIBRATE = 0.4
CHANCE = 0.01
"""Drawing at random does as well less often than this where a router knows something."""


def learned(
    table: Table,
    *,
    calibrate: float = CALIBRATE,
    delta: float = 0.05,
    quality_usd: float = 0.0,
    at_us: int = 0,
) -> Artefact:
    """With a certificate for each of `EPSILONS`, and advice. Raises `ValueError` for a table of fewer than two
    models or without a complete case."""
    if len(table.models) < 2:
        raise ValueError(
            f"there is one model ({', '.join(table.models)}): a choice needs two in the same proof"
        )
    whole = table.complete()
    if len(whole) < 2:
        raise ValueError("fewer than two cases have a score of every model")
    fitted_on, held = two_parts(whole.groups, calibrate)
    if not fitted_on or not held:
        raise ValueError("all cases are of one group: none are left to calibrate on")
    artefact = fit(whole.at(fitted_on), at_us=at_us)
    return recertified(artefact, whole.at(held), delta=delta, quality_usd=quality_usd, at_us=at_us)


def recertified(
    artefact: Artefact,
    table: Table,
    *,
    delta: float = 0.05,
    quality_usd: float = 0.0,
    at_us: int = 0,
) -> Artefact:
    """The same router with promises from these cases alone; nothing may have been learned from them.

    Raises `ValueError`: a model is missing, or no case has a score of every model.
    """
    missing = [m for m in artefact.models if m not in table.models]
    if missing:
        raise ValueError(f"the router's model {missing[0]} is not in it")
    cases = labelled(Decider(artefact), table, Dial(quality_usd=quality_usd))
    if not cases:
        raise ValueError("no case has a score of every model")
    found = tuple(
        certified(cases, epsilon, delta, quality_usd=quality_usd, at_us=at_us)
        for epsilon in EPSILONS
    )
    advice, why = _advice(artefact, artefact.cases + len(cases), cases, found)
    return replace(artefact, certificates=found, advice=advice, why=why)


def _advice(
    artefact: Artefact, count: int, cases: list[Labelled], found: tuple[Certificate, ...]
) -> tuple[str, str]:
    """Whether to route at all, and why (not)."""
    best = artefact.models[artefact.reference]
    if count < FEWEST:
        return "do not route", f"{count} cases say too little: {FEWEST} are the least"
    means = [sum(column) / len(cases) for column in zip(*(c.score for c in cases), strict=True)]
    if max(means) - min(means) < 1e-9 and all(len(set(c.score)) == 1 for c in cases):
        return "do not route", "all models score alike on every case: use the cheapest"
    if not artefact.has_costs:
        return (
            "do not route",
            "costs are not known, so nothing that is saved can be said or chosen by",
        )
    costs = [sum([c.cost_usd[k] for c in cases if c.cost_usd]) for k in range(len(means))]
    if costs[artefact.reference] <= min(costs):
        return "do not route", f"{best} is the best and the cheapest"
    useful = [c for c in found if c.tolerance is not None]
    if not useful:
        need = next((c.cases_for_next for c in reversed(found) if c.cases_for_next), None)
        more = f"; {need} calibration cases might do" if need else ""
        return (
            "do not route",
            f"no promise up to {found[-1].epsilon:.0%} harmed can be made from {len(cases)} cases{more}",
        )
    paying = [c for c in useful if c.saving_low is not None and c.saving_low > 0]
    if not paying:
        return "do not route", "the interval of the saving includes zero at every promise"
    paying = [c for c in paying if c.chance is not None and c.chance <= CHANCE]
    if not paying:
        return (
            "do not route",
            "it chooses no better than chance which requests go elsewhere: what it saves is what it harms",
        )
    least = usual_promise(paying)
    assert least is not None, "those that pay hold"
    return (
        "route",
        f"saves {least.saving:.0%} ({least.saving_low:.0%} to {least.saving_high:.0%}) of what {best} costs, "
        f"with at most {least.epsilon:.0%} harmed",
    )
