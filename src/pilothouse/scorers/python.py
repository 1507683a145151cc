"""Your own scorer: one Python file with `score(given, case)`. It runs in this process, with your rights.

It may give a number in 0-1, True or False, (value, detail), or a `Grade`. Optional beside it: `check(case)`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.core.grade import Given, Grade


class PythonScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`file` is found from the folder of `poc.yaml`."""

    file: str
    function: str = "score"

    def anchored(self, folder: Path) -> PythonScorer:
        """Raises `InvalidInput` when it cannot be read or run, or has no such function."""
        found = replace(self, file=str((folder / self.file).absolute()))
        found._function(self.function)
        return found

    def version(self) -> str:
        """A changed file is another scorer."""
        return sha256(Path(self.file).read_bytes()).hexdigest()[:16]

    def check(self, case: Case) -> None:
        """What the file's own `check` raises."""
        own = _loaded(self.file).get("check")
        if callable(own):
            own(case)

    def score(self, given: Given, case: Case) -> Grade:
        """What the file says. Raises `ValueError` when that is no grade."""
        found = self._function(self.function)(given, case)
        if isinstance(found, Grade):
            return found
        detail: str | None = None
        if isinstance(found, tuple):
            pair = cast(tuple[Any, ...], found)
            if len(pair) != 2:
                raise ValueError(
                    f"{self.file}: {self.function} gave {len(pair)} values; (value, detail) is two"
                )
            found, detail = pair[0], str(pair[1])
        if not isinstance(found, int | float) or not 0 <= found <= 1:
            raise ValueError(f"{self.file}: {self.function} gave {found!r}; a value is in 0-1")
        return Grade(value=float(found), detail=detail)

    def _function(self, name: str) -> Callable[[Given, Case], Any]:
        function = _loaded(self.file).get(name)
        if not callable(function):
            raise InvalidInput(f"{self.file}: there is no function `{name}(given, case)`")
        return function


@lru_cache(maxsize=64)
def _loaded(file: str) -> dict[str, Any]:
    path = Path(file)
    names: dict[str, Any] = {"__name__": path.stem, "__file__": file}
    try:
        exec(compile(path.read_text(encoding="utf-8"), file, "exec"), names)
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be read: {error.strerror}") from None
    except SyntaxError as error:
        raise InvalidInput(f"{file}:{error.lineno}: {error.msg}") from None
    except Exception as error:
        line = (
            error.__traceback__.tb_next.tb_lineno
            if error.__traceback__ and error.__traceback__.tb_next
            else 0
        )
        raise InvalidInput(f"{file}:{line}: {type(error).__name__}: {error}") from None
    return names


plugin = PythonScorer
