"""How much a program may take."""

from __future__ import annotations

import math

from msgspec import Struct

from pilothouse.sandbox.inside.job import Bounds

_MB = 1 << 20


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of one program. Reaching one ends the program, or makes the call fail that would go beyond."""

    timeout_s: float = 10.0
    """Wall clock, start to end, tests included."""
    memory_mb: int = 512
    """Of one process; all its processes together may hold twice of it."""
    disk_mb: int = 16
    """Of one file and of all files together."""
    inodes: int = 1_000
    """Files and folders."""
    open_files: int = 64
    processes: int = 32
    """Threads count as well."""
    output_kb: int = 64
    """Kept of stdout and of stderr each."""
    most_output_mb: int = 16
    """A program that prints more is ended."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be more than 0")
        if self.memory_mb < 64:
            raise ValueError("memory_mb must be 64 or more: Python alone takes 30")

    def bounds(self, *, is_address_space_bound: bool) -> Bounds:
        """In the words of the far side. Programs that reserve far more than they use (node) have only their
        writable memory bound."""
        return Bounds(
            wall_s=self.timeout_s,
            cpu_s=math.ceil(self.timeout_s) + 1,
            memory=self.memory_mb * _MB,
            is_address_space_bound=is_address_space_bound,
            disk=self.disk_mb * _MB,
            inodes=self.inodes,
            open_files=self.open_files,
            processes=self.processes,
            head=self.output_kb << 10,
            most_output=self.most_output_mb * _MB,
        )
