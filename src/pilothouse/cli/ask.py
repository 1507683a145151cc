"""A need, question by question: the guide's nine first, then sizes, money and rules.

After every answer: how many models still keep all limits. `b` goes back, `?` explains, `q` leaves.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast, get_args

import click
import msgspec
import yaml
from msgspec import Struct

from pilothouse.choose.constraints import checker
from pilothouse.choose.facts import Offer
from pilothouse.cli.need_flags import day_of, one_of, size_of, usd_amount
from pilothouse.cli.output import bold
from pilothouse.core.need import Ability, Certification, LatencyClass, Need, Tokens

Draft = dict[str, Any]


class Question(Struct, frozen=True, kw_only=True):
    """One question: what to ask, what Enter means, and what an answer does to the draft."""

    text: str
    usual: str
    help: str
    put: Callable[[Draft, str], None]
    """Raises `ValueError` with what is wrong with the answer."""


class Left(Exception):
    """The person left."""


def ask(offers: Sequence[Offer], as_of: date) -> Need:
    """Asks on the terminal. Raises `Left` when the person leaves."""
    drafts: list[Draft] = [_first()]
    at = 0
    counts: list[tuple[int, int]] = [_kept(_need(drafts[0]), offers, as_of)]
    click.echo(f"{len(offers):,} models as of {as_of}; {_said(counts[0])}.")
    click.echo("Enter takes what stands in [ ]; b back, ? help, q leave.\n")
    while at < len(QUESTIONS):
        question = QUESTIONS[at]
        answer = str(click.prompt(question.text, default=question.usual, show_default=True)).strip()
        if answer == "q":
            raise Left
        if answer == "?":
            click.echo(f"  {question.help}")
        elif answer == "b":
            at = max(0, at - 1)
            del drafts[max(1, len(drafts) - 1) :]
            del counts[max(1, len(counts) - 1) :]
        else:
            draft = copy.deepcopy(drafts[-1])
            try:
                question.put(draft, answer)
                need = _need(draft)
            except (ValueError, msgspec.ValidationError) as error:
                click.echo(f"  not understood: {str(error).partition(' - at `$')[0]}")
                continue
            drafts.append(draft)
            at += 1
            counts.append(_kept(need, offers, as_of))
            click.echo(f"  {_said(counts[-1])}{_change(counts[-2], counts[-1])}")
    return _need(drafts[-1])


def need_yaml(need: Need) -> str:
    """The file to keep: only what was said."""
    bare = Need(name="", volume_per_day=1, tokens=Tokens(input=1, output=1))
    whole, usual = (msgspec.json.decode(msgspec.json.encode(n)) for n in (need, bare))
    return yaml.safe_dump(_different(whole, usual), sort_keys=False, allow_unicode=True)


def _first() -> Draft:
    return {"name": "my need", "volume_per_day": 1000, "tokens": {"input": 1000, "output": 300},
            "unknown": "admit", "must": {"deployment": "api"}, "nice": {}}  # fmt: skip


def _need(draft: Draft) -> Need:
    return msgspec.convert(draft, Need, strict=False)


def _kept(need: Need, offers: Sequence[Offer], as_of: date) -> tuple[int, int]:
    """How many are known to keep every limit, and how many more may, for all that anybody says."""
    failures = checker(need, as_of)
    sure = doubtful = 0
    for offer in offers:
        found = failures(offer)
        if not found:
            sure += 1
        elif need.unknown == "admit" and all(
            f.kind == "not known" and f.limit != "lifecycle" for f in found
        ):
            doubtful += 1
    return sure, doubtful


def _said(count: tuple[int, int]) -> str:
    sure, doubtful = count
    more = f", {doubtful:,} more may (nobody says)" if doubtful else ""
    verb = "keeps" if sure == 1 else "keep"
    return f"{bold(f'{sure:,} model' + ('' if sure == 1 else 's'))} {verb} all limits{more}"


def _change(before: tuple[int, int], after: tuple[int, int]) -> str:
    """What the answer did to all that are left."""
    fewer = sum(before) - sum(after)
    if before == after:
        return "; as before"
    if not fewer:
        return ""
    return f"; {fewer:,} fewer" if fewer > 0 else f"; {-fewer:,} more"


def _different(whole: Mapping[str, Any], usual: Mapping[str, Any]) -> Draft:
    out: Draft = {}
    for key, value in whole.items():
        plain = usual.get(key)
        if value != plain:
            is_inner = isinstance(value, dict) and isinstance(plain, dict)
            out[key] = _different(cast(Draft, value), cast(Draft, plain)) if is_inner else value
    return out


def _yes(answer: str) -> bool:
    if answer.lower() in ("y", "yes"):
        return True
    if answer.lower() in ("n", "no"):
        return False
    raise ValueError("y or n")


def _number(answer: str) -> int:
    found = size_of(answer)
    if found < 1:
        raise ValueError('a whole number from 1 on, e.g. 200000 or "200k"')
    return found


def _names(answer: str, known: Sequence[str] = ()) -> list[str]:
    names = [] if answer == "none" else [p.strip() for p in answer.split(",") if p.strip()]
    return [one_of(known)(_word(name)) for name in names] if known else names


def _word(answer: str) -> str:
    """`Real-time` as `real_time`."""
    return answer.lower().replace("-", "_").replace(" ", "_")


def _private(draft: Draft, answer: str) -> None:
    draft["must"]["deployment"] = "self_hosted" if _yes(answer) else "api"


def _long(draft: Draft, answer: str) -> None:
    if answer != "none":
        draft["must"]["context_tokens"] = _number(answer)


def _speed(draft: Draft, answer: str) -> None:
    if answer != "any":
        category = one_of(get_args(LatencyClass))(_word(answer))
        draft["must"]["latency"] = {"category": category}


def _if_yes(change: Callable[[Draft], None]) -> Callable[[Draft, str], None]:
    def put(draft: Draft, answer: str) -> None:
        if _yes(answer):
            change(draft)

    return put


def _weigh(name: str, weight: float) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        draft["nice"][name] = weight

    return change


def _reads(kind: str) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        draft["must"].setdefault("inputs", []).append(kind)

    return change


def _code(draft: Draft) -> None:
    draft["tasks"] = ["code"]


def _set(*keys: str) -> Callable[[Draft, str], None]:
    """A number under a key."""

    def put(draft: Draft, answer: str) -> None:
        inner = draft
        for key in keys[:-1]:
            inner = inner.setdefault(key, {})
        inner[keys[-1]] = _number(answer)

    return put


def _budget(draft: Draft, answer: str) -> None:
    if answer != "none":
        amount = usd_amount(answer)
        if Decimal(amount) <= 0:
            raise ValueError("a budget is more than nothing")
        draft["must"]["budget"] = {"per_month_usd": amount}


def _requires(draft: Draft, answer: str) -> None:
    draft["must"]["requires"] = _names(answer, get_args(Ability))


def _certified(draft: Draft, answer: str) -> None:
    if names := _names(answer, get_args(Certification)):
        draft["must"].setdefault("privacy", {})["certifications"] = names


def _no_training(draft: Draft) -> None:
    draft["must"].setdefault("privacy", {})["no_training"] = True


def _resides(draft: Draft, answer: str) -> None:
    if names := _names(answer):
        draft["must"].setdefault("privacy", {})["residency"] = names


def _lives(draft: Draft, answer: str) -> None:
    if answer != "any":
        draft["must"]["lives_until"] = day_of(answer)


def _strict(draft: Draft) -> None:
    draft["unknown"] = "exclude"


def _name(draft: Draft, answer: str) -> None:
    draft["name"] = answer


def _q(text: str, usual: str, help: str, put: Callable[[Draft, str], None]) -> Question:
    return Question(text=text, usual=usual, help=help, put=put)


QUESTIONS: tuple[Question, ...] = (
    _q("Must data stay on your own machines? (y/n)", "n", "Guide, node 1: then only open weights remain.", _private),
    _q("Longest input in tokens (none, 200k, 1M)", "none", "Guide, node 2: over 100,000 is very long.", _long),
    _q("Is it video? (y/n)", "n", "Guide, node 2: only some models read video.", _if_yes(_reads("video"))),
    _q("How fast? (any, real_time, interactive, near_real_time, batch)", "any",
       "Guide, node 3: under 0.5 s, 2 s, 10 s, or hours, for the whole answer.", _speed),
    _q("Mostly code? (y/n)", "n", "Guide, node 4.", _if_yes(_code)),
    _q("Voice or audio? (y/n)", "n", "Guide, node 5: the model hears by itself.", _if_yes(_reads("audio"))),
    _q("Is cost the primary concern? (y/n)", "n", "Guide, node 6: cost then weighs three times.", _if_yes(_weigh("cost", 3))),
    _q("Is maximum reasoning needed? (y/n)", "n", "Guide, node 7: quality then weighs four times.", _if_yes(_weigh("quality", 4))),
    _q("Many simple tasks? (y/n)", "n", "Guide, node 8: cost then weighs twice.", _if_yes(_weigh("cost", 2))),
    _q("Requests a day", "1000", "An average day; the bill is of 30 of them.", _set("volume_per_day")),
    _q("Tokens of a mean input", "1000", "750 English words are about 1,000 tokens.", _set("tokens", "input")),
    _q("Tokens of a mean answer", "300", "Output costs two to ten times what input does.", _set("tokens", "output")),
    _q("Budget a month in USD (none)", "none", "Whoever costs more is out.", _budget),
    _q("Must it read images? (y/n)", "n", "", _if_yes(_reads("image"))),
    _q("Abilities, by commas (none, tools, structured_output, reasoning, fine_tuning, batch)", "none",
       "All of them are needed.", _requires),
    _q("Certificates, by commas (none, hipaa, soc2, gdpr, iso27001, fedramp, pci)", "none",
       "What the host can sign or show.", _certified),
    _q("Must the host never train on your data? (y/n)", "n", "Without a special contract.", _if_yes(_no_training)),
    _q("Data held in (none, eu, us, ...)", "none", "One of these regions, promised.", _resides),
    _q("Must live until (any, 2027-06-01)", "any", "Whoever retires earlier is out.", _lives),
    _q("Leave out whoever is not known to keep a limit? (y/n)", "n", "n admits them, with a warning.", _if_yes(_strict)),
    _q("A name for this need", "my need", "It stands over the record.", _name),
)  # fmt: skip
