"""Where each case of a file stands: one number a case, so that a hundred thousand stay small."""

from __future__ import annotations

from pilothouse.prove.cases.found import Found, Unit, place

_FILE_BITS = 40


class Places:
    """Case ids to places, in the order met."""

    def __init__(self) -> None:
        self._at: dict[str, int] = {}
        self._files: list[tuple[str, Unit]] = []

    def add(self, case_id: str, found: Found) -> str | None:
        """None, or the words for where this id was met before: `on line 3`, `in other.csv:3`."""
        here = (found.file, found.unit)
        if not self._files or self._files[-1] != here:
            self._files.append(here)
        at = (len(self._files) - 1) << _FILE_BITS | found.number
        first = self._at.setdefault(case_id, at)
        if first == at:
            return None
        file, unit, number = self._split(first)
        return f"on {unit} {number}" if file == found.file else f"in {place(file, unit, number)}"

    def of(self, case_id: str) -> str | None:
        """`file:line`, or None for an id not met."""
        at = self._at.get(case_id)
        return None if at is None else place(*self._split(at))

    def _split(self, at: int) -> tuple[str, Unit, int]:
        file, unit = self._files[at >> _FILE_BITS]
        return file, unit, at & ((1 << _FILE_BITS) - 1)
