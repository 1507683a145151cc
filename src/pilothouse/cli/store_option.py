"""`--store`, the same on every command that reads the database, and the filters over calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, get_args

import click

from pilothouse.app.compose import now_us
from pilothouse.app.stores import StoreAddress, store_address
from pilothouse.core.call import Source
from pilothouse.core.errors import InvalidInput
from pilothouse.core.keys import KeyStore
from pilothouse.core.ports import CallFilter
from pilothouse.watch.when import when_us

F = TypeVar("F", bound=Callable[..., Any])

_FIELDS = (
    *("route", "arm", "target", "model", "source", "run", "rollout"),
    *("key", "team", "tag"),
)


class _StoreType(click.ParamType):  # pyright: ignore[reportMissingTypeArgument] - generic in new clicks only
    """A file or a URL. What is refused is not shown again: it may hold a password."""

    name = "PATH|URL"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> StoreAddress:
        if not isinstance(value, str):
            return value
        try:
            return store_address(value)
        except InvalidInput as error:
            self.fail(str(error), param, ctx)


def store_option(command: F) -> F:
    """Adds `--store PATH|URL`, given to the command as `store: StoreAddress`."""
    return click.option(
        "--store",
        type=_StoreType(),
        default="pilothouse.db",
        show_default=True,
        envvar="PILOTHOUSE_STORE",
        show_envvar=True,
        help="The database: a SQLite file, or postgresql://USER@HOST/DATABASE (password: PGPASSWORD).",
    )(command)


def call_filters(command: F) -> F:
    """Adds one option a field, and `--since`/`--until`; `filter_from` reads them."""
    for text in ("until", "since"):
        command = click.option(
            f"--{text}",
            metavar="TIME",
            help=f"Only calls {text} then: an age (1h, 7d), a date, or a date and time in UTC.",
        )(command)
    for field in reversed(_FIELDS):
        known = click.Choice(get_args(Source)) if field == "source" else None
        command = click.option(
            f"--{field}", type=known, metavar=None if known else "NAME", help=f"Only this {field}."
        )(command)
    return command


def filter_from(given: dict[str, str | None], keys: KeyStore) -> CallFilter:
    """What `call_filters` and further options named as `CallFilter` fields gave.

    `keys` knows the id of a key that was given by its name. Raises `InvalidInput` on a time that is none,
    and where there is no such key.
    """
    values: dict[str, Any] = dict(given)
    for name in ("run", "rollout", "key"):
        values[f"{name}_id"] = values.pop(name, None)
    if values["key_id"] is not None:
        values["key_id"] = _key_id(values["key_id"], keys)
    for name in ("since", "until"):
        text = values.pop(name, None)
        values[f"{name}_us"] = when_us(text, now_us()) if text else None
    return CallFilter(**values)


def _key_id(id_or_name: str, keys: KeyStore) -> str:
    found = keys.key(id_or_name)
    if found is None:
        raise InvalidInput(f'no key is called "{id_or_name}" (list them: pilothouse keys list)')
    return found.id
