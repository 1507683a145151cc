"""MBPP: about a thousand short Python tasks in words, three tests each (Austin et al. 2021, arXiv 2108.07732).

Reads both files of the publisher: `mbpp.jsonl` (974 tasks; 11-510 are the test set) and `sanitized-mbpp.json` (427
that people checked). Given a folder, the checked ones are taken if they are there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.suites._json_lines import find_file, read_items
from pilothouse.suites._suite import Protocol, Suite

_FILES = ("sanitized-mbpp.json", "mbpp.jsonl", "*.jsonl", "*.json")
_TEST_SET = range(11, 511)
"""The publisher's README: 1-10 are for examples in prompts, the rest for training."""
_HINT = "Get it from github.com/google-research/google-research, mbpp/."
_ASKED = (
    "You are an expert Python programmer, and here is your task: {task} Your code should pass these "
    "tests:\n\n{tests}\n\nAnswer with the code, imports included, in one fenced code block.\n"
)


class _Item(Struct, frozen=True):
    task_id: int
    test_list: list[str]
    text: str | None = None
    """Of `mbpp.jsonl`."""
    prompt: str | None = None
    """Of `sanitized-mbpp.json`."""
    test_setup_code: str = ""
    test_imports: list[str] = []


def _read(path: Path) -> Iterator[Case]:
    file = find_file(path, _FILES, _HINT)
    for number, item in read_items(file, _Item):
        task = item.text or item.prompt
        if task is None or not item.test_list:
            raise InvalidInput(f"{file}:{number}: task {item.task_id} has no text or no tests")
        if item.task_id in _TEST_SET:
            yield _case(item, task)


def _case(item: _Item, task: str) -> Case:
    tests = [*item.test_imports, item.test_setup_code, *item.test_list]
    return Case(
        id=f"mbpp/{item.task_id}",
        prompt=_ASKED.format(task=task, tests="\n".join(item.test_list)),
        details={"tests": "\n".join(t for t in tests if t), "code_prompt": ""},
    )


plugin = Suite(
    title="MBPP",
    about="Python tasks for beginners, in one sentence with three tests that the model is shown.",
    measures=(
        "Whether a model turns a sentence into a short function. The tests are few and shown, so a wrong "
        "program can pass; some tasks of the unchecked file are ambiguous. Public since 2021."
    ),
    licence="CC-BY-4.0",
    source="google-research/google-research, mbpp/",
    protocol=Protocol(
        name="mbpp 0-shot, tests shown",
        shots=0,
        is_chain_of_thought=False,
        extraction="the first fenced block, else the whole text; run with the three tests",
        metric="pass@1",
    ),
    read=_read,
    scorers={"tests": {"code": {"assemble": "function", "timeout_s": 5.0}}},
    fetch_hint="mbpp.jsonl or sanitized-mbpp.json as in google-research/mbpp; give the file or its folder",
    max_output_tokens=1024,
)
