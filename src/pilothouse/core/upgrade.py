"""A kind of question, what an upgrade of one taught, and how such facts stand in the record. Values only.

An upgrade asks a better model the same again after the caller has the first answer. Its `Call` has the source
`upgrade`; the score `CHANGED` on it says whether the better answer said anything else. A question that was not
asked again because its kind does not need it has the score `UNNEEDED` on its first answer's call.
"""

from __future__ import annotations

from msgspec import Struct

from pilothouse.core.call import Score

CHANGED = "upgrade_changed"
UNNEEDED = "upgrade_unneeded"
PATH = "/v1/upgrades"
"""Where better answers are fetched, and what marks their jobs."""
ID_PREFIX = "upg_"

Size = str
_SIZES = ((250, "short"), (2_000, "medium"), (16_000, "long"))


class Kind(Struct, frozen=True):
    """Questions that are taken for alike: of one route, one tag and about one size, for one better model."""

    route: str
    target: str
    """Who is asked for the better answer."""
    tag: str
    """`x-pilothouse-tag`; empty = none."""
    size: Size
    """short, medium, long or huge: under 250, 2,000, 16,000 tokens by estimate, or more."""

    @property
    def detail(self) -> str:
        """What a score says of the kind that its call does not."""
        return f"{self.size} {self.target}"


class Lesson(Struct, frozen=True):
    """One question that was asked again."""

    kind: Kind
    call_id: str
    """Of the upgrade; sorts by time."""
    changed: bool


def size_of(input_tokens: int) -> Size:
    """In words, for so many tokens."""
    return next((name for below, name in _SIZES if input_tokens < below), "huge")


def kind_read(route: str, tag: str | None, detail: str | None) -> Kind:
    """The kind that `Kind.detail` was written of."""
    size, _, target = (detail or "").partition(" ")
    return Kind(route, target, tag or "", size)


def score_changed(call_id: str, kind: Kind, changed: bool) -> Score:
    """On the upgrade's call."""
    return Score(call_id=call_id, scorer=CHANGED, value=float(changed), detail=kind.detail)


def score_unneeded(call_id: str, kind: Kind) -> Score:
    """On the first answer's call. 1.0: it is no bad event."""
    return Score(call_id=call_id, scorer=UNNEEDED, value=1.0, detail=kind.detail)
