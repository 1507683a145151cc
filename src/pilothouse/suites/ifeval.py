"""IFEval: prompts whose instructions a program can check (Zhou et al. 2023, arXiv 2311.07911)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.suites._json_lines import find_file, read_items
from pilothouse.suites._suite import Protocol, Suite


class _Item(Struct, frozen=True):
    key: int
    prompt: str
    instruction_id_list: list[str]
    kwargs: list[dict[str, Any]]


def _read(path: Path) -> Iterator[Case]:
    hint = "Get input_data.jsonl of google-research/instruction_following_eval."
    file = find_file(path, ("input_data.jsonl.gz", "input_data.jsonl", "*.jsonl"), hint)
    for _, item in read_items(file, _Item):
        groups = {name.partition(":")[0] for name in item.instruction_id_list}
        checks = [
            {"id": name, **{k: v for k, v in options.items() if v is not None}}
            for name, options in zip(item.instruction_id_list, item.kwargs, strict=True)
        ]
        yield Case(
            id=str(item.key),
            prompt=item.prompt,
            tags=tuple(sorted(groups)),
            details={"instructions": checks},
        )


plugin = Suite(
    title="IFEval",
    about="541 prompts with one to three instructions each, of 25 kinds.",
    measures=(
        "Whether a model does what it is told about form: lengths, words, cases, sections. It says nothing of "
        "whether what it writes is right or good."
    ),
    licence="Apache-2.0",
    source="josejg/instruction_following_eval @ 0c495b2 (from google-research)",
    protocol=Protocol(
        name="ifeval strict, prompt level",
        shots=0,
        is_chain_of_thought=False,
        extraction="the whole answer",
        metric="prompt-level accuracy",
    ),
    read=_read,
    scorers={"accuracy": {"ifeval": {}}, "loose": {"ifeval": {"loose": True}}},
    bundled="ifeval",
)
