"""The 28 wire facts, fact by fact: what the gateway must do on the wire, and whether it does.

    make wire-facts

Each was seen at a vendor, an SDK or another gateway, and is a test (or several) in tests/server/test_wire_facts.py;
this runs them and prints one line for each fact. Exit code 1 when one does not hold.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

FACTS = Path(__file__).parent.parent / "tests" / "server" / "test_wire_facts.py"
NAME = re.compile(r"test_(\d\d)_(\w+)")
COUNT = 28


class Table:
    """A pytest plugin that keeps how each test of a fact ended."""

    def __init__(self) -> None:
        self.ended: dict[int, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Once for each test that ran or could not be set up."""
        match = NAME.search(report.nodeid)
        if match and (report.when == "call" or report.failed or report.skipped):
            self.ended[int(match[1])][match[2].replace("_", " ")].append(report.passed)


def main() -> int:
    """Run all, print the table."""
    table = Table()
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main(["-q", str(FACTS)], [table])
    holds = True
    for number in range(1, COUNT + 1):
        found = table.ended.get(number)
        if not found:
            print(f"{number:2}  NOT TESTED")
            holds = False
            continue
        for sentence, passed in found.items():
            verdict = "holds" if all(passed) else f"FAILS ({passed.count(False)} cases)"
            holds &= all(passed)
            print(f"{number:2}  {verdict:6} {len(passed):4} cases  {sentence}")
    print("all facts hold" if holds else "not all facts hold")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
