"""MMLU: knowledge of 57 subjects (Hendrycks et al. 2020, arXiv 2009.03300)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pilothouse.core.case import Case
from pilothouse.suites._choices import EXTRACTION, choice_case
from pilothouse.suites._suite import Protocol, Suite
from pilothouse.suites._tables import field, rows

_HINT = "Get all/test-*.parquet of cais/mmlu from Hugging Face: rows with question, choices, answer, subject."


def _read(path: Path) -> Iterator[Case]:
    for number, (place, row) in enumerate(rows(path, "test", _HINT)):
        answer = field(row, place, "answer")
        right = answer if isinstance(answer, int) else "ABCD".index(str(answer).strip().upper())
        yield choice_case(
            f"mmlu-{number:05}",
            str(field(row, place, "question")),
            [str(c) for c in field(row, place, "choices")],
            right,
            tags=(str(row.get("subject", "all")),),
        )


plugin = Suite(
    title="MMLU",
    about="14,042 four-option questions of 57 subjects.",
    measures=(
        "Broad school and university knowledge. Saturated by strong models, with known wrong keys."
    ),
    licence="MIT",
    source="hendrycks/test",
    protocol=Protocol(
        name="mmlu 0-shot, lettered",
        shots=0,
        is_chain_of_thought=False,
        extraction=EXTRACTION,
    ),
    read=_read,
    scorers={"accuracy": {"choice": {}}},
    fetch_hint=_HINT,
)
