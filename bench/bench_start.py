"""From `pilothouse serve` to `listening`: one worker and four, beside the bare interpreter in the same run.

A new process each time, with bytecode and a database that are there already; the disk cache is warm. Leaves out
the first start of all, which makes both.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from pilothouse.cli.output import table

CONFIG = """\
providers:
  vendor: {kind: openai_compatible, base_url: "http://127.0.0.1:9/v1"}
targets:
  model: {provider: vendor, model: m}
server: {port: 0}
"""


def environment(folder: str) -> dict[str, str]:
    """With bytecode, as an installed package has it, whatever the caller's environment says of that."""
    given = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return given | {"PYTHONPYCACHEPREFIX": folder}


def start_ms(environ: dict[str, str], config: Path, *args: str) -> float:
    command = [sys.executable, "-m", "pilothouse", "serve", str(config), *args]
    started_s = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environ
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        took_ms = (time.perf_counter() - started_s) * 1e3
        process.terminate()
    if not line.startswith("listening"):
        raise SystemExit("the gateway did not start")
    return took_ms


def bare_ms() -> float:
    started_s = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return (time.perf_counter() - started_s) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="a few seconds")
    given = parser.parse_args()
    rounds = 2 if given.smoke else 12
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "pilothouse.yaml"
        config.write_text(CONFIG)
        environ = environment(folder)
        kinds = {
            "python -c pass": bare_ms,
            "serve": lambda: start_ms(environ, config),
            "serve --workers 4": lambda: start_ms(environ, config, "--workers", "4"),
        }
        found: dict[str, list[float]] = {name: [] for name in kinds}
        for number in range(rounds + 1):
            for name, once in kinds.items():  # in turn, so that a slow moment meets all of them
                took_ms = once()
                if number:  # the first warms up
                    found[name].append(took_ms)
    rows = [
        (f"{name}, ms", round(median(v)), round(min(v)), round(max(v))) for name, v in found.items()
    ]
    header = ("what", "median", "least", "most")
    if given.json:
        figures = [dict(zip(header, row, strict=True)) for row in rows]
        print(json.dumps({"rounds": rounds, "figures": figures}))
        return
    print(table(header, rows))


if __name__ == "__main__":
    main()
