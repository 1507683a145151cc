"""Cases that share words with the items of the bundled benchmarks, which models may have seen in training.

13 words in a row that are the same after lower-casing and without punctuation (Brown et al. 2020, arXiv 2005.14165,
appendix C); a text of 8 to 12 words must be the same as a whole. Looked at is what a case itself asks (`prompt`, `then`,
`variables`): no template, no conversation before it, no documents. The hashes come from tools/build_overlap.py.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b
from importlib import resources
from zlib import crc32

import msgspec

from pilothouse.core.case import Case

WORDS = 13
FEWEST = 8
"""Texts of fewer words are not compared: too many people have written them."""
PART = 7
PARTS_BYTES = 1 << 18
FILE = "overlap.bin"
_NAMED = 20
"""Case ids that are named."""
_WORD = re.compile(r"[^\W_]+")
_ASCII = bytes(ord(chr(i).lower()) if i < 128 and chr(i).isalnum() else 32 for i in range(256))


def grams(words: Sequence[bytes]) -> list[bytes]:
    """Each run of 13 words, or the whole of 8 to 12; none of fewer."""
    if len(words) <= WORDS:
        return [b" ".join(words)] if len(words) >= FEWEST else []
    return [b" ".join(words[i : i + WORDS]) for i in range(len(words) - WORDS + 1)]


def normalised(text: str) -> list[bytes]:
    """Its words: lower-case, letters and digits only."""
    if text.isascii():  # the usual case, in a quarter of the time
        return text.encode().translate(_ASCII).split()
    plain = unicodedata.normalize("NFKC", text).lower()
    return [word.encode(errors="surrogatepass") for word in _WORD.findall(plain)]


def part_bit(part: bytes) -> tuple[int, int]:
    """Where a 7-word part stands in the file's map of them: a byte, and a bit in it."""
    number = crc32(part) >> 11
    return number >> 3, 1 << (number & 7)


def texts(case: Case) -> tuple[str, ...]:
    """What is the case's own."""
    return (case.prompt, *case.then, *case.variables.values())


def check(gram: bytes) -> int:
    """16 bits beside the CRC: together 48, so that a hundred million runs of words raise 0.07 false alarms."""
    return int.from_bytes(blake2b(gram, digest_size=2).digest(), "little")


class Overlap:
    """The bundled items' hashes, and the cases that were found among them."""

    def __init__(self) -> None:
        data = resources.files("pilothouse.data").joinpath(FILE).read_bytes()
        head, _, rest = data.partition(b"\n")
        self._names: list[str] = msgspec.json.decode(head, type=list[str])
        self._parts, hashes = rest[:PARTS_BYTES], memoryview(rest)[PARTS_BYTES:]
        count = len(hashes) // 7
        self._crcs, self._checks = array("I"), array("H")
        self._crcs.frombytes(hashes[: 4 * count])
        self._checks.frombytes(hashes[4 * count : -count])
        self._owners = bytes(hashes[-count:])
        if sys.byteorder == "big":
            self._crcs.byteswap()
            self._checks.byteswap()
        self.found: dict[str, str] = {}
        """Case id to the benchmark."""

    def see(self, case: Case) -> None:
        """Looks the case up."""
        for text in texts(case):
            owner = self._owner(normalised(text))
            if owner is not None:
                self.found[case.id] = owner
                return

    def _owner(self, words: list[bytes]) -> str | None:
        """Every run of 13 words holds one of the 7-word parts that begin at each seventh word: those first."""
        parts = self._parts
        for at in range(0, len(words) - PART + 1, PART):
            byte, bit = part_bit(b" ".join(words[at : at + PART]))
            if parts[byte] & bit:
                around = words[max(0, at + PART - WORDS) : at + WORDS]
                for gram in grams(words if len(words) <= WORDS else around):
                    owner = self._owner_of(gram)
                    if owner is not None:
                        return owner
        return None

    def _owner_of(self, gram: bytes) -> str | None:
        crcs, crc = self._crcs, crc32(gram)
        at = bisect_left(crcs, crc)
        while at < len(crcs) and crcs[at] == crc:
            if self._checks[at] == check(gram):
                return self._names[self._owners[at]]
            at += 1
        return None


def shared_words(overlaps: Mapping[str, str], ids: Collection[str], cases: int) -> str:
    """Which of a set of `cases` overlap, in words; `ids` in the order to name them."""
    of = Counter(overlaps[i] for i in ids)
    benchmarks = ", ".join(f"{name} {count}" for name, count in of.most_common())
    named = ", ".join(list(ids)[:_NAMED])
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return (
        f"{len(ids)} of {cases} cases share {WORDS} words in a row (or a whole shorter text) with items of "
        f"public benchmarks ({benchmarks}; case ids {named}{more})"
    )
