"""HellaSwag: endings of everyday texts (Zellers et al. 2019, arXiv 1905.07830)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pilothouse.core.case import Case
from pilothouse.suites._choices import EXTRACTION, choice_case
from pilothouse.suites._suite import Protocol, Suite
from pilothouse.suites._tables import field, rows

_HINT = "Get hellaswag_val.jsonl of rowanz/hellaswag (the test labels are not public)."


def _read(path: Path) -> Iterator[Case]:
    for number, (place, row) in enumerate(rows(path, "val", _HINT)):
        yield choice_case(
            str(row.get("ind", number)),
            f"Which ending goes on with the text?\n\n{field(row, place, 'ctx')}",
            [str(e) for e in field(row, place, "endings")],
            int(field(row, place, "label")),
            tags=(str(row.get("activity_label", "all")),),
        )


plugin = Suite(
    title="HellaSwag",
    about="Which of four endings goes on with the text?",
    measures=(
        "Common sense about what happens next. Saturated, and part of its endings are broken."
    ),
    licence="MIT",
    source="rowanz/hellaswag",
    protocol=Protocol(
        name="hellaswag 0-shot, lettered",
        shots=0,
        is_chain_of_thought=False,
        extraction=EXTRACTION,
    ),
    read=_read,
    scorers={"accuracy": {"choice": {}}},
    fetch_hint=_HINT,
)
