"""A synthetic table with the published marginals of three models on the 500 issues of SWE-bench Verified.

Not the recorded outcomes (these are CC BY-NC 4.0): 299, 325 and 353 issues solved, 378 by gpt-5-mini or sonnet-4-5, 353
by gpt-5-mini or gpt-5, and the mean dollars of an issue for every issue; which issues they are is made up.
Source of the figures: the bash-only board of SWE-bench, mini-swe-agent, 2025.
"""

from __future__ import annotations

from pilothouse.route.table import Table

COST_USD = {"sonnet-4-5": 0.5583, "gpt-5": 0.2804, "gpt-5-mini": 0.0355}
ISSUES = 500


def table() -> Table:
    mini = set(range(299))
    sonnet = set(range(274)) | set(range(299, 378))
    gpt_5 = set(range(28, 353))
    solved = {"sonnet-4-5": sonnet, "gpt-5": gpt_5, "gpt-5-mini": mini}
    ids = tuple(f"issue-{i}" for i in range(ISSUES))
    return Table(
        name="synthetic-swe",
        models=tuple(solved),
        ids=ids,
        prompts=ids,
        tags=(None,) * ISSUES,
        groups=ids,
        score=tuple(tuple(float(i in s) for s in solved.values()) for i in range(ISSUES)),
        cost_usd=(tuple(COST_USD.values()),) * ISSUES,
        latency_ms=((None,) * 3,) * ISSUES,
    )
