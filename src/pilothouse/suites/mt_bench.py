"""MT-Bench: 80 two-turn questions graded by a judge (Zheng et al. 2023, arXiv 2306.05685)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.suites._json_lines import find_file, read_items
from pilothouse.suites._suite import Protocol, Suite


class _Item(Struct, frozen=True):
    question_id: int
    category: str
    turns: list[str]
    reference: list[str] = []


def _read(path: Path) -> Iterator[Case]:
    file = find_file(
        path,
        ("question.jsonl.gz", "question.jsonl"),
        "Get it from lm-sys/FastChat, fastchat/llm_judge/data/mt_bench/.",
    )
    for _, item in read_items(file, _Item):
        yield Case(
            id=str(item.question_id),
            prompt=item.turns[0],
            then=tuple(item.turns[1:]),
            tags=(item.category,),
            expected=item.reference[-1] if item.reference else None,
        )


plugin = Suite(
    title="MT-Bench",
    about="80 questions with a second turn, in eight categories.",
    measures=(
        "What a judge model likes in two-turn conversations. The judge prefers long answers and its own family's; "
        "calibrate it (docs/judging.md)."
    ),
    licence="Apache-2.0",
    source="lm-sys/FastChat",
    protocol=Protocol(
        name="mt_bench, last turn, single answer grading",
        shots=0,
        is_chain_of_thought=False,
        extraction="the judge's rating of the last turn, 1-10",
        metric="mean rating, scaled to 0-1",
    ),
    read=_read,
    scorers={"accuracy": {"judge": {"judges": ["judge"], "rubric": "mt_bench"}}},
    bundled="mt_bench",
)
