"""BIG-Bench Hard: 27 tasks on which language models once fell behind people (Suzgun et al. 2022, arXiv 2210.09261).

Asked without examples, thinking first. The published few-shot figures come from the same grader: docs/suites.md.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.suites._suite import Protocol, Published, Suite

_ASKED = 'Think step by step. End with a line of the form "So the answer is X."\n\n'
_SOURCE = "Suzgun et al. 2022, arXiv 2210.09261, outputs in the repository"


class _Example(Struct, frozen=True):
    input: str
    target: str


class _Task(Struct, frozen=True):
    examples: list[_Example]


def _read(path: Path) -> Iterator[Case]:
    files = sorted([*path.glob("*.json"), *path.glob("*.json.gz")]) if path.is_dir() else [path]
    if not files:
        raise InvalidInput(f"{path}: there is no task file. Get bbh/ of the repository.")
    for file in files:
        try:
            data = file.read_bytes()
            task = msgspec.json.decode(
                gzip.decompress(data) if file.suffix == ".gz" else data, type=_Task
            )
        except (OSError, msgspec.MsgspecError) as error:
            raise InvalidInput(f"{file}: not a BBH task: {error}") from None
        name = file.name.partition(".")[0]
        for number, example in enumerate(task.examples):
            yield Case(
                id=f"{name}-{number}",
                prompt=f"{_ASKED}{example.input}",
                expected=example.target,
                tags=(name,),
                cluster=name,
            )


plugin = Suite(
    title="BIG-Bench Hard",
    about="6,511 questions of 27 tasks: logic, dates, objects, language.",
    measures=(
        "Reasoning in several steps over short, made-up texts. Its tasks have been public since 2022, and "
        "strong models now get most of them right."
    ),
    licence="MIT",
    source="suzgunmirac/BIG-Bench-Hard @ 9ee07bd",
    protocol=Protocol(
        name="bbh 0-shot chain of thought",
        shots=0,
        is_chain_of_thought=True,
        extraction='what follows the last "the answer is", without its full stop',
    ),
    read=_read,
    scorers={"accuracy": {"benchmark_answer": {"rule": "bbh"}}},
    bundled="bbh",
    published=(
        Published(
            model="code-davinci-002 (boolean_expressions)",
            score=0.884,
            source=_SOURCE,
            protocol="3-shot, answer only",
        ),
        Published(
            model="code-davinci-002 (boolean_expressions)",
            score=0.928,
            source=_SOURCE,
            protocol="3-shot chain of thought",
        ),
        Published(
            model="code-davinci-002 (date_understanding)",
            score=0.636,
            source=_SOURCE,
            protocol="3-shot, answer only",
        ),
        Published(
            model="code-davinci-002 (date_understanding)",
            score=0.872,
            source=_SOURCE,
            protocol="3-shot chain of thought",
        ),
    ),
)
