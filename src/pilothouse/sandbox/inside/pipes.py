"""The head of what a program prints, read as fast as it prints, and never more of it kept."""

from __future__ import annotations

import os


class Heads:
    """Reads the pipes named `stdout`, `stderr`, ... until each ends."""

    def __init__(self, pipes: dict[str, int], head: int) -> None:
        self.open = {fd: name for name, fd in pipes.items()}
        self.kept = {name: bytearray() for name in pipes}
        self.total = 0
        self._head = head

    def read(self, fd: int) -> None:
        """What is there; an ended pipe is closed."""
        try:
            data = os.read(fd, 1 << 16)
        except BlockingIOError:
            return
        if not data:
            del self.open[fd]
            os.close(fd)
            return
        kept = self.kept[self.open[fd]]
        kept += data[: self._head - len(kept)]
        self.total += len(data)

    def rest(self) -> None:
        """What still lies in the pipes of a program that is dead."""
        for fd in list(self.open):
            os.set_blocking(fd, False)
            for _ in range(16):  # a pipe holds 64 kB, or 1 MB when it was enlarged
                if fd in self.open:
                    self.read(fd)

    def text(self, name: str) -> str:
        """What was kept; bytes that are no text are shown as �."""
        return self.kept[name].decode(errors="replace")
