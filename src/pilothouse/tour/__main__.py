"""The five steps, in order, in a folder of their own."""

from __future__ import annotations

import shutil
import sys
import time
from importlib import resources
from pathlib import Path

from pilothouse.core.errors import PilothouseError
from pilothouse.tour import gateway, rollout
from pilothouse.tour.shell import TourFailed, say, show, title


def main() -> int:
    """Walk all five steps. Exit code 0 when each ended as it must, else 1."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "tour").resolve()
    started_s = time.monotonic()
    _fresh(folder)
    say(f"Everything below is written to {folder.name}/: look inside afterwards.")
    try:
        _choose(folder)
        _prove(folder)
        gateway.step(folder)
        rollout.step(folder)
        _watch(folder)
    except (TourFailed, PilothouseError) as error:
        print(f"\nThe tour stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    say(f"\nThe tour is over ({time.monotonic() - started_s:.0f} s). Next: README.md, and")
    say("  pilothouse --help")
    return 0


def _fresh(folder: Path) -> None:
    """An empty folder with the tour's own files in it."""
    if folder.exists() and not (folder / ".pilothouse-tour").exists() and any(folder.iterdir()):
        print(f"{folder} is not empty and not a tour's folder: name another", file=sys.stderr)
        raise SystemExit(2)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / ".pilothouse-tour").touch()
    for file in resources.files("pilothouse.tour").joinpath("files").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())


def _choose(folder: Path) -> None:
    title("1/5 choose: from a need to a shortlist that can defend itself")
    say("A team's need from the model selection guide, answered as of the guide's own date.")
    show("choose", "need-support-2025.yaml", "--out", "chosen-2025", folder=folder, most_lines=34)
    say("\nA need of today: tools, structured output, long context, a budget.")
    show("choose", "need-support-today.yaml", "--out", "chosen", folder=folder, most_lines=34)
    say("Decision record (Markdown and JSON) and a ready poc.yaml are in tour/chosen/.")


def _prove(folder: Path) -> None:
    title("2/5 prove: real recorded answers of two models to 1,319 GSM8K questions")
    say("Our grader reads each answer's text; the published labels are 85.67 % and 63.84 %.")
    show("prove", "poc.yaml", "--out", "proof", folder=folder)
    say("\nThe same without the 12 prompts listed as contaminated: 85.77 % and 63.73 %.")
    show("prove", "poc-clean.yaml", "--out", "proof-clean", folder=folder, most_lines=16)


def _watch(folder: Path) -> None:
    title("5/5 watch: one table holds every attempt of the steps above")
    show("costs", "--by", "source", "--by", "model", folder=folder)
    show("costs", "--by", "route", "--by", "arm", "--by", "day", folder=folder)
    show("calls", "--status", "error", "--limit", "5", folder=folder)


if __name__ == "__main__":
    sys.exit(main())
