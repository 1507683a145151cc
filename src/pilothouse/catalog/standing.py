"""Whether a model could be had on a day: not yet, still, or not any more, and what to use instead. Pure."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from pilothouse.catalog.catalog import Catalog, first_day
from pilothouse.core.model import Model


class Standing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a model stands in its life on `on`."""

    model: str
    on: date
    released_on: date | None = None
    retired_on: date | None = None
    successor: str | None = None
    """What its vendor names to use instead."""

    @property
    def is_unreleased(self) -> bool:
        """Whether it could not be had yet; False where nobody says since when it could."""
        return self.released_on is not None and self.on < self.released_on

    @property
    def is_retired(self) -> bool:
        """Whether it could not be had any more."""
        return self.retired_on is not None and self.retired_on <= self.on

    @property
    def text(self) -> str | None:
        """One sentence for people; None when there is nothing to say."""
        instead = f"; use {self.successor} instead" if self.successor else ""
        if self.is_unreleased:
            return f"{self.model} could not be had on {self.on}: released {self.released_on}"
        if self.is_retired:
            return f"{self.model} was retired on {self.retired_on}{instead}"
        if self.retired_on is not None:
            return f"{self.model} ends on {self.retired_on}{instead}"
        return None


def standing(catalog: Catalog, model: Model, on: date) -> Standing:
    """Of the winning facts about its release, its end and its successor.

    An offer cannot be older than its model.
    """
    released = catalog.value(model, "released_on", on)
    if released is None and model.of is not None:
        released = catalog.value(catalog.find(model.of), "released_on", on)
    ended = catalog.value(model, "retired_on", on)
    successor = catalog.fact(model, "successor", on)
    return Standing(
        model=model.id,
        on=on,
        released_on=None if released is None else first_day(str(released)),
        retired_on=None if ended is None else first_day(str(ended)),
        successor=None if successor is None or successor.doubt else str(successor.value),
    )
