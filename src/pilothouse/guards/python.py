"""A guard of your own: a function or a class in a Python file that the configuration names.

A function takes one text and gives None (nothing to say), another text, or a `Blocked`. A class has `before`,
`after` and `stream` of `core/guard.py`, whichever it needs. The file runs in the gateway, with all its rights.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from inspect import isclass, iscoroutinefunction
from typing import Annotated, Any, cast

from msgspec import Meta, Struct

from pilothouse.core.answer import Answer
from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.guard import (
    ALLOWED,
    Allowed,
    Blocked,
    Changed,
    Guard,
    GuardKind,
    Note,
    Passive,
    Problem,
    Seen,
    StreamGuard,
    Where,
)
from pilothouse.core.guard_text import (
    answer_texts,
    request_texts,
    with_answer_texts,
    with_request_texts,
)
from pilothouse.core.request import Request

Check = Callable[[str], str | Blocked | None]
_METHODS = ("before", "after", "stream")
MOST_HELD = 1_000_000
"""Characters of one run of a stream; a longer one does not pass a guard that needs all of it."""
_TOO_LONG = Blocked(
    reason="the answer is too long for a guard that has to see all of it", code="answer_too_large"
)


class PythonSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the guard stands, and what it is told."""

    path: Annotated[str, Meta(min_length=1)]
    object: str = "guard"
    """The function or class in it."""
    options: dict[str, Any] = {}
    """Keyword arguments: of the class when it is made, of the function each time."""


class TextGuard(Passive):
    """A function over every text. A stream is held until each run of text is whole."""

    def __init__(self, check: Check) -> None:
        self._check = check

    def before(self, request: Request) -> Allowed | Changed[Request] | Blocked:
        """Every text of the question."""
        work = _Work(self._check)
        changed = with_request_texts(request, work.change)
        work.look_at([text for text, where in request_texts(request) if where == "thinking"])
        return work.verdict(request, changed)

    def after(self, answer: Answer, seen: Seen) -> Allowed | Changed[Answer] | Blocked:
        """Every text of the answer. Thinking can be blocked, and is never changed: it may be signed."""
        work = _Work(self._check)
        changed = with_answer_texts(answer, work.change)
        work.look_at([text for text, where in answer_texts(answer) if where == "thinking"])
        return work.verdict(answer, changed)

    def stream(self, seen: Seen, where: Where) -> StreamGuard | None:
        """Held to its end."""
        return _HeldRun(lambda text: _text_of(self._check, text), is_fixed=where == "thinking")


class ClassGuard(Passive):
    """An object with some of a guard's methods."""

    def __init__(self, own: Any) -> None:
        self._own = own

    def before(self, request: Request) -> Any:
        """Its own, else allowed."""
        return self._own.before(request) if hasattr(self._own, "before") else ALLOWED

    def after(self, answer: Answer, seen: Seen) -> Any:
        """Its own, else allowed."""
        return self._own.after(answer, seen) if hasattr(self._own, "after") else ALLOWED

    def stream(self, seen: Seen, where: Where) -> StreamGuard | None:
        """Its own; without one, each run is held and shown to `after` as an answer of that text."""
        if hasattr(self._own, "stream"):
            own = self._own.stream(seen, where)
            return None if own is None else _Noted(own)
        if not hasattr(self._own, "after"):
            return None

        def asked(text: str) -> str | Blocked:
            verdict = cast(
                "Allowed | Changed[Answer] | Blocked", self._own.after(Answer.of_text(text), seen)
            )
            if isinstance(verdict, Blocked):
                return verdict
            return verdict.value.text if isinstance(verdict, Changed) else text

        return _HeldRun(asked, is_fixed=where == "thinking")


