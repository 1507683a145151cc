"""What a standard benchmark is: items, a named protocol, a grader, and what was published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from pilothouse.core.case import Case


class Protocol(Struct, frozen=True, kw_only=True):
    """How the questions are put. Two scores compare only under one protocol, so a run keeps it."""

    name: str
    """e.g. `gsm8k 8-shot chain of thought`."""
    shots: int
    is_chain_of_thought: bool
    extraction: str
    """In words: which part of an answer is graded."""
    metric: str = "accuracy"


class Published(Struct, frozen=True, kw_only=True):
    """A score that somebody published under this protocol or one that is named."""

    model: str
    score: float
    """0-1."""
    source: str
    protocol: str | None = None
    """None = this suite's."""


CAVEATS = (
    "models may have seen the items in training, so a high score may be memory",
    "a score compares only with scores under the same protocol",
    "a benchmark is not your use case: prove it on your own data",
)
"""True of every public benchmark; told wherever a score of one is."""


class Suite(Struct, frozen=True, kw_only=True):
    """One benchmark. The object `plugin` of its file."""

    title: str
    about: str
    """One sentence."""
    measures: str
    """What a high score says, and what it does not."""
    licence: str
    source: str
    """Where the items come from: repository or address, version."""
    protocol: Protocol
    read: Callable[[Path], Iterator[Case]]
    """Items of a folder or file, as their publisher lays it out, to cases whose prompts hold the protocol's
    instructions and shots. Raises `InvalidInput` with file and line."""
    scorers: dict[str, dict[str, dict[str, Any]]]
    """Name to `{plugin: options}`; the first is the main one."""
    bundled: str | None = None
    """The folder of `pilothouse.data.suites` with its items; None = the user names a path."""
    fetch_hint: str | None = None
    """Where and in what layout a user gets the items."""
    published: tuple[Published, ...] = ()
    max_output_tokens: int | None = None
