"""Two generations of the vendors' SDKs against one running gateway with fake vendors behind it.

Makes an environment for each generation (once, in `.sdk-envs/`, from the package registry), starts
`pilothouse serve`, runs tests/sdk_client.py in each, prints the matrix. Exit 1 when a cell is not well.
`--json` for machines.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import subprocess
import sys
import venv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "server"))

from fake_vendors import FakeVendors
from vendor_gateway import DIALECTS, HAPPENINGS, ROWS

ROOT = Path(__file__).parent.parent
GENERATIONS = {
    "old": ("openai==2.54.0", "anthropic==0.125.0", "google-genai==1.75.0"),
    "new": (
        "openai==3.54.0",
        "anthropic==2.12.0",
        "google-genai==3.4.0",
        "langchain-openai",
        "pydantic-ai-slim[openai]",
    ),
}
ENVS = ROOT / ".sdk-envs"
Found = dict[str, dict[str, str]]


def python_of(generation: str) -> Path:
    """The interpreter of a generation's environment, made when it is not there or its pins have changed."""
    folder = ENVS / generation
    pins = "\n".join(GENERATIONS[generation])
    stamp = folder / "pins.txt"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != pins:
        print(f"installing the {generation} generation into {folder} (once) ...", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *GENERATIONS[generation]], check=True)
        stamp.write_text(pins, encoding="utf-8")
    return python


def configuration(vendors_url: str, folder: Path) -> Path:
    """A pilothouse.yaml in `folder` with a route for everything the fake vendors do.

    What refuses or limits its key has a provider of its own: the key rests afterwards.
    """
    providers: dict[str, object] = {}
    targets: dict[str, object] = {}
    routes: dict[str, object] = {}
    for vendor, what in itertools.product(DIALECTS, HAPPENINGS):
        kind, prefix = ROWS[vendor]
        provider = f"{vendor}-{what}" if what.startswith("error-4") else vendor
        at = {"base_url": vendors_url + prefix, "dialect": vendor, "key_env": "FAKE_VENDOR_KEY"}
        providers[provider] = {"kind": kind, **at}
        targets[f"{vendor}-{what}-target"] = {"provider": provider, "model": what}
        once = {"policy": "fallback", "retries": {"attempts_per_target": 1}}
        routes[f"{vendor}-{what}"] = {**once, "targets": [f"{vendor}-{what}-target"]}
    file = folder / "pilothouse.yaml"
    whole = {"providers": providers, "targets": targets, "routes": routes}
    file.write_text(yaml.safe_dump(whole), encoding="utf-8")
    return file


@asynccontextmanager
async def served() -> AsyncIterator[str]:
    """The address of a gateway process before fake vendors."""
    async with FakeVendors() as vendors:
        with TemporaryDirectory() as folder:
            file = configuration(vendors.url, Path(folder))
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "pilothouse", "serve", str(file)),
                *("--port", "0", "--json"),
                stdout=subprocess.PIPE,
                env={**os.environ, "FAKE_VENDOR_KEY": "sk-fake"},
            )
            assert process.stdout is not None
            try:
                line = await asyncio.wait_for(process.stdout.readline(), 20)
                yield json.loads(line)["url"]
            finally:
                if process.returncode is None:
                    process.terminate()
                await process.wait()


async def ask(generation: str, python: Path, url: str) -> Found:
    """What the generation's client found."""
    process = await asyncio.create_subprocess_exec(
        *(str(python), str(ROOT / "tests" / "sdk_client.py"), url),
        stdout=subprocess.PIPE,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"the client of the {generation} generation broke: see above")
    return json.loads(out)


async def collect(generations: list[str]) -> dict[str, Found]:
    """All generations against one gateway, one after the other."""
    pythons = {generation: python_of(generation) for generation in generations}
    async with served() as url:
        return {g: await ask(g, python, url) for g, python in pythons.items()}


def show(found: dict[str, Found]) -> int:
    """The table, and below it what is not well. Gives the number of cells that are not."""
    bad: list[str] = []
    print("".join(["client".ljust(22), *[d.ljust(21) for d in DIALECTS]]) + " <- vendor behind it")
    for generation, cells in found.items():
        print(f"{generation}: {', '.join(GENERATIONS[generation])}")
        for client in dict.fromkeys(name.split(" ")[0] for name in cells):
            row = [f"  {client} ".ljust(22)]
            for vendor in DIALECTS:
                checks = cells[f"{client} {vendor}"]
                well = sum(said == "ok" for said in checks.values())
                row.append(f"{well}/{len(checks)} ok".ljust(21))
                failed = {name: said for name, said in checks.items() if said != "ok"}
                bad += [f"{generation} {client} -> {vendor}: {n}: {s}" for n, s in failed.items()]
            print("".join(row).rstrip())
    print("\n".join(bad) if bad else "every check is well")
    return len(bad)


def main() -> int:
    """Print, and say whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="what was found as one JSON object")
    parser.add_argument("--only", choices=list(GENERATIONS), help="one generation")
    given = parser.parse_args()
    found = asyncio.run(collect([given.only] if given.only else list(GENERATIONS)))
    if given.json:
        print(json.dumps(found))
        return int(any(s != "ok" for f in found.values() for c in f.values() for s in c.values()))
    return int(show(found) > 0)


if __name__ == "__main__":
    sys.exit(main())
