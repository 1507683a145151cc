"""Meets every fault of tests/server/faults.py and of tests/app/house_faults.py, and prints the outcomes seen.

A vendor's fault four times: whole and streamed, by a target alone and by one with another behind; then what can
go wrong around a gateway, once each with a real process. Exit 1 when an
outcome is not the stated one. `--json` for machines.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "server"))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "app"))

import house_faults
from faults import FAULTS, Fault, outcome
from self_made import self_made_tls

COLUMNS = ("whole, alone", "streamed, alone", "whole, second behind", "streamed, second behind")


def seen(fault: Fault) -> list[str]:
    """The outcomes in the order of `COLUMNS`."""
    tls = self_made_tls()
    return [
        asyncio.run(outcome(fault, stream=stream, has_next=has_next, tls=tls))
        for has_next in (False, True)
        for stream in (False, True)
    ]


def main() -> int:
    """Print, and say whether all is as stated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    as_json = parser.parse_args().json
    wrong = 0
    widths = (max(len(fault.name) for fault in FAULTS), 32, 32, 32, 32)
    if not as_json:
        print(_line(("fault", *COLUMNS), widths))
    for fault in FAULTS:
        stated = [fault.whole, fault.stream, fault.whole_next, fault.stream_next]
        got = seen(fault)
        wrong += sum(a != b for a, b in zip(got, stated, strict=True))
        if as_json:
            print(json.dumps({"fault": fault.name, "stated": stated, "seen": got}), flush=True)
            continue
        shown = [g if g == s else f"{g} (NOT {s})" for g, s in zip(got, stated, strict=True)]
        print(_line((fault.name, *shown), widths), flush=True)
    if not as_json:
        print(f"{len(FAULTS)} faults, {4 * len(FAULTS)} outcomes, {wrong} not as stated")
    wrong += around(as_json)
    return 1 if wrong else 0


def around(as_json: bool) -> int:
    """The faults around a gateway, one outcome each; how many are not as stated."""
    wrong = 0
    for fault in house_faults.FAULTS:
        try:
            got = house_faults.outcome(fault)
        except house_faults.NotHere as error:
            got = f"not met here: {error}"
        else:
            wrong += got != fault.stated
        if as_json:
            print(
                json.dumps({"fault": fault.name, "stated": fault.stated, "seen": got}), flush=True
            )
        else:
            print(
                f"{fault.name}: {got}{'' if got == fault.stated else f' (NOT {fault.stated})'}",
                flush=True,
            )
    return wrong


def _line(cells: tuple[str, ...], widths: tuple[int, ...]) -> str:
    return "  ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)).rstrip()


if __name__ == "__main__":
    sys.exit(main())
