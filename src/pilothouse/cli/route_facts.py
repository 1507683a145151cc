"""Request facts as options of a command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import click

from pilothouse.core.errors import InvalidInput
from pilothouse.core.facts import Facts

F = TypeVar("F", bound=Callable[..., Any])

_FLAGS = {
    "stream": "It is streamed.",
    "tools": "It comes with tools.",
    "images": "It comes with images.",
    "audio": "It comes with audio.",
    "files": "It comes with documents or films.",
    "code": "It is about code.",
    "json-output": "It asks for JSON.",
    "thinking": "It asks for reasoning.",
}
_FACT_OF_FLAG = {
    "tools": "has_tools",
    "images": "has_images",
    "audio": "has_audio",
    "files": "has_files",
    "code": "has_code",
    "json_output": "wants_json",
    "thinking": "wants_thinking",
}
_COUNTS = ("input-tokens", "max-output-tokens", "messages")
_TEXTS = {
    "subject": "Whose choice stays: a user.",
    "conversation": "Whose choice stays: a conversation.",
    "key": "The caller's key id.",
    "team": "The key's team.",
    "tag": "The kind of work (x-pilothouse-tag).",
    "script": "Of the last message: latin, han, ...",
    "dialect": "The caller's format.",
    "request-id": "Hashed when there is no subject.",
}


def fact_options(command: F) -> F:
    """Adds an option a fact; `facts_from` reads them."""
    command = click.option(
        "--metadata", multiple=True, metavar="NAME=VALUE", help="A tag; may be given several times."
    )(command)
    for name, text in reversed(_TEXTS.items()):
        command = click.option(f"--{name}", metavar="TEXT", help=text)(command)
    for name, text in reversed(_FLAGS.items()):
        command = click.option(f"--{name}", is_flag=True, help=text)(command)
    for name in reversed(_COUNTS):
        command = click.option(f"--{name}", type=click.IntRange(min=0), metavar="N")(command)
    return command


def facts_from(model: str, given: dict[str, Any]) -> Facts:
    """Raises `InvalidInput` on metadata without a value."""
    values = {_FACT_OF_FLAG.get(name, name): value for name, value in given.items()}
    values["key_id"] = values.pop("key")
    values["request_id"] = values["request_id"] or "example"
    values["metadata"] = dict(_tag(text) for text in cast("tuple[str, ...]", values["metadata"]))
    return Facts(model=model, **values)


def _tag(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise InvalidInput(f'--metadata: "{text}" is not NAME=VALUE, e.g. tier=gold')
    return name, value
