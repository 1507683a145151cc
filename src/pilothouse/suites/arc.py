"""ARC: AI2 Reasoning Challenge (Clark et al. 2018, arXiv 1803.05457)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pilothouse.core.case import Case
from pilothouse.suites._choices import EXTRACTION, choice_case
from pilothouse.suites._suite import Protocol, Suite
from pilothouse.suites._tables import field, rows

_HINT = "Get ARC-Challenge/test-*.parquet (or ARC-Easy) of allenai/ai2_arc from Hugging Face."


def _read(path: Path) -> Iterator[Case]:
    for number, (place, row) in enumerate(rows(path, "test", _HINT)):
        options = field(row, place, "choices")
        labels = [str(x) for x in options["label"]]
        yield choice_case(
            str(row.get("id", number)),
            str(field(row, place, "question")),
            [str(t) for t in options["text"]],
            labels.index(str(field(row, place, "answerKey"))),
        )


plugin = Suite(
    title="ARC",
    about="Science questions of school examinations; the Challenge set is the hard part.",
    measures=("School science. Saturated by strong models."),
    licence="CC-BY-SA-4.0",
    source="allenai/ai2_arc",
    protocol=Protocol(
        name="arc 0-shot, lettered",
        shots=0,
        is_chain_of_thought=False,
        extraction=EXTRACTION,
    ),
    read=_read,
    scorers={"accuracy": {"choice": {}}},
    fetch_hint=_HINT,
)
