"""GSM8K: 1,319 word problems of grade-school mathematics (Cobbe et al. 2021, arXiv 2110.14168)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.suites._json_lines import find_file, read_items
from pilothouse.suites._suite import Protocol, Published, Suite

_ASKED = 'Solve the problem step by step. End with a line of the form "#### 42".\n\n'
_HINT = "Get it from github.com/openai/grade-school-math, grade_school_math/data/test.jsonl."
_SOURCE = "RouteLLM's recorded answers: docs/statistics.md"


class _Item(Struct, frozen=True):
    question: str
    answer: str


def _read(path: Path) -> Iterator[Case]:
    file = find_file(path, ("test.jsonl.gz", "test.jsonl", "*.jsonl"), _HINT)
    for line, item in read_items(file, _Item):
        _, mark, final = item.answer.rpartition("####")
        if not mark:
            raise InvalidInput(f"{file}:{line}: the answer has no ####")
        yield Case(
            id=f"gsm8k-{line - 1:04}",
            prompt=f"{_ASKED}{item.question}",
            expected=final.strip().replace(",", ""),
        )


plugin = Suite(
    title="GSM8K",
    about="1,319 word problems that take two to eight steps of arithmetic.",
    measures=(
        "Whether a model keeps its arithmetic together over a few steps. Nearly solved by strong models, "
        "and some items are known to be in training data."
    ),
    licence="MIT",
    source="openai/grade-school-math @ 3101c7d, test split",
    protocol=Protocol(
        name="gsm8k 0-shot chain of thought",
        shots=0,
        is_chain_of_thought=True,
        extraction="the number after the last ####, else the last number",
    ),
    read=_read,
    scorers={"accuracy": {"number": {"take": "marked"}}},
    bundled="gsm8k",
    published=(
        Published(
            model="gpt-4-1106-preview",
            score=0.8567,
            source=_SOURCE,
            protocol="recorded, last run of digits",
        ),
        Published(
            model="mistralai/Mixtral-8x7B-Instruct-v0.1",
            score=0.6384,
            source=_SOURCE,
            protocol="recorded, last run of digits",
        ),
    ),
)
