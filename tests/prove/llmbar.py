"""LLMBar's recorded judgments: nine judges on 100 pairs that people have labelled, in both orders."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

from pilothouse.prove.pairwise import Judgment, Winner, read_judgment

FILE = Path(__file__).parent / "recorded" / "llmbar.jsonl.gz"
HUMAN: dict[int, Winner] = {1: "a", 2: "b"}


@cache
def rows() -> list[dict[str, Any]]:
    """The pairs; the first line of the file holds the published statistics."""
    lines = gzip.decompress(FILE.read_bytes()).decode().splitlines()
    return [json.loads(line) for line in lines]


def published() -> dict[str, dict[str, Any]]:
    """Judge to the authors' statistics."""
    return rows()[0]["statistics"]


def judgments(judge: str) -> list[Judgment]:
    """As our reading of the judge's own words has them."""
    found: list[Judgment] = []
    for row in rows()[1:]:
        a_first, b_first = read_judgment(*row["said"][judge])
        words_a, words_b = row["words"]
        found.append(
            Judgment(
                case_id=row["id"],
                a="1",
                b="2",
                judge=judge,
                a_first=a_first,
                b_first=b_first,
                words_a=words_a,
                words_b=words_b,
                human=HUMAN[row["label"]],
            )
        )
    return found
