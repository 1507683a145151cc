"""FinQA: numbers in financial reports (Chen et al. 2021, arXiv 2109.00122)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pilothouse.core.case import Case
from pilothouse.suites._suite import Protocol, Suite
from pilothouse.suites._tables import field, rows

_HINT = "Get dataset/test.json of czyssrs/FinQA."


def _read(path: Path) -> Iterator[Case]:
    for number, (place, row) in enumerate(rows(path, "test", _HINT)):
        asked = field(row, place, "qa")
        table = "\n".join(" | ".join(str(cell) for cell in line) for line in row.get("table", []))
        texts = [*row.get("pre_text", []), table, *row.get("post_text", [])]
        answer = asked.get("exe_ans", asked.get("answer"))
        is_word = isinstance(answer, str) and not any(c.isdigit() for c in answer)
        yield Case(
            id=str(row.get("id", number)),
            prompt=(
                'Calculate step by step. End with a line of the form "#### 0.42" (a ratio, not a percentage).\n\n'
                + "\n".join(str(t) for t in texts)
                + f"\n\nQuestion: {asked['question']}"
            ),
            expected=str(answer),
            tags=("yes or no",) if is_word else (),
        )


plugin = Suite(
    title="FinQA",
    about="Questions over tables and texts of financial reports that take arithmetic.",
    measures=("Finding figures in reports and calculating with them."),
    licence="MIT",
    source="czyssrs/FinQA",
    protocol=Protocol(
        name="finqa 0-shot chain of thought",
        shots=0,
        is_chain_of_thought=True,
        extraction="the number after the last ####, within 1 % of the program's",
    ),
    read=_read,
    scorers={"accuracy": {"benchmark_answer": {"rule": "finqa"}}},
    fetch_hint=_HINT,
)
