"""Languages that a program may be in: how it is started, and how it can say that it came to its end.

Python needs neither: it runs in the sandbox's own interpreter, and its tests in a second one. Elsewhere tests are part
of the program. A last statement that prints a fresh token then tells a program that passed from one that left early;
one that reads its own file to find the token is not found out (docs/code-execution.md#what-it-does-not-promise).
"""

from __future__ import annotations

import shutil

from msgspec import Struct


class Language(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`argv` starts `file`; `{box}` is the folder that it lies in."""

    argv: tuple[str, ...]
    file: str
    ending: str = ""
    """A statement that prints `{token}` on a line; empty = the exit code decides."""
    readable: tuple[str, ...] = ()
    """Folders besides the system's that it needs, such as where it is installed."""

    def __post_init__(self) -> None:
        if not self.argv:
            raise ValueError("argv names no program")
        if "/" in self.file or not self.file:
            raise ValueError(f'file "{self.file}" must be a plain name')

    @property
    def missing(self) -> str | None:
        """The program that is not on this machine."""
        return None if shutil.which(self.argv[0]) else self.argv[0]


BUILT_IN: dict[str, Language] = {
    "javascript": Language(
        argv=("node", "--max-old-space-size=256", "{box}/answer.js"),
        file="answer.js",
        ending='process.stdout.write("\\n{token}\\n");',
    ),
    "bash": Language(
        argv=("bash", "{box}/answer.sh"),
        file="answer.sh",
        ending='printf "\\n%s\\n" "{token}"',
    ),
}
"""Besides Python."""
ALIASES = {
    "js": "javascript",
    "node": "javascript",
    "sh": "bash",
    "py": "python",
    "python3": "python",
}
