"""OpenAI's published vocabularies, bundled: read when first used, never from the network.

`data/tokens/` holds them as `tools/build_tokens.py` packed them; its NOTICE.md names source and licence.
Patterns are those of tiktoken 0.14.0 (tiktoken_ext/openai_public.py), written with the character classes of tiktoken's
own regular expressions, because Python's differ from them and from one Python version to the next.
"""

from __future__ import annotations

import lzma
import re
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from pilothouse.catalog.bpe import Encoding

Vocabulary = Literal["cl100k_base", "o200k_base"]

_CONTRACTION = "'(?:[sdmt]|ll|ve|re)"
_PATTERNS: dict[Vocabulary, tuple[str, ...]] = {
    "cl100k_base": (
        rf"(?i:{_CONTRACTION})",
        r"[^\r\n{letter}{number}]?+[{letter}]++",
        r"[{number}]{{1,3}}+",
        r" ?[^{space}{letter}{number}]++[\r\n]*+",
        r"[{space}]++\Z",
        r"[{space}]*[\r\n]",
        r"[{space}]+(?![^{space}])",
        r"[{space}]",
    ),
    "o200k_base": (
        rf"[^\r\n{{letter}}{{number}}]?[{{upper}}]*[{{lower}}]+(?i:{_CONTRACTION})?",
        rf"[^\r\n{{letter}}{{number}}]?[{{upper}}]+[{{lower}}]*(?i:{_CONTRACTION})?",
        r"[{number}]{{1,3}}",
        r" ?[^{space}{letter}{number}]+[\r\n/]*",
        r"[{space}]*[\r\n]+",
        r"[{space}]+(?![^{space}])",
        r"[{space}]+",
    ),
}


@cache
def encoding(name: Vocabulary) -> Encoding:
    """The encoding of that name; the first call reads it (about 0.2 s), later ones are free."""
    classes = {key: _class(runs) for key, runs in _classes().items()}
    pattern = re.compile("|".join(_PATTERNS[name]).format_map(classes))
    return Encoding(name, ranks(name), pattern)


def ranks(name: Vocabulary) -> dict[bytes, int]:
    """Every token of a vocabulary with its number, from the bundled file."""
    packed = _read(f"{name}.xz")
    lengths, _, tokens = packed.partition(b"\0")
    found: dict[bytes, int] = {}
    start = 0
    for rank, length in enumerate(lengths):
        found[tokens[start : start + length]] = rank
        start += length
    return found


@cache
def _classes() -> dict[str, list[tuple[int, int]]]:
    return msgspec.json.decode(_read("classes.json.xz"), type=dict[str, list[tuple[int, int]]])


def _class(runs: list[tuple[int, int]]) -> str:
    """The inside of a regular expression's brackets."""
    return "".join(
        f"\\U{first:08x}" if first == last else f"\\U{first:08x}-\\U{last:08x}"
        for first, last in runs
    )


def _read(name: str) -> bytes:
    file = resources.files("pilothouse.data").joinpath("tokens", name)
    return lzma.decompress(file.read_bytes())
