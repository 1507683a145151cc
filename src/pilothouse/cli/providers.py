"""`pilothouse providers`: which vendors and servers are known, how they are reached, what they do."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from pilothouse.cli.output import bold, print_json, print_table
from pilothouse.providers._address import settings_wanted
from pilothouse.providers._capabilities import (
    ABILITIES,
    FormatAbilities,
    Said,
    abilities,
    capability_table,
    with_abilities,
)
from pilothouse.providers._rows import ProviderRow, all_rows, row

_SHORT = {
    "streaming": "stream",
    "parallel_tools": "par.tools",
    "audio_in": "audio",
    "json_schema": "schema",
    "json_object": "json",
    "reasoning": "reason",
    "prompt_caching": "cache",
    "embeddings": "embed",
}
_OTHER_KEYS = {"sigv4": "AWS keys", "google_oauth": "Google credentials"}
_MARK = {"yes": "yes", "partly": "part", "no": "-"}


@click.group()
def command() -> None:
    """Vendors and servers that are known: addresses, keys, formats, abilities.

    \b
    Example:
      pilothouse providers show bedrock
    """


@command.command("list")
@click.option("--own-machines", is_flag=True, help="Only servers that run on your own machines.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def list_providers(own_machines: bool, as_json: bool) -> int:
    """One line a provider: its key's usual variable, its formats, best first.

    \b
    Example:
      pilothouse providers list --own-machines
    """
    found = {n: r for n, r in all_rows().items() if r.is_own_machine or not own_machines}
    if as_json:
        print_json([_as_json(name, one) for name, one in found.items()])
        return 0
    print_table(
        ["provider", "title", "key", "formats"],
        [[n, r.title, _usual_key(r), " ".join(r.endpoints)] for n, r in found.items()],
    )
    click.echo(f"\n{len(found)} providers; pilothouse providers show NAME tells more")
    return 0


@command.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def show(name: str, as_json: bool) -> int:
    """Addresses, settings, abilities and sources of one provider.

    \b
    Example:
      pilothouse providers show mistral
    """
    found = row(name)
    if as_json:
        print_json(_as_json(name, found))
        return 0
    _print_facts(name, found)
    for dialect, endpoint in found.endpoints.items():
        click.echo(
            f"\n{bold(dialect)}  {endpoint.base_url or found.base_url or 'base_url'}{endpoint.path}"
        )
        if endpoint.renames:
            renamed = ", ".join(f"{old} as {new}" for old, new in endpoint.renames.items())
            click.echo(f"  renames: {renamed}")
        if endpoint.drops:
            click.echo(f"  does not take: {', '.join(endpoint.drops)}")
        if dialect in found.capabilities:
            _print_abilities(abilities(found, dialect))
    click.echo(f"\n{bold('from')}")
    for source in found.docs:
        day = f"read {source.looked_at}" if source.looked_at else "not read"
        click.echo(f"  {source.url}  ({source.about}; {day})")
    if found.memory:
        click.echo(f"  memory, not a page: {', '.join(found.memory)}")
    return 0


@command.command()
@click.argument("names", nargs=-1)
@click.option(
    "--can", "wanted", multiple=True, metavar="ABILITY", help="Only what does this; repeatable."
)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def capabilities(names: tuple[str, ...], wanted: tuple[str, ...], as_json: bool) -> int:
    """What each provider does in each format; exit 1 when none does what is wanted.

    \b
    Example:
      pilothouse providers capabilities --can audio_in --can json_schema
    """
    for name in names:
        row(name)
    table = with_abilities(capability_table(names or None), wanted)
    if as_json:
        print_json(table)
    elif table:
        _print_matrix(table)
    else:
        click.echo("no provider does all of that in one format")
    return 0 if table else 1


def _print_facts(name: str, found: ProviderRow) -> None:
    click.echo(f"{bold(name)}  {found.title}")
    click.echo(f"  address   {found.base_url or 'yours: set base_url'}")
    ways = [found.auth, *found.other_auth]
    click.echo(
        f"  signed    {', or '.join(ways)}{' (may be left out)' if found.is_key_optional else ''}"
    )
    if found.key_env:
        click.echo(f"  key       {' or '.join(found.key_env)}")
    wanted = {s for dialect in found.endpoints for s in settings_wanted(found, dialect)}
    for setting in sorted(wanted):
        usual = found.settings_env.get(setting)
        default = found.defaults.get(setting)
        said = [f"usually {usual}" if usual else "", f"default {default}" if default else ""]
        click.echo(f"  setting   {setting}  {', '.join(s for s in said if s)}".rstrip())
    if found.model_ids.example:
        click.echo(f"  models    {found.model_ids.example}")


def _print_abilities(said: dict[str, Said]) -> None:
    does = [name for name, one in said.items() if one.does == "yes"]
    does_not = [name for name, one in said.items() if one.does == "no"]
    click.echo(f"  does: {', '.join(does) or '-'}")
    for name, one in said.items():
        if one.note:
            click.echo(f"  partly: {name} ({one.note})")
    click.echo(f"  does not: {', '.join(does_not) or '-'}")


def _print_matrix(table: list[FormatAbilities]) -> None:
    header = ["provider", "format", *(_SHORT.get(name, name) for name in ABILITIES)]
    rows = [
        [one.provider, one.dialect, *(_MARK[one.abilities[name].does] for name in ABILITIES)]
        for one in table
    ]
    print_table(header, rows)
    click.echo("\npart = partly: pilothouse providers show NAME tells how far")


def _usual_key(found: ProviderRow) -> str | None:
    if found.auth in _OTHER_KEYS:
        return _OTHER_KEYS[found.auth]
    return found.key_env[0] if found.key_env else None


def _as_json(name: str, found: ProviderRow) -> dict[str, Any]:
    said = {dialect: abilities(found, dialect) for dialect in found.endpoints}
    return {"name": name, **msgspec.to_builtins(found), "capabilities": said}
