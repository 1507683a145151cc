"""HumanEval: 164 hand-written Python functions to complete, with tests (Chen et al. 2021, arXiv 2107.03374)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.suites._json_lines import find_file, read_items
from pilothouse.suites._suite import Protocol, Published, Suite

STOPS = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
"""Where the paper cuts a base model's completion."""
_FILES = ("HumanEval.jsonl.gz", "HumanEval.jsonl", "*.jsonl.gz", "*.jsonl")
_ASKED = (
    "Complete this Python function. Answer with the whole function, imports included, in one fenced "
    "code block.\n\n```python\n{code}```\n"
)


class _Item(Struct, frozen=True):
    task_id: str
    prompt: str
    entry_point: str
    test: str


def _read(path: Path) -> Iterator[Case]:
    file = find_file(path, _FILES, "Get it from github.com/openai/human-eval, data/.")
    for _, item in read_items(file, _Item):
        yield Case(
            id=item.task_id,
            prompt=_ASKED.format(code=item.prompt),
            details={
                "tests": f"{item.test}\ncheck({item.entry_point})\n",
                "entry_point": item.entry_point,
                "setup": item.prompt,
                "code_prompt": item.prompt,
                "stop": STOPS,
            },
        )


plugin = Suite(
    title="HumanEval",
    about="164 Python functions to write from signature and docstring, each with about eight tests.",
    measures=(
        "Whether a model writes short, self-contained functions that run. It says little of larger "
        "programs, and its items have been public since 2021: models have seen them."
    ),
    licence="MIT",
    source="openai/human-eval @ 6d43fb9",
    protocol=Protocol(
        name="humaneval 0-shot",
        shots=0,
        is_chain_of_thought=False,
        extraction="the first fenced block that defines the function, else the text as its continuation; run with the tests",
        metric="pass@1",
    ),
    read=_read,
    scorers={"tests": {"code": {"timeout_s": 3.0}}},
    bundled="humaneval",
    published=(
        Published(
            model="codegen-16B-mono",
            score=0.2928,
            source="Nijkamp et al. 2022, arXiv 2203.13474, table 1: pass@1 at its best temperature",
            protocol="humaneval 0-shot, completion, 200 samples",
        ),
        Published(
            model="code-davinci-002",
            score=0.470,
            source="Chen et al. 2022 (CodeT), arXiv 2207.10397: 65.8 %, 18.8 points above the baseline",
            protocol="humaneval 0-shot, completion, examples taken out of the docstrings",
        ),
    ),
    max_output_tokens=1024,
)
