"""What a judge is asked to look for: a rubric in words, on a scale of points or as yes/no items.

A rubric is a name of `src/pilothouse/data/rubrics`, a YAML file of the user's in the same form, or plain text.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, structs

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.documents.strict import load, parse

_ENDINGS = (".yaml", ".yml")


class Item(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question with a yes that is good."""

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    question: str
    weight: Annotated[float, Meta(gt=0)] = 1.0
    when: dict[str, str | int | float | bool] = {}
    """Asked only of cases whose `details` say all of this."""


class Wording(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published prompt, kept word for word. `{name}` is filled in."""

    system: str
    template: str


class Published(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The prompts of a rubric that others have published, by what the case has."""

    one_turn: Wording
    one_turn_reference: Wording
    two_turns: Wording
    two_turns_reference: Wording


class Rubric(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points from `low` to `high`, or `items`; never both."""

    name: str
    asks: str
    """What is judged, in words for the judge."""
    low: int = 1
    high: int = 5
    levels: dict[str, str] = {}
    """What a number of points means."""
    items: tuple[Item, ...] = ()
    needs_context: bool = False
    """Whether a case must have documents."""
    published: Published | None = None
    source: str = ""
    """Where it comes from, with its licence."""

    def for_case(self, case: Case) -> Rubric:
        """With the items that are asked of this case."""
        details = case.details
        asked = [i for i in self.items if all(details.get(k) == v for k, v in i.when.items())]
        return structs.replace(self, items=tuple(asked))


def find_rubric(given: str, folder: Path) -> Rubric:
    """By name, by file (found from `folder`), or as text. Raises `InvalidInput` with file and key."""
    words = given.strip()
    if words.endswith(_ENDINGS) and "\n" not in words:
        path = folder / words
        return checked_rubric(load(path, Rubric).value, str(path))
    if words in builtin_names():
        file = resources.files("pilothouse.data").joinpath("rubrics", f"{words}.yaml")
        name = f"rubric {words}"
        return checked_rubric(
            parse(file.read_text(encoding="utf-8"), Rubric, name=name).value, name
        )
    if " " not in words:
        known = ", ".join(builtin_names())
        hint = did_you_mean(words, builtin_names())
        raise InvalidInput(
            f'no rubric "{words}".{hint} Known: {known}; or a .yaml file; or the rubric in words'
        )
    return Rubric(name="own words", asks=words)


def builtin_names() -> tuple[str, ...]:
    """The rubrics that come with Pilothouse, sorted."""
    files = (f.name for f in resources.files("pilothouse.data").joinpath("rubrics").iterdir())
    return tuple(sorted(f[:-5] for f in files if f.endswith(".yaml")))


def checked_rubric(rubric: Rubric, where: str) -> Rubric:
    """The rubric itself. Raises `InvalidInput` when its parts do not go together."""
    if not rubric.asks.strip():
        raise InvalidInput(f"{where}: asks: say what the judge is to look for")
    if rubric.low >= rubric.high:
        raise InvalidInput(f"{where}: low: {rubric.low} is not less than high ({rubric.high})")
    if rubric.items and (rubric.levels or rubric.published):
        raise InvalidInput(f"{where}: items: a rubric has either items or points with levels")
    if rubric.items and all(item.when for item in rubric.items):
        raise InvalidInput(f"{where}: items: one at least must be asked of every case (no `when`)")
    for level in rubric.levels:
        if not level.lstrip("-").isdigit() or not rubric.low <= int(level) <= rubric.high:
            span = f"{rubric.low} to {rubric.high}"
            raise InvalidInput(f'{where}: levels: "{level}" is not a whole number from {span}')
    names = [item.name for item in rubric.items]
    for i, name in enumerate(names):
        if name in names[:i] or name == "reason":
            why = "is kept for the judge's reason" if name == "reason" else "is an item already"
            raise InvalidInput(f'{where}: items[{i}].name: "{name}" {why}')
    return rubric
