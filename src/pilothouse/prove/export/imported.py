"""Somebody else's run as what we can grade again: cases, and a recording of the answers."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from pilothouse.prove.cases.case_line import CaseLine
from pilothouse.recordings import Recorded


class Imported(Struct, frozen=True, kw_only=True):
    """`cases` are asked of a `replay` provider whose `recording` is `recorded`."""

    cases: tuple[CaseLine, ...]
    recorded: tuple[Recorded, ...]
    notes: tuple[str, ...] = ()
    """What of the run could not be kept."""

    def case_file(self) -> bytes:
        """JSON lines for `cases:`."""
        return msgspec.json.Encoder().encode_lines(self.cases)

    def replay_file(self) -> bytes:
        """JSON lines for a provider's `recording:`."""
        return msgspec.json.Encoder().encode_lines(self.recorded)
