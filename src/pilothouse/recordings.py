"""Recorded answers of real models: the ones shipped (`builtin:gsm8k`), or a JSON-lines file of yours.

A line of your file: {"model", "prompt", "answer"} and, where recorded, "latency_ms", "ttft_ms",
"input_tokens", "output_tokens". Nothing that was not recorded is made up.
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib import resources
from pathlib import Path

import msgspec
from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput, NotFound, did_you_mean

BUILTIN = "builtin:"
_NAMES = ("gsm8k",)


class Recorded(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer as it was given."""

    model: str
    prompt: str
    answer: str
    latency_ms: float | None = None
    ttft_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class RecordedQuestion(Struct, frozen=True, kw_only=True):
    """One question of a shipped recording: answers and published labels by model."""

    id: str
    prompt: str
    expected: str
    contaminated: bool
    answers: dict[str, str]
    labels: dict[str, bool]


def answers(source: str) -> list[Recorded]:
    """All answers of `builtin:NAME` or of the file at `source`. Raises `InvalidInput`, `NotFound`."""
    if not source.startswith(BUILTIN):
        return _from_file(Path(source))
    return [
        Recorded(model=model, prompt=question.prompt, answer=answer)
        for question in questions(source)
        for model, answer in question.answers.items()
    ]


def cases(source: str) -> list[Case]:
    """The questions of `builtin:NAME` as cases; listed ones carry the tag `contaminated`."""
    return [
        Case(
            id=question.id,
            prompt=question.prompt,
            expected=question.expected,
            tags=("contaminated",) if question.contaminated else (),
        )
        for question in questions(source)
    ]


@cache
def questions(source: str) -> tuple[RecordedQuestion, ...]:
    """The questions of a shipped recording."""
    name = source.removeprefix(BUILTIN)
    if name not in _NAMES:
        known = ", ".join(BUILTIN + n for n in _NAMES)
        raise NotFound(f'no recording "{source}".{did_you_mean(name, _NAMES)} (there are: {known})')
    file = resources.files("pilothouse.data").joinpath(name, "recorded.jsonl.gz")
    lines = gzip.decompress(file.read_bytes())
    return tuple(msgspec.json.Decoder(RecordedQuestion).decode_lines(lines))


def _from_file(path: Path) -> list[Recorded]:
    decoder = msgspec.json.Decoder(Recorded)
    found: list[Recorded] = []
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    try:
                        found.append(decoder.decode(line))
                    except (msgspec.DecodeError, UnicodeDecodeError) as error:
                        raise InvalidInput(f"{path}:{number}: {error}") from None
    except OSError as error:
        raise InvalidInput(f"{path}: the recording cannot be read: {error.strerror}") from None
    if not found:
        raise InvalidInput(f"{path}: the recording is empty")
    return found
