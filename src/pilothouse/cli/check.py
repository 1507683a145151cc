"""`pilothouse check`: is this configuration good to start with?"""

from __future__ import annotations

import os
from pathlib import Path

import click

from pilothouse.app.config import load_config
from pilothouse.cli.output import print_json, print_table
from pilothouse.core.errors import InvalidInput


@click.command()
@click.argument("config", type=click.Path(path_type=Path), default="pilothouse.yaml")
@click.option("--no-keys", is_flag=True, help="Do not ask whether key variables are set.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def command(config: Path, no_keys: bool, as_json: bool) -> int:
    """Validate CONFIG without starting anything. Exit 0: good; 1: problems, all of them listed.

    \b
    Example:
      pilothouse check pilothouse.yaml
    """
    try:
        loaded = load_config(config, None if no_keys else os.environ)
    except InvalidInput as error:
        problems = str(error).splitlines()
        if as_json:
            print_json({"ok": False, "problems": problems})
        else:
            for problem in problems:
                click.echo(problem, err=True)
        return 1
    if as_json:
        print_json({"ok": True, "problems": []})
        return 0
    rows = [
        (name, spec.policy, " > ".join(f"{t.name} ({t.provider})" for t in spec.targets))
        for name, spec in loaded.routes.items()
    ]
    print_table(("route", "policy", "targets, in order"), rows)
    click.echo(f"{config} is good. Start it with: pilothouse serve {config}")
    return 0
