"""MedQA: medical examination questions (Jin et al. 2020, arXiv 2009.13081)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pilothouse.core.case import Case
from pilothouse.suites._choices import EXTRACTION, choice_case
from pilothouse.suites._suite import Protocol, Suite
from pilothouse.suites._tables import field, rows

_HINT = "Get phrases_no_exclude_test.jsonl of jind11/MedQA, or GBaker/MedQA-USMLE-4-options from Hugging Face."


def _read(path: Path) -> Iterator[Case]:
    for number, (place, row) in enumerate(rows(path, "test", _HINT)):
        options = field(row, place, "options")
        letters = sorted(options)
        answer = str(row.get("answer_idx") or "")
        right = (
            letters.index(answer)
            if answer in letters
            else [options[x] for x in letters].index(row["answer"])
        )
        yield choice_case(
            f"medqa-{number:04}",
            str(field(row, place, "question")),
            [str(options[x]) for x in letters],
            right,
            tags=tuple(str(row[k]) for k in ("meta_info",) if row.get(k)),
        )


plugin = Suite(
    title="MedQA",
    about="Questions in the style of the United States Medical Licensing Examination.",
    measures=("Medical knowledge in examination form; not whether a model is safe with patients."),
    licence="MIT",
    source="jind11/MedQA",
    protocol=Protocol(
        name="medqa us 4 options 0-shot, lettered",
        shots=0,
        is_chain_of_thought=False,
        extraction=EXTRACTION,
    ),
    read=_read,
    scorers={"accuracy": {"choice": {}}},
    fetch_hint=_HINT,
)