class _Work:
    """One pass of a function over the texts of a question or an answer."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._count = 0
        self._blocked: Blocked | None = None

    def change(self, text: str, where: Where) -> str:
        said = _text_of(self._check, text) if self._blocked is None else text
        if isinstance(said, Blocked):
            self._blocked = said
            return text
        if said == text:
            return text
        self._count += 1
        return said

    def look_at(self, texts: Sequence[str]) -> None:
        for text in texts:
            said = _text_of(self._check, text)
            if isinstance(said, Blocked) and self._blocked is None:
                self._blocked = said

    def verdict(self, old: Any, new: Any) -> Any:
        if self._blocked is not None:
            return self._blocked
        return ALLOWED if new is old else Changed(new, (Note("change", self._count),))


class _HeldRun:
    """Lets nothing go before the run is over."""

    def __init__(self, asked: Callable[[str], str | Blocked], *, is_fixed: bool) -> None:
        self._asked = asked
        self._is_fixed = is_fixed
        self._pieces: list[str] = []
        self._size = 0
        self._is_changed = False

    def feed(self, text: str) -> str | Blocked:
        self._size += len(text)
        if self._size > MOST_HELD:
            return _TOO_LONG
        self._pieces.append(text)
        return ""

    def end(self) -> str | Blocked:
        text = "".join(self._pieces)
        said = self._asked(text)
        if isinstance(said, Blocked):
            return said
        if self._is_fixed:
            return text
        self._is_changed = said != text
        return said

    def notes(self) -> Sequence[Note]:
        return (Note("change"),) if self._is_changed else ()


class _Noted:
    """A stream guard of somebody's own, which need not say what it did."""

    def __init__(self, own: Any) -> None:
        self._own = own

    def feed(self, text: str) -> str | Blocked:
        return self._own.feed(text)

    def end(self) -> str | Blocked:
        return self._own.end()

    def notes(self) -> Sequence[Note]:
        return self._own.notes() if hasattr(self._own, "notes") else ()


def loaded(settings: PythonSettings) -> Guard:
    """The guard in the file. Raises `InvalidInput`: no such file, it does not run, it holds no guard."""
    found = _object(settings)
    if not callable(found):
        raise InvalidInput(f'"{settings.object}" is neither a function nor a class')
    if not isclass(found):
        if iscoroutinefunction(found):
            raise InvalidInput(
                f'"{settings.object}" is asynchronous: a guard that waits is a class with '
                "`async def before`"
            )
        function = cast("Callable[..., str | Blocked | None]", found)
        return TextGuard(lambda text: function(text, **settings.options))
    try:
        own: Any = found(**settings.options)
    except Exception as error:  # its author's code: whatever it is, it is told
        raise InvalidInput(f'"{settings.object}" cannot be made: {_said(error)}') from None
    methods = [name for name in _METHODS if callable(getattr(own, name, None))]
    if not methods:
        raise InvalidInput(
            f'the class "{settings.object}" has none of the methods {", ".join(_METHODS)}'
        )
    if "stream" not in methods and iscoroutinefunction(getattr(own, "after", None)):
        raise InvalidInput(
            f'the class "{settings.object}" has an asynchronous `after` and no `stream`: streams would pass '
            "it unseen. Give it a `stream`, or make `after` a plain method"
        )
    return ClassGuard(own)


def _object(settings: PythonSettings) -> Any:
    spec = importlib.util.spec_from_file_location("pilothouse_own_guard", settings.path)
    if spec is None or spec.loader is None:
        raise InvalidInput(f"{settings.path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except FileNotFoundError:
        raise InvalidInput(f"{settings.path}: there is no such file") from None
    except Exception as error:  # as above
        raise InvalidInput(f"{settings.path} does not run: {_said(error)}") from None
    names = [name for name in vars(module) if not name.startswith("_")]
    if settings.object not in names:
        hint = did_you_mean(settings.object, names)
        raise InvalidInput(f'{settings.path} has no "{settings.object}".{hint}')
    return getattr(module, settings.object)


def _text_of(check: Check, text: str) -> str | Blocked:
    said = cast(object, check(text))  # somebody's own code: it may give anything
    if said is None:
        return text
    if isinstance(said, (str, Blocked)):
        return said
    raise TypeError("a guard gives None, a text or a Blocked")


def _said(error: Exception) -> str:
    line = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
    return f"{type(error).__name__}: {error}{line}"


def _problems(settings: PythonSettings, environ: Mapping[str, str] | None) -> Sequence[Problem]:
    try:
        loaded(settings)
    except InvalidInput as error:
        return [("", str(error))]
    return ()


plugin = GuardKind(
    PythonSettings,
    lambda settings, environ: loaded(settings),
    _problems,
    actions=("block", "flag"),
    files=("path",),
)
