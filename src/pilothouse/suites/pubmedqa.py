"""PubMedQA: questions about abstracts (Jin et al. 2019, arXiv 1909.06146)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pilothouse.core.case import Case
from pilothouse.suites._suite import Protocol, Suite
from pilothouse.suites._tables import field, rows

_HINT = "Get ori_pqal.json of pubmedqa/pubmedqa as a list, or pqa_labeled of qiaojin/PubMedQA from Hugging Face."


def _read(path: Path) -> Iterator[Case]:
    for number, (place, row) in enumerate(rows(path, "test", _HINT)):
        context: Any = field(row, place, "context", "CONTEXTS")
        documents: list[Any] = context["contexts"] if hasattr(context, "keys") else context
        yield Case(
            id=str(row.get("pubid", number)),
            prompt=(
                "Answer with yes, no or maybe.\n\n"
                + "\n".join(str(d) for d in documents)
                + f"\n\nQuestion: {field(row, place, 'question', 'QUESTION')}"
            ),
            expected=str(field(row, place, "final_decision")),
            context=tuple(str(d) for d in documents),
        )


plugin = Suite(
    title="PubMedQA",
    about="Does the abstract answer the question with yes, no or maybe?",
    measures=("Reading biomedical abstracts."),
    licence="MIT",
    source="pubmedqa/pubmedqa",
    protocol=Protocol(
        name="pubmedqa 0-shot, reasoning required",
        shots=0,
        is_chain_of_thought=False,
        extraction="the last of yes, no, maybe that the answer names",
    ),
    read=_read,
    scorers={"accuracy": {"classification": {"labels": ["yes", "no", "maybe"], "take": "last"}}},
    fetch_hint=_HINT,
)
