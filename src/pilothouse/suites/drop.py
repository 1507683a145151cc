"""DROP: discrete reasoning over paragraphs (Dua et al. 2019, arXiv 1903.00161)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pilothouse.core.case import Case
from pilothouse.suites._suite import Protocol, Suite
from pilothouse.suites._tables import field, rows

_HINT = "Get ucinlp/drop (validation) from Hugging Face."


def _read(path: Path) -> Iterator[Case]:
    for number, (place, row) in enumerate(rows(path, "validation", _HINT)):
        spans = field(row, place, "answers_spans", "answer")["spans"]
        yield Case(
            id=str(row.get("query_id", number)),
            prompt=(
                "Answer with the number, date or words alone.\n\n"
                f"{field(row, place, 'passage')}\n\nQuestion: {field(row, place, 'question')}"
            ),
            expected=str(spans[0]),
            accepted=tuple(str(s) for s in spans[1:]),
            cluster=str(row.get("section_id", "")) or None,
        )


plugin = Suite(
    title="DROP",
    about="Questions over paragraphs that take counting, sorting or arithmetic.",
    measures=("Reading with small calculations."),
    licence="CC-BY-4.0",
    source="allenai/drop",
    protocol=Protocol(
        name="drop 0-shot",
        shots=0,
        is_chain_of_thought=False,
        extraction="the whole answer",
    ),
    read=_read,
    scorers={"accuracy": {"benchmark_answer": {"rule": "drop"}}},
    fetch_hint=_HINT,
)
