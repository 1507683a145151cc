"""Makes src/pilothouse/data/tokens/*.xz from OpenAI's published vocabularies.

    python tools/build_tokens.py FOLDER

FOLDER holds `cl100k_base.tiktoken` and `o200k_base.tiktoken` as OpenAI publishes them (a line a token: base64, rank),
whose SHA-256 must be what the tiktoken project expects. Character classes come from tiktoken itself: the toolkit's
own regular expressions are asked about every code point, so that Python's older or newer Unicode tables cannot make
a difference. The same input gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import lzma
import sys
from pathlib import Path

import tiktoken

TO = Path(__file__).parents[1] / "src/pilothouse/data/tokens"
EXPECTED = {  # tiktoken 0.14.0, tiktoken_ext/openai_public.py
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}
CLASSES = {
    "letter": r"\p{L}",
    "number": r"\p{N}",
    "space": r"\s",
    "upper": r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]",
    "lower": r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]",
}
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]


def main(folder: Path) -> None:
    """Write one file a vocabulary and one for the character classes."""
    TO.mkdir(parents=True, exist_ok=True)
    for name, expected in EXPECTED.items():
        raw = (folder / f"{name}.tiktoken").read_bytes()
        found = hashlib.sha256(raw).hexdigest()
        if found != expected:
            raise SystemExit(f"{name}: SHA-256 is {found}, expected {expected}")
        _write(f"{name}.xz", _packed(raw))
    ranges = {name: _ranges(pattern) for name, pattern in CLASSES.items()}
    _write("classes.json.xz", json.dumps(ranges, separators=(",", ":")).encode())


def _packed(raw: bytes) -> bytes:
    """Lengths of all tokens in the order of their ranks, a zero byte, then their bytes."""
    tokens: list[bytes] = []
    for line in raw.splitlines():
        text, rank = line.split()
        if int(rank) != len(tokens):
            raise SystemExit(f"rank {int(rank)} where {len(tokens)} was due")
        tokens.append(base64.b64decode(text))
    lengths = bytes(len(token) for token in tokens)
    assert 0 not in lengths
    return lengths + b"\0" + b"".join(tokens)


def _ranges(pattern: str) -> list[list[int]]:
    """First and last code point of each run that the pattern matches, surrogates left out."""
    bytes_only = {bytes([value]): value for value in range(256)}
    probe = tiktoken.Encoding(
        "probe", pat_str=pattern, mergeable_ranks=bytes_only, special_tokens={}
    )
    everything = "".join(chr(point) for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF)
    matched = bytes(probe.encode_ordinary(everything)).decode("utf-8")
    runs: list[list[int]] = []
    for point in map(ord, matched):
        if runs and runs[-1][1] == point - 1:
            runs[-1][1] = point
        else:
            runs.append([point, point])
    return runs


def _write(name: str, data: bytes) -> None:
    (TO / name).write_bytes(lzma.compress(data, format=lzma.FORMAT_XZ, filters=_FILTERS))
    print(f"{name}: {len(data):,} bytes, {(TO / name).stat().st_size:,} compressed")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
