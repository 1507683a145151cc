"""TruthfulQA: questions that people answer wrongly out of a common belief (Lin et al. 2021, arXiv 2109.07958)."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.suites._choices import EXTRACTION, choice_case
from pilothouse.suites._json_lines import find_file, read_items
from pilothouse.suites._suite import Protocol, Suite


class _Item(Struct, frozen=True):
    question: str
    mc1_targets: dict[str, int]


def _read(path: Path) -> Iterator[Case]:
    hint = "Get data/mc_task.json of github.com/sylinrl/TruthfulQA."
    file = find_file(path, ("mc_task.json.gz", "mc_task.json"), hint)
    for number, item in read_items(file, _Item):
        # The publisher lists the right option first: an order that nobody can guess, the same each time.
        options = sorted(item.mc1_targets, key=lambda o: sha256(f"{number}{o}".encode()).digest())
        right = next(i for i, o in enumerate(options) if item.mc1_targets[o])
        yield choice_case(f"truthfulqa-{number - 1:03}", item.question, options, right)


plugin = Suite(
    title="TruthfulQA (MC1)",
    about="Questions with one true option among common misbeliefs.",
    measures=(
        "Whether a model repeats what people wrongly believe. Some of its reference answers are disputed, and its "
        "items have been public since 2021."
    ),
    licence="Apache-2.0",
    source="koppula/TruthfulQA @ 4dee231, mc_task.json",
    protocol=Protocol(
        name="truthfulqa mc1 0-shot, lettered",
        shots=0,
        is_chain_of_thought=False,
        extraction=EXTRACTION,
    ),
    read=_read,
    scorers={"accuracy": {"choice": {}}},
    bundled="truthfulqa",
)
