"""Turns outcomes and dollars of SWE-bench runs into a table for `pilothouse route plan`.

    python tools/swe_bench_table.py DETAILS TO [MODEL ...]

DETAILS is `data/info_for_leaderboard.json` of SWE-bench/swe-bench.github.io ({model: {issue: {"resolved", "cost",
"api_calls"}}}) or its `data/leaderboards.json` (the board "bash-only", with `per_instance_details`). These are CC BY-NC
4.0: measure with them, and keep them out of the project. The prompt of a case is its issue's name; issues of one
project share a tag.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

BOARD = "bash-only"


def main(details: Path, to: Path, models: list[str]) -> None:
    """Write one JSON object an issue that every model was given; without MODEL, all models."""
    found = _by_model(json.loads(details.read_text(encoding="utf-8")))
    unknown = set(models) - set(found)
    if unknown:
        sys.exit(f"not in {details.name}: {', '.join(sorted(unknown))} (there: {', '.join(found)})")
    kept = {m: found[m] for m in models or found}
    issues = sorted(set.intersection(*[set(runs) for runs in kept.values()]))
    lines = [
        json.dumps(
            {
                "id": issue,
                "prompt": issue,
                "tag": issue.split("__")[0],
                "scores": {m: float(runs[issue]["resolved"]) for m, runs in kept.items()},
                "cost_usd": {m: runs[issue]["cost"] for m, runs in kept.items()},
            }
        )
        for issue in issues
    ]
    to.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print(f"{len(issues)} issues, {len(kept)} models: {to}")


def _by_model(read: dict[str, Any]) -> dict[str, dict[str, Any]]:
    if "leaderboards" not in read:
        return read
    board = next(b for b in read["leaderboards"] if b["name"] == BOARD)
    return {
        row["name"]: row["per_instance_details"]
        for row in board["results"]
        if row.get("per_instance_details")
    }


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
