"""MATH: competition mathematics (Hendrycks et al. 2021, arXiv 2103.03874)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pilothouse.core.case import Case
from pilothouse.suites._suite import Protocol, Suite
from pilothouse.suites._tables import field, rows

_HINT = "Get the test split of hendrycks/competition_math (or MATH-500) as rows with problem, solution, level, type."


def _read(path: Path) -> Iterator[Case]:
    for number, (place, row) in enumerate(rows(path, "test", _HINT)):
        solution = str(field(row, place, "solution", "answer"))
        yield Case(
            id=str(row.get("unique_id", number)),
            prompt=f"Solve step by step and put the final answer in \\boxed{{}}.\n\n{field(row, place, 'problem')}",
            expected=solution,
            tags=tuple(str(row[k]) for k in ("type", "subject", "level") if row.get(k)),
        )


plugin = Suite(
    title="MATH",
    about="12,500 competition problems; the answer stands in a box.",
    measures=("Competition mathematics in closed form."),
    licence="MIT",
    source="hendrycks/math",
    protocol=Protocol(
        name="math 0-shot chain of thought",
        shots=0,
        is_chain_of_thought=True,
        extraction="the last \\boxed{}, compared after normalisation of LaTeX",
    ),
    read=_read,
    scorers={"accuracy": {"benchmark_answer": {"rule": "math"}}},
    fetch_hint=_HINT,
)
