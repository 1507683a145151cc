"""From a suite's name to its items."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import cast

from msgspec import Struct

from pilothouse import registry
from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.suites._scenario import SCENARIO, scenario
from pilothouse.suites._suite import Suite


class OpenSuite(Struct, frozen=True):
    """A suite, and where its items are."""

    name: str
    suite: Suite
    path: Path

    def cases(self) -> Iterator[Case]:
        """Anew each time. Raises `InvalidInput` with file and line."""
        return self.suite.read(self.path)


def open_suite(name: str, path: Path | None = None) -> OpenSuite:
    """`scenario:FILE` is one of yours. Raises `NotFound`; `InvalidInput` when the items are not here."""
    if name.startswith(SCENARIO):
        file = Path(name.removeprefix(SCENARIO))
        return OpenSuite(name, scenario(file), file.parent)
    suite = cast(Suite, registry.plugin("suites", name))
    if path is not None:
        if not path.exists():
            raise InvalidInput(f"{path}: there is no such file or folder")
        return OpenSuite(name, suite, path)
    if suite.bundled is None:
        raise InvalidInput(
            f"the items of {suite.title} are not shipped ({suite.licence}): name where they are with `path`. "
            f"{suite.fetch_hint or ''}".strip()
        )
    found = resources.files("pilothouse.data.suites").joinpath(suite.bundled)
    return OpenSuite(name, suite, Path(str(found)))
