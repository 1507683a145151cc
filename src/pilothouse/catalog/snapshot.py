"""What an importer makes of one file of one source: rows of claims, and what it could not read."""

from __future__ import annotations

from msgspec import Struct

from pilothouse.core.model import Claim, Source


class Row(Struct, frozen=True, kw_only=True):
    """One entry of the source, not yet a card of ours."""

    key: str
    """What the source calls it: unique within a snapshot."""
    host: str
    """Who serves it, in our names (`openai`, `azure`, `bedrock`, ...); empty where nobody does (a benchmark)."""
    name: str
    """What the host's API calls it, without the source's prefixes."""
    kind: str = "chat"
    claims: tuple[Claim, ...] = ()


class Skipped(Struct, frozen=True, kw_only=True):
    """An entry that could not be taken, in part or whole."""

    where: str
    """File and key, or line."""
    why: str


class Snapshot(Struct, frozen=True, kw_only=True):
    """One file of one source, read whole. The same file gives the same snapshot."""

    source: Source
    rows: tuple[Row, ...]
    skipped: tuple[Skipped, ...] = ()
