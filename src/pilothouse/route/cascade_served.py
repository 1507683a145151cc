"""A chosen cascade as a route of the gateway, ready for `pilothouse.yaml` once its targets are there."""

from __future__ import annotations

import json
import re

from pilothouse.route.cascade_outcome import Plan
from pilothouse.route.cascade_words import share

_PLAIN = re.compile(r"[A-Za-z][\w.-]*")


def route_yaml(plan: Plan, most_wrong: float | None) -> str | None:
    """The section `routes:`; None for a single model, which needs no check. Targets are called as the models are.

    `most_wrong`: the largest error of a verifier, 0-1, at which the cascade pays, where that is known.
    """
    if plan.kind == "single":
        return None
    models = [name if _PLAIN.fullmatch(name) else json.dumps(name) for name in plan.models]
    if plan.kind == "agreement":
        targets, check = (models[0], models[2]), f"{{agree_with: {models[1]}}}"
    else:
        right = "" if most_wrong is None else f", wrong for at most {share(most_wrong)} of answers"
        # Any check that needs no expected answer stands here: this one only refuses what declines.
        targets, check = (
            models,
            f"{{scorers: {{refusal: {{expected: answer}}}}}}  # your check{right}",
        )
    return (
        "routes:\n"
        "  cascade:\n"
        "    policy: cascade\n"
        f"    targets: [{', '.join(targets)}]\n"
        f"    check: {check}"
    )
