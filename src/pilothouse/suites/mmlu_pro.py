"""MMLU-Pro: harder questions, ten options (Wang et al. 2024, arXiv 2406.01574)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pilothouse.core.case import Case
from pilothouse.suites._choices import choice_case
from pilothouse.suites._suite import Protocol, Suite
from pilothouse.suites._tables import field, rows

_HINT = "Get data/test-*.parquet of TIGER-Lab/MMLU-Pro from Hugging Face."


def _read(path: Path) -> Iterator[Case]:
    for number, (place, row) in enumerate(rows(path, "test", _HINT)):
        yield choice_case(
            str(row.get("question_id", number)),
            str(field(row, place, "question")),
            [str(o) for o in field(row, place, "options")],
            int(field(row, place, "answer_index")),
            tags=(str(row.get("category", "all")),),
            asked='Think step by step. End with "The answer is (X)", X the letter.\n\n',
        )


plugin = Suite(
    title="MMLU-Pro",
    about="12,032 questions with up to ten options, thinking first.",
    measures=("Knowledge with more reasoning and fewer lucky guesses than MMLU."),
    licence="MIT",
    source="TIGER-Lab/MMLU-Pro",
    protocol=Protocol(
        name="mmlu_pro 0-shot chain of thought",
        shots=0,
        is_chain_of_thought=True,
        extraction="the letter after the first 'answer is', else after 'Answer:', else the last capital A-J that stands alone",
    ),
    read=_read,
    scorers={"accuracy": {"benchmark_answer": {"rule": "mmlu_pro"}}},
    fetch_hint=_HINT,
)
