"""MultiPL-E: HumanEval and MBPP in other programming languages (Cassano et al. 2022, arXiv 2208.08227).

Reads the publisher's files, one a language, e.g. `humaneval-js-reworded.jsonl`, or the older `.json` lists. JavaScript,
Bash and Python run where their programs are; other languages are told to the scorer with its `languages`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.suites._json_lines import find_file, read_items
from pilothouse.suites._suite import Protocol, Suite

_FILES = ("*-reworded.jsonl", "*.jsonl", "*-reworded.json", "*.json")
_HINT = "Get one from github.com/nuprl/MultiPL-E, prompts/."
_ASKED = (
    "Complete this function. Answer with the whole function, and whatever it needs, in one fenced code "
    "block.\n\n```{language}\n{code}```\n"
)


class _Item(Struct, frozen=True):
    name: str
    language: str
    prompt: str
    tests: str
    stop_tokens: list[str] = []


def _read(path: Path) -> Iterator[Case]:
    for _, item in read_items(find_file(path, _FILES, _HINT), _Item):
        yield Case(
            id=f"{item.language}/{item.name}",
            prompt=_ASKED.format(language=item.language, code=item.prompt),
            tags=(item.language,),
            details={
                "language": item.language,
                "code_prompt": item.prompt,
                "stop": item.stop_tokens,
                **_tests(item),
            },
        )


def _tests(item: _Item) -> dict[str, str]:
    """Some files let the tests begin with the brace that a cut completion lacks, and a whole function has."""
    if item.tests.startswith("}"):
        return {"tests": item.tests[1:], "completion_end": "\n}"}
    return {"tests": item.tests}


plugin = Suite(
    title="MultiPL-E",
    about="HumanEval and MBPP translated by compilers into some twenty languages.",
    measures=(
        "Whether a model writes short functions in a language that is not Python. The translation is "
        "mechanical, so tasks keep Python's ways. Tests run inside the program: see docs/code-execution.md."
    ),
    licence="BSD-3-Clause with machine learning restriction (the repository's LICENSE)",
    source="nuprl/MultiPL-E, prompts/",
    protocol=Protocol(
        name="multipl-e 0-shot",
        shots=0,
        is_chain_of_thought=False,
        extraction="the first fenced block that repeats the signature, else the text as its continuation; run with the tests",
        metric="pass@1",
    ),
    read=_read,
    scorers={"tests": {"code": {"timeout_s": 15.0}}},
    fetch_hint="prompts/humaneval-<language>-reworded.jsonl of nuprl/MultiPL-E; give the file",
    max_output_tokens=1024,
)
