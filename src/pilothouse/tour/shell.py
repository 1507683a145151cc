"""Runs the product's own commands as a person would, and shows what they print."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PILOTHOUSE = (sys.executable, "-m", "pilothouse")


class TourFailed(Exception):
    """A step did not end as it must; the message is for a person."""


def say(text: str) -> None:
    """One line of explanation."""
    print(text, flush=True)


def title(text: str) -> None:
    """A step's headline."""
    print(f"\n{text}\n{'=' * len(text)}", flush=True)


def show(
    *args: str, folder: Path, exits: Sequence[int] = (0,), most_lines: int | None = None
) -> str:
    """Run `pilothouse ARGS` in `folder`, print command and output, and return the output.

    Raises `TourFailed` when the exit code is not one of `exits`.
    """
    print(f"\n$ pilothouse {' '.join(args)}", flush=True)
    done = subprocess.run(
        [*PILOTHOUSE, *args],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    lines = done.stdout.splitlines()
    shown = lines if most_lines is None else lines[:most_lines]
    print("\n".join(shown))
    if len(shown) < len(lines):
        print(f"... ({len(lines) - len(shown)} more lines)")
    if done.returncode not in exits:
        raise TourFailed(f"`pilothouse {' '.join(args)}` ended with exit code {done.returncode}")
    say(f"(exit code {done.returncode})")
    return done.stdout


def begin(*args: str, folder: Path) -> subprocess.Popen[str]:
    """Start `pilothouse ARGS` in `folder` in the background, its output in a pipe."""
    print(f"\n$ pilothouse {' '.join(args)} &", flush=True)
    return subprocess.Popen(
        [*PILOTHOUSE, *args],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def environment() -> dict[str, str]:
    """This process's environment, with UTF-8 output that is not held back."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
