"""Step 4: one rollout twice over recorded traffic: healthy, then with a fault, a SIGKILL, a restart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from pilothouse.tour.shell import (
    PILOTHOUSE,
    TourFailed,
    begin,
    environment,
    say,
    show,
    title,
)

FAULTY = ("migrate", "rehearse", "rollout-faulty.yaml", "--fault", "errors=0.3@25%")


def step(folder: Path) -> None:
    """Healthy: 5 -> 25 -> 50 -> 100 %. Faulty: rolls back by itself and stays rolled back."""
    title("4/5 migrate: 5 -> 25 -> 50 -> 100 %, guarded by a test that may be looked at all day")
    say("A plan to review, with the shares of the guide and guards of ours:")
    arms = ("--from", "mixtral-8x7b", "--to", "gpt-4-1106-preview", "--route", "support-recorded")
    show("migrate", "plan", *arms, "-o", "planned.yaml", folder=folder)
    say(
        "\nHealthy: recorded traffic on a simulated clock, from mixtral-8x7b to gpt-4-1106-preview."
    )
    show("migrate", "rehearse", "rollout.yaml", folder=folder)
    say("\nFaulty: from the 25 % stage on, 30 % of the new model's calls fail.")
    _rehearse_and_kill(folder)
    say("\nThe process is gone. A new one reads the state, and starting again changes nothing:")
    show("migrate", "status", "tour-faulty", folder=folder)
    show(*FAULTY, folder=folder, exits=(1,))
    show("migrate", "log", "tour-faulty", folder=folder)


def _rehearse_and_kill(folder: Path) -> None:
    """Start the faulty rehearsal and SIGKILL it as soon as its rollback is in the database."""
    process = begin(*FAULTY, "--linger-s", "60", folder=folder)
    try:
        _print_until_rolled_back(process, folder)
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        code = process.wait()
    say(f"$ kill -9 {process.pid}   (exit code {code})")


def _print_until_rolled_back(process: subprocess.Popen[str], folder: Path) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        say(line.rstrip())
        if "roll" in line and "back" in line:
            break
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        done = subprocess.run(
            [*PILOTHOUSE, "migrate", "status", "tour-faulty", "--json"],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0 and json.loads(done.stdout).get("status") == "rolled_back":
            return
    raise TourFailed("the faulty rollout was not rolled back")
