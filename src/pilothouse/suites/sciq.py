"""SciQ: science questions (Welbl et al. 2017, arXiv 1707.06209)."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from pilothouse.core.case import Case
from pilothouse.suites._choices import EXTRACTION, choice_case
from pilothouse.suites._suite import Protocol, Suite
from pilothouse.suites._tables import field, rows

_HINT = "Get data/test-*.parquet of allenai/sciq from Hugging Face (not for commercial use)."


def _read(path: Path) -> Iterator[Case]:
    for number, (place, row) in enumerate(rows(path, "test", _HINT)):
        options = [str(field(row, place, "correct_answer"))]
        options += [str(field(row, place, f"distractor{i}")) for i in (1, 2, 3)]
        order = sorted(range(4), key=lambda i: sha256(f"{number}{options[i]}".encode()).digest())
        yield choice_case(
            f"sciq-{number:04}",
            str(field(row, place, "question")),
            [options[i] for i in order],
            order.index(0),
        )


plugin = Suite(
    title="SciQ",
    about="Crowd-made science questions with four options.",
    measures=("School science; easy for today's models."),
    licence="CC-BY-NC-3.0",
    source="allenai/sciq",
    protocol=Protocol(
        name="sciq 0-shot, lettered",
        shots=0,
        is_chain_of_thought=False,
        extraction=EXTRACTION,
    ),
    read=_read,
    scorers={"accuracy": {"choice": {}}},
    fetch_hint=_HINT,
)
