"""The main limits of a need as options: alone they make one, beside a file or template they win over it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar, cast, get_args

import click
import msgspec
from msgspec import Struct

from pilothouse.choose.read import Known, problems
from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.need import (
    Ability,
    Certification,
    Deployment,
    Kind,
    LatencyClass,
    Need,
    Nice,
)

C = TypeVar("C", bound=Callable[..., Any])
_SIZES = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}


class Flag(Struct, frozen=True, kw_only=True):
    """An option and the key of the need that it sets."""

    name: str
    key: str
    help: str
    read: Callable[[str], Any] = str
    """Raises `ValueError` with what would have been right."""
    is_many: bool = False
    metavar: str = "TEXT"


def size_of(text: str) -> int:
    """`128k` as 128000. Raises `ValueError` with what would have been right."""
    found = re.fullmatch(r"([0-9][0-9,_]*(?:[.][0-9]+)?)([kmb]?)", text.strip().lower())
    if found is None:
        raise ValueError('a number such as 128000, "128k" or "1.5M"')
    amount = Decimal(found[1].replace(",", "").replace("_", "")) * _SIZES[found[2]]
    if amount != int(amount):
        raise ValueError("a whole number")
    return int(amount)


def usd_amount(text: str) -> str:
    """`$1,200` as 1200. Raises `ValueError` with what would have been right."""
    plain = text.strip().removeprefix("$").replace(",", "")
    try:
        Decimal(plain)
    except InvalidOperation:
        raise ValueError("USD such as 250.00 (no other currency is held)") from None
    return plain


def _seconds(text: str) -> float:
    found = re.fullmatch(r"([0-9]*[.]?[0-9]+) ?(ms|s|)", text.strip().lower())
    if found is None:
        raise ValueError('seconds such as 2 or "500ms"')
    return float(found[1]) / (1000 if found[2] == "ms" else 1)


def day_of(text: str) -> str:
    """A day in ISO 8601. Raises `ValueError` with what would have been right."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("a day such as 2027-03-01") from None


