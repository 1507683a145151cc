"""How long `import pilothouse` takes in a new process, beside `import json` in the same run.

Cumulative time of the named module as `python -X importtime` says; the interpreter's own start is left out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from statistics import median

from pilothouse.cli.output import table


def import_ms(module: str) -> float:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {module}"],
        capture_output=True,
        text=True,
        check=True,
    )
    for line in reversed(done.stderr.splitlines()):
        _, cumulative_us, name = line.removeprefix("import time:").split("|")
        if name.strip() == module:
            return int(cumulative_us) / 1000
    raise SystemExit(f"{module} was not imported")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="a few seconds")
    given = parser.parse_args()
    rounds = 3 if given.smoke else 15
    modules = ("pilothouse", "pilothouse.cli.main", "json")
    found: dict[str, list[float]] = {module: [] for module in modules}
    for number in range(rounds + 1):
        for module in modules:  # in turn, so that a slow moment meets all of them
            took_ms = import_ms(module)
            if number:  # the first warms up
                found[module].append(took_ms)
    rows = [(f"import {m}, ms", round(median(v), 2), min(v), max(v)) for m, v in found.items()]
    if given.json:
        keys = ("what", "median", "least", "most")
        print(
            json.dumps(
                {"rounds": rounds, "figures": [dict(zip(keys, r, strict=True)) for r in rows]}
            )
        )
        return
    print(table(("what", "median", "least", "most"), rows))


if __name__ == "__main__":
    main()
