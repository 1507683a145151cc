"""The guide's star table as numbers, and which of its models would ever win it.

Stars count from 0 to 1 over their own scale (1-5); context by its logarithm from the least to the most;
a cost tier counts 0.4: `$` is 1.0, `$$` 0.6, `$$$` 0.2. What a model reads takes no part. With weights spread
evenly this gives 49 / 28 / 23 % (docs/choose.md); other sensible scales give 46-59 / 15-32 / 21-28.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from pilothouse.choose.frontier import Vector

_COST = {"$": 1.0, "$$": 0.6, "$$$": 0.2}
_TOKENS = {"16K": 16_000, "128K": 128_000, "200K": 200_000, "2M": 2_000_000}


def star_vectors(rows: Iterable[Mapping[str, Any]]) -> dict[str, Vector]:
    """Model to (context, reasoning, code, speed, cost), each 0-1 and more is better.

    `rows` have the guide's columns; `context` is tokens or the guide's word for them. A model that is free
    but for its machines has no cost tier and must be left out.
    """
    table = [dict(row) for row in rows]
    logs = {row["model"]: math.log(_tokens(row)) for row in table}
    low, width = min(logs.values()), max(logs.values()) - min(logs.values())
    return {
        row["model"]: (
            (logs[row["model"]] - low) / width if width else 1.0,
            *((row[name] - 1) / 4 for name in ("reasoning", "code", "speed")),
            _COST[row["cost"]],
        )
        for row in table
    }


def _tokens(row: Mapping[str, Any]) -> int:
    return int(row["context_tokens"]) if "context_tokens" in row else _TOKENS[row["context"]]
