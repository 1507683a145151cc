"""Build src/pilothouse/data/overlap.bin: hashes of the bundled benchmarks' 13-word runs, for prove/overlap.py.

    python tools/build_overlap.py

A line of JSON (names), a bit map of the 7-word parts of all runs, then CRC-32s of the runs in order (4 bytes each,
little-endian), 2 bytes of BLAKE2b of each, the number of its name. Runs that stand in more than ten items of a benchmark
are its instructions or examples and are left out, and so are runs of fewer than six different words (1 2 3 ...; true and
not false ...), which anybody may have written. Of BIG-Bench Hard, whose items are long and made by programs, each fourth
run: what shares 16 words is found for sure.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from pathlib import Path
from zlib import crc32

from pilothouse import registry
from pilothouse.prove.overlap import (
    FILE,
    PART,
    PARTS_BYTES,
    check,
    grams,
    normalised,
    part_bit,
    texts,
)
from pilothouse.suites._open import open_suite

OUT = Path(__file__).parent.parent / "src" / "pilothouse" / "data" / FILE
MOST_ITEMS = 10
FEWEST_DIFFERENT = 6
STEPS = {"bbh": 4}


def runs(name: str) -> set[bytes]:
    """Of one benchmark."""
    counts, kept = Counter[bytes](), set[bytes]()
    for case in open_suite(name).cases():
        found = [grams(normalised(text)) for text in texts(case)]
        counts.update({gram for each in found for gram in each})
        kept.update(gram for each in found for gram in each[:: STEPS.get(name, 1)])
    return {gram for gram in kept if counts[gram] <= MOST_ITEMS and is_telling(gram)}


def is_telling(gram: bytes) -> bool:
    """Words that are more than numbers and repetitions."""
    return sum(word.isalpha() for word in set(gram.decode().split())) >= FEWEST_DIFFERENT


def main() -> None:
    """Write it, and say what is in it."""
    suites = {n: registry.plugin("suites", n) for n in registry.names("suites")}
    names = [n for n, suite in suites.items() if suite.bundled is not None]
    rows: dict[tuple[int, int], int] = {}
    parts = bytearray(PARTS_BYTES)
    for number, name in enumerate(names):
        found = runs(name)
        print(f"{name}: {len(found)}")
        for gram in found:
            rows.setdefault((crc32(gram), check(gram)), number)
            words = gram.split()
            for i in range(len(words) - PART + 1):
                byte, bit = part_bit(b" ".join(words[i : i + PART]))
                parts[byte] |= bit
    ordered = sorted(rows)
    titles = json.dumps([suites[n].title for n in names]).encode()
    crcs, checks = array("I", [c for c, _ in ordered]), array("H", [k for _, k in ordered])
    owners = bytes([rows[key] for key in ordered])
    OUT.write_bytes(titles + b"\n" + parts + crcs.tobytes() + checks.tobytes() + owners)
    full = sum(byte.bit_count() for byte in parts) / (8 * PARTS_BYTES)
    print(f"{len(ordered)} hashes, {full:.1%} of the map, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
