"""What a key may be given on the command line, and how the texts are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar, get_args

import click
from msgspec import UNSET, structs

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.keys import KeyScope
from pilothouse.core.limits import Budget, Limits, Per
from pilothouse.watch.when import ahead_us

F = TypeVar("F", bound=Callable[..., Any])
_NONE = "none"
_MOST_DIGITS = 18


def key_options(command: F) -> F:
    """What a key may be given; the same on `create` and `set`."""
    options = (
        click.option("--team", metavar="NAME", help="Whose limits and budgets count too."),
        click.option(
            "--model",
            "models",
            multiple=True,
            metavar="GLOB",
            help="A route or model it may ask for, e.g. support or gpt-*; may be given several times.",
        ),
        click.option(
            "--scope",
            "scopes",
            multiple=True,
            type=click.Choice(get_args(KeyScope)),
            help="What it is for: call models, or admin keys.",
        ),
        click.option(
            "--limit",
            "limits",
            multiple=True,
            metavar="NAME=N",
            help=f"One of {', '.join(Limits.__struct_fields__)}; `none` takes it away.",
        ),
        click.option(
            "--budget",
            "budgets",
            multiple=True,
            metavar="USD/PER",
            help="Money per day, month or total, e.g. 50/month; `none/month` takes it away.",
        ),
        click.option(
            "--expires", metavar="TIME", help="In a span (30d), or a date and time in UTC; or none."
        ),
        click.option(
            "--meta", multiple=True, metavar="NAME=TEXT", help="Whatever you like to note."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def limits_from(before: Limits, given: Sequence[str]) -> Limits:
    """`name=number` texts on top of the limits that are. Raises `InvalidInput`."""
    values: dict[str, int | None] = structs.asdict(before)
    for text in given:
        name, _, number = text.partition("=")
        if name not in values:
            hint = did_you_mean(name, values) or f" Known: {', '.join(values)}."
            raise InvalidInput(f'--limit {text}: no limit "{name}".{hint}')
        if number == _NONE:
            values[name] = None
        elif number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS:
            values[name] = int(number)
        else:
            raise InvalidInput(
                f'--limit {text}: "{number}" is no number; write {name}=100, or {name}=none'
            )
    return Limits(**values)


def budgets_from(before: Sequence[Budget], given: Sequence[str]) -> tuple[Budget, ...]:
    """`usd/per` texts on top of the budgets that are. Raises `InvalidInput`."""
    found: dict[Per, Budget] = {budget.per: budget for budget in before}
    known: dict[str, Per] = {per: per for per in get_args(Per)}
    for text in given:
        amount, _, per = text.partition("/")
        if per not in known:
            raise InvalidInput(
                f"--budget {text}: write USD/PER with PER one of {', '.join(known)}: 50/month"
            )
        if amount == _NONE:
            found.pop(known[per], None)
            continue
        try:
            found[known[per]] = Budget(usd=Decimal(amount), per=known[per])
        except InvalidOperation:
            raise InvalidInput(
                f'--budget {text}: "{amount}" is no amount of USD; write 50/month'
            ) from None
    return tuple(found.values())


def metadata_from(before: dict[str, str], given: Sequence[str]) -> dict[str, str]:
    """`name=text` pairs on top of those that are. Raises `InvalidInput`."""
    found = dict(before)
    for text in given:
        name, mark, value = text.partition("=")
        if not name or not mark:
            raise InvalidInput(f"--meta {text}: write NAME=TEXT")
        found[name] = value
    return found


def expiry_from(text: str | None, moment_us: int) -> datetime | None:
    """When a key ends; None = never. Raises `InvalidInput`."""
    if text is None or text == _NONE:
        return None
    at_us = ahead_us(text, moment_us)
    try:
        return datetime.fromtimestamp(at_us / 1e6, tz=UTC)
    except (OverflowError, ValueError):
        raise InvalidInput(
            f"--expires {text}: no calendar goes that far; write none for never"
        ) from None


def name_or_none(text: str | None) -> Any:
    """Not given, taken away, or a name."""
    if text is None:
        return UNSET
    return None if text == _NONE else text
