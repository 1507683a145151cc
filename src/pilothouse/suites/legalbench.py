"""LegalBench: legal reasoning (Guha et al. 2023, arXiv 2308.11462)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pilothouse.core.case import Case
from pilothouse.suites._suite import Protocol, Suite
from pilothouse.suites._tables import field, rows

_HINT = "Get a task of nguha/legalbench from Hugging Face: rows with text (or question, contract) and answer."


def _read(path: Path) -> Iterator[Case]:
    for number, (place, row) in enumerate(rows(path, "test", _HINT)):
        text = str(field(row, place, "text", "question", "contract", "clause"))
        question = row.get("question") if row.get("question") not in (None, text) else None
        yield Case(
            id=str(row.get("index", number)),
            prompt=f"Answer with the label alone.\n\n{text}"
            + (f"\n\n{question}" if question else ""),
            expected=str(field(row, place, "answer")),
        )


plugin = Suite(
    title="LegalBench",
    about="162 tasks of legal reasoning; one folder or file is a task.",
    measures=("Legal reading and classification of short texts; not legal advice."),
    licence="per task: see the publisher",
    source="nguha/legalbench",
    protocol=Protocol(
        name="legalbench 0-shot, one task",
        shots=0,
        is_chain_of_thought=False,
        extraction="the whole answer, leaving case, punctuation and articles aside",
    ),
    read=_read,
    scorers={"accuracy": {"normalised": {}}},
    fetch_hint=_HINT,
)
