"""Prompt templates: text with `{prompt}`, `{context}`, `{choices}` and `{name}` of a case's variables.

Strict: a name that a case does not have is an error, never an empty text. `{{` and `}}` are braces.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.request import Message, Role

BUILT_IN = ("prompt", "context", "choices")
FILE = "file:"
_MAX_PROBLEMS = 20


class Turn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of `messages:` in `poc.yaml`."""

    role: Role
    content: str


class Template:
    """Parsed once; `render` joins ready pieces."""

    __slots__ = ("_pieces", "names", "text")

    def __init__(self, text: str, pieces: tuple[tuple[str, str | None], ...]) -> None:
        self.text = text
        self.names = frozenset(name for _, name in pieces if name is not None)
        """What it asks of a case."""
        self._pieces = pieces

    def render(self, case: Case) -> str:
        """The text of this case. Raises `InvalidInput` naming the case when it lacks a variable."""
        out: list[str] = []
        for literal, name in self._pieces:
            out.append(literal)
            if name is None:
                continue
            if name == "prompt":
                out.append(case.prompt)
            elif name in case.variables:
                out.append(case.variables[name])
            else:
                out.append(_value(case, name))
        return "".join(out)


class PromptTemplate:
    """All that is sent for a case: its system turns, its own conversation, then the other turns."""

    def __init__(self, turns: tuple[tuple[Role, Template], ...]) -> None:
        self._before = tuple(t for t in turns if t[0] in ("system", "developer"))
        self._after = tuple(t for t in turns if t[0] not in ("system", "developer"))
        self.names = frozenset[str]().union(*(template.names for _, template in turns))

    def render(self, case: Case) -> tuple[Message, ...]:
        """Raises `InvalidInput` as `Template.render`. An empty user turn is left out after a conversation."""
        before = [Message.of_text(role, template.render(case)) for role, template in self._before]
        after = [Message.of_text(role, template.render(case)) for role, template in self._after]
        kept = [turn for turn in after if turn.text.strip() or not case.messages]
        return (*before, *case.messages, *kept)


def parse_template(text: str) -> Template:
    """Raises `InvalidInput` without a place: a brace that is not closed, a name that cannot be one."""
    pieces: list[tuple[str, str | None]] = []
    try:
        parsed = list(string.Formatter().parse(text))
    except ValueError as error:
        raise InvalidInput(f"not a template: {error} (a brace itself is written twice)") from None
    for literal, name, form, conversion in parsed:
        if name is not None and (form or conversion or not name.isidentifier()):
            written = f"{name}{'!' + conversion if conversion else ''}{':' + form if form else ''}"
            raise InvalidInput(
                f'"{{{written}}}" is not a variable: a name of letters, digits and _ is '
                "(a brace itself is written twice: {{ )"
            )
        pieces.append((literal, name))
    return Template(text, tuple(pieces))


def read_prompt(prompt: str, folder: Path) -> Template:
    """As `parse_template`; `file:prompt.md` is the text of that file, without its last line break."""
    if not prompt.startswith(FILE):
        return parse_template(prompt)
    path = folder / prompt.removeprefix(FILE).strip()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InvalidInput(f"{path}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return parse_template(text.removesuffix("\n"))
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}") from None


def read_messages(turns: Iterable[Turn], folder: Path) -> PromptTemplate:
    """`messages:` of `poc.yaml`; a content may be `file:...`. Raises `InvalidInput` with the turn's index."""
    read: list[tuple[Role, Template]] = []
    for i, turn in enumerate(turns):
        try:
            read.append((turn.role, read_prompt(turn.content, folder)))
        except InvalidInput as error:
            raise InvalidInput(f"messages[{i}].content: {error}") from None
    if not any(role == "user" for role, _ in read):
        raise InvalidInput("messages: no turn is the user's, so there is nothing to answer")
    return PromptTemplate(tuple(read))


class Fit:
    """Whether cases have what a template names, watched while they stream past."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._unused: dict[str, int] = {}
        self._problems: list[str] = []

    def see(self, case: Case, place: str | None) -> None:
        """Raises `InvalidInput` at the twentieth case that does not fit, else waits for `done`."""
        for name in case.variables:
            if name not in self._names:
                self._unused[name] = self._unused.get(name, 0) + 1
        for name in self._names:
            if name != "prompt" and name not in case.variables:
                self._try(case, name, place)

    def done(self) -> list[str]:
        """Notes on variables that no template uses. Raises `InvalidInput` with all cases that do not fit."""
        self._stop_if(1)
        return [
            f"{count:,} cases have the variable `{name}`, which the prompt does not use"
            for name, count in self._unused.items()
        ]

    def _try(self, case: Case, name: str, place: str | None) -> None:
        try:
            _value(case, name)
        except InvalidInput as error:
            self._problems.append(f"{place}: {error}" if place else str(error))
            self._stop_if(_MAX_PROBLEMS)

    def _stop_if(self, count: int) -> None:
        if len(self._problems) >= count:
            raise InvalidInput("\n".join(self._problems))


def _value(case: Case, name: str) -> str:
    """What is no plain variable: numbered documents, lettered choices, or the error."""
    if name == "context" and case.context:
        return "\n\n".join(f"[{i}] {text}" for i, text in enumerate(case.context, 1))
    if name == "choices" and case.choices:
        return "\n".join(f"{letter(i)}. {choice}" for i, choice in enumerate(case.choices))
    if name in BUILT_IN:
        raise InvalidInput(f'case "{case.id}" has no {name}, which the prompt names')
    there = (*BUILT_IN, *case.variables)
    raise InvalidInput(
        f'case "{case.id}": unknown variable "{{{name}}}".{did_you_mean(name, there)} '
        f"It has: {', '.join(there)}"
    )


def letter(index: int) -> str:
    """A to Z, then AA and on."""
    head, last = divmod(index, 26)
    return (letter(head - 1) if head else "") + string.ascii_uppercase[last]
