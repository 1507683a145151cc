"""`pilothouse guards`: the configured guards, and what each would do to a text."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click
from msgspec import Struct

from pilothouse.app.config import load_config
from pilothouse.app.guarding import open_guards
from pilothouse.cli.output import print_json, print_table
from pilothouse.client.guarding import Guarding
from pilothouse.core.answer import Answer
from pilothouse.core.errors import InvalidInput, NotFound, did_you_mean
from pilothouse.core.guard import Blocked, Note
from pilothouse.core.request import Message, Request

_config_argument = click.argument("config", type=click.Path(path_type=Path))
_json_option = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")


class Tried(Struct, frozen=True, kw_only=True):
    """What all guards of a route made of one text."""

    route: str
    guards: list[str]
    done: list[tuple[str, Note]]
    is_blocked: bool
    reason: str | None
    text: str | None
    """As it would go on; None = not at all."""


@click.group()
def command() -> None:
    """What looks at questions and answers, and what it would do.

    \b
    Example:
      pilothouse guards test pilothouse.yaml --route support --text "I am ann@example.com"
    """


@command.command("list")
@_config_argument
@_json_option
def list_guards(config: Path, as_json: bool) -> int:
    """One line a guard, in order: the first stands next to the caller.

    \b
    Example:
      pilothouse guards list pilothouse.yaml
    """
    rows = load_config(config).guards
    if as_json:
        print_json([row.config for row in rows])
        return 0
    print_table(
        ("guard", "kind", "looks at", "does", "routes", "keys", "teams"),
        [
            (
                row.config.name,
                row.config.kind,
                row.on,
                row.action,
                ", ".join(row.routes) or "all",
                ", ".join(row.config.keys) or "all",
                ", ".join(row.config.teams) or "all",
            )
            for row in rows
        ],
    )
    return 0


@command.command()
@_config_argument
@click.option("--route", required=True, help="A route, alias or target of CONFIG.")
@click.option("--text", help="What is looked at.")
@click.option("--file", type=click.Path(path_type=Path), help="A file with it instead.")
@click.option("--key", help="As if asked with the virtual key of this name.")
@click.option("--team", help="As if asked by this team.")
@click.option("--as-answer", is_flag=True, help="As an answer, not as a question.")
@_json_option
def test(
    config: Path,
    route: str,
    text: str | None,
    file: Path | None,
    key: str | None,
    team: str | None,
    as_answer: bool,
    as_json: bool,
) -> int:
    """What the guards of a route would do to a text. Nobody is asked. Exit 1: it would be blocked.

    \b
    Example:
      pilothouse guards test pilothouse.yaml --route support --text "I am ann@example.com"
      pilothouse guards test pilothouse.yaml --route support --file letter.txt --as-answer
    """
    if (text is None) == (file is None):
        raise InvalidInput("give either --text or --file")
    loaded = load_config(config, os.environ)
    name = loaded.aliases.get(route, route)
    if name not in loaded.routes:
        known = [*loaded.routes, *loaded.aliases]
        raise NotFound(f'{config} has no route "{route}".{did_you_mean(route, known)}')
    book = open_guards(loaded.guards, os.environ)
    guarding = Guarding(book.chain(name, key, team) if book is not None else ())
    said = text if text is not None else _read(file)
    found = asyncio.run(_tried(guarding, name, said, as_answer=as_answer))
    if as_json:
        print_json(found)
    else:
        _tell(found)
    return 1 if found.is_blocked else 0


async def _tried(guarding: Guarding, route: str, text: str, *, as_answer: bool) -> Tried:
    question = "" if as_answer else text
    request = Request(model=route, messages=(Message.of_text("user", question),))
    found: Request | Answer | Blocked = await guarding.before(request)
    if as_answer and not isinstance(found, Blocked):
        found = await guarding.after(Answer.of_text(text))
    is_blocked = isinstance(found, Blocked)
    after = None
    if isinstance(found, Answer):
        after = found.text
    elif isinstance(found, Request):
        after = found.messages[0].text
    return Tried(
        route=route,
        guards=[one.name for one in guarding.chain],
        done=[(done.guard, done.note) for done in guarding.notes],
        is_blocked=is_blocked,
        reason=found.reason if isinstance(found, Blocked) else None,
        text=after,
    )


def _tell(found: Tried) -> None:
    if not found.guards:
        click.echo(f"No guard looks at {found.route}.")
        return
    rows = [(guard, note.deed, note.count, note.what or None) for guard, note in found.done]
    print_table(("guard", "does", "times", "what"), rows)
    click.echo(found.reason if found.is_blocked else f"Goes on as: {found.text}")


def _read(path: Path | None) -> str:
    assert path is not None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path}: cannot be read as text ({type(error).__name__})") from None