def one_of(words: Sequence[str]) -> Callable[[str], str]:
    """A reader of one of these words. It raises `ValueError` with all of them and the nearest."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)}.{did_you_mean(text, words)}")
        return text

    return read


def _weight(text: str) -> tuple[str, float]:
    name, _, weight = text.partition("=")
    try:
        return one_of(Nice.__struct_fields__)(name.strip()), float(weight)
    except ValueError:
        names = ", ".join(Nice.__struct_fields__)
        raise ValueError(f"such as quality=3 (one of {names})") from None


FLAGS: tuple[Flag, ...] = (
    Flag(name="name", key="name", help="Stands over the record."),
    Flag(name="requests-per-day", key="volume_per_day", read=size_of, metavar="N", help="On average."),
    Flag(name="input-tokens", key="tokens.input", read=size_of, metavar="N", help="Of a mean request."),
    Flag(name="output-tokens", key="tokens.output", read=size_of, metavar="N", help="Of a mean answer."),
    Flag(name="longest-input", key="tokens.longest_input", read=size_of, metavar="N", help="Must fit."),
    Flag(name="task", key="tasks", is_many=True, help="What it is for: code, embeddings, ..."),
    Flag(name="within", key="must.latency.end_to_end_s", read=_seconds, metavar="SECONDS",
         help='The whole answer; "500ms" is understood.'),
    Flag(name="first-token-within", key="must.latency.ttft_s", read=_seconds, metavar="SECONDS",
         help="The first token."),
    Flag(name="latency", key="must.latency.category", read=one_of(get_args(LatencyClass)), metavar="CLASS",
         help="real_time, interactive, near_real_time or batch."),
    Flag(name="budget-month", key="must.budget.per_month_usd", read=usd_amount, metavar="USD",
         help="The most, for 30 days."),
    Flag(name="budget-request", key="must.budget.per_request_usd", read=usd_amount, metavar="USD",
         help="The most, for one request."),
    Flag(name="context", key="must.context_tokens", read=size_of, metavar="N", help='The least; "128k".'),
    Flag(name="reads", key="must.inputs", read=one_of(get_args(Kind)), is_many=True, metavar="KIND",
         help="text, image, pdf, audio, video."),
    Flag(name="requires", key="must.requires", read=one_of(get_args(Ability)), is_many=True, metavar="ABILITY",
         help="tools, structured_output, reasoning, ..."),
    Flag(name="language", key="must.languages", is_many=True, metavar="CODE", help="de, ja, ..."),
    Flag(name="deployment", key="must.deployment", read=one_of(get_args(Deployment)), metavar="PLACE",
         help="api, cloud, self_hosted, on_premises, edge, offline, any."),
    Flag(name="residency", key="must.privacy.residency", is_many=True, metavar="REGION",
         help="One of these regions: eu, us, ..."),
    Flag(name="certified", key="must.privacy.certifications", read=one_of(get_args(Certification)), is_many=True, metavar="NAME",
         help="hipaa, soc2, gdpr, iso27001, fedramp, pci."),
    Flag(name="vendor", key="must.vendors.allow", is_many=True, help="Only these."),
    Flag(name="not-vendor", key="must.vendors.deny", is_many=True, help="None of these."),
    Flag(name="host", key="must.hosts.allow", is_many=True, help="Only served by these: azure, ..."),
    Flag(name="lives-until", key="must.lives_until", read=day_of, metavar="DAY",
         help="Must not retire before."),
    Flag(name="lives-for", key="must.lives_for_days", read=size_of, metavar="DAYS",
         help="Must not retire within."),
    Flag(name="weigh", key="nice", read=_weight, is_many=True, metavar="CRITERION=WEIGHT",
         help="quality, cost, speed, context."),
)  # fmt: skip

SWITCHES: tuple[tuple[str, str, Any, str], ...] = (
    ("no-training", "must.privacy.no_training", True, "The host must not train on what it is sent."),
    ("open-weights", "must.open_weights", True, "Its weights must be open."),
    ("admit-unknown", "unknown", "admit", "Keep models of which nobody says whether they keep a limit."),
)  # fmt: skip


def need_flags(command: C) -> C:
    """Adds every flag to a click command; they arrive as keyword arguments."""
    for name, _, _, text in reversed(SWITCHES):
        command = click.option(f"--{name}", is_flag=True, help=text)(command)
    for flag in reversed(FLAGS):
        several = " Repeatable." if flag.is_many else ""
        command = click.option(
            f"--{flag.name}", multiple=flag.is_many, metavar=flag.metavar, help=flag.help + several
        )(command)
    return command


def needed(base: Need | None, given: Mapping[str, Any], known: Known) -> Need | None:
    """The need with what was given as options; None where there is neither a base nor an option.

    Raises `InvalidInput` that names the option.
    """
    said = _said(given)
    if not said:
        return base
    draft: dict[str, Any] = {"name": "my need"} if base is None else msgspec.to_builtins(base)
    if base is None:
        _check_enough(said)
    for key, value in said.items():
        *path, last = key.split(".")
        place = draft
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    try:
        need = msgspec.convert(draft, Need, strict=False)
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `$.")
        key = re.sub(r"\[.*", "", where.rstrip("`"))
        raise InvalidInput(f"{_option(key, said)}: {text}") from None
    if found := [f"{_option(key, said)}: {text}" for key, text in problems(need, known)]:
        raise InvalidInput("\n".join(found))
    return need


def _said(given: Mapping[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for flag in FLAGS:
        value = given.get(flag.name.replace("-", "_"))
        if not value:
            continue
        texts: list[str] = list(cast(tuple[str, ...], value)) if flag.is_many else [value]
        read = [_read(flag, text) for text in texts]
        if flag.key == "nice":
            said.update({f"nice.{name}": weight for name, weight in read})
        else:
            said[flag.key] = read if flag.is_many else read[0]
    for name, key, value, _ in SWITCHES:
        if given.get(name.replace("-", "_")):
            said[key] = value
    return said


def _read(flag: Flag, text: str) -> Any:
    try:
        return flag.read(text)
    except ValueError as error:
        raise InvalidInput(f'--{flag.name}: "{text}" is not {error}') from None


def _check_enough(said: Mapping[str, Any]) -> None:
    least = {"requests-per-day": "volume_per_day", "input-tokens": "tokens.input",
             "output-tokens": "tokens.output"}  # fmt: skip
    missing = [f"--{name}" for name, key in least.items() if key not in said]
    if missing:
        raise InvalidInput(f"without a NEED file or a template, say also {', '.join(missing)}")


def _option(key: str, said: Mapping[str, Any]) -> str:
    """The option that set a key, or the key itself where the file did."""
    plain = re.sub(r"\[.*", "", key)
    if plain.startswith("nice"):
        return "--weigh" if any(k.startswith("nice.") for k in said) else key
    found = next((f.name for f in FLAGS if f.key == plain and plain in said), None)
    return f"--{found}" if found else key
