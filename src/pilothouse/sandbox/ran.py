"""What became of a program."""

from __future__ import annotations

import signal as signals

from msgspec import Struct


class Verdict(Struct, frozen=True):
    """What the judge of a program said."""

    passed: bool
    detail: str


class Ran(Struct, frozen=True, kw_only=True):
    """One run. Without a judge, `is_ok` says that it ended by itself with exit code 0: a program decides that."""

    exit_code: int | None
    """None when a signal or the sandbox ended it."""
    signal: int | None
    stdout: str
    """The head."""
    stderr: str
    why: str | None
    """Why the sandbox ended it; None = it ended by itself."""
    wall_s: float
    verdict: Verdict | None = None
    """Of its tests, if there were any and they came to an end."""
    printed: int = 0
    """Bytes on stdout and stderr together, heads or not."""
    isolation: str = ""
    """What kept it in, e.g. `pid+net+mount+ipc namespaces, own user, landlock 7, seccomp, rlimits`."""

    @property
    def is_ok(self) -> bool:
        """Whether it ended by itself, well; of a judged one, whether its tests passed."""
        if self.verdict is not None:
            return self.verdict.passed
        return self.why is None and self.exit_code == 0

    @property
    def is_timeout(self) -> bool:
        """Whether its time was up, by the wall clock or the processor's."""
        return self.why == "timeout" or self.signal == signals.SIGXCPU

    @property
    def words(self) -> str:
        """How it ended, for a person."""
        if self.is_timeout:
            return f"timeout after {self.wall_s:.1f} s"
        if self.why is not None:
            return self.why
        if self.signal is not None:
            name = signals.Signals(self.signal).name if self.signal < 32 else str(self.signal)
            return f"ended by {name}"
        return f"exit code {self.exit_code}"
