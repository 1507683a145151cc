"""Two processes that use each other's objects: plain values are copied, everything else stays where it is.

Whatever crosses is data. A list whose `==` always says yes arrives as the list that it is, so a program cannot talk
its judge into anything. An object that is no plain value is used through a `Remote`, which equals no plain value.

Plain are None, bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict, Decimal, Fraction, what the
standard library derives from them, and built-in types. Of the program's own subclasses a `Remote` compares the plain
value that they hold. A list, set or dict that a call changes is changed at the caller's too.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

from pilothouse.sandbox.inside import job


class Gone(BaseException):
    """The other process has ended. No test may catch it by `except Exception`."""


class Failed(Exception):
    """The other side raised something that is no built-in exception."""


class Remote:
    """An object of the other process, and the plain value that it was derived from, or this itself."""

    def __init__(self, peer: Peer, number: int, plain: Any = None) -> None:
        object.__setattr__(self, "_of", (peer, number))
        object.__setattr__(self, "_plain", self if plain is None else plain)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return _ask(self, "call", *arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return _ask(self, "getattr", name)

    def __setattr__(self, name: str, value: Any) -> None:
        _ask(self, "setattr", name, value)

    def __iter__(self) -> Any:
        return _ask(self, "iter")

    def __hash__(self) -> int:
        return cast(int, _ask(self, "hash"))

    def __str__(self) -> str:
        return cast(str, _ask(self, "str"))

    def __repr__(self) -> str:
        return cast(str, _ask(self, "repr"))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Remote):
            return bool(_ask(self, "eq", other))
        return bool(object.__getattribute__(self, "_plain") is not self and self._plain == other)

    def __ne__(self, other: object) -> bool:
        return not self == other


def _operator(name: str) -> Callable[..., Any]:
    def method(self: Remote, other: Any) -> Any:
        plain = object.__getattribute__(self, "_plain")
        if not isinstance(other, Remote) and plain is not self:
            return _BY_NAME[name](plain, other)
        result = _ask(self, name, other)
        if not isinstance(other, Remote) and not isinstance(result, Remote):
            # such as an object whose difference from whatever is expected is always 0
            raise TypeError("the program's object takes no part in arithmetic with a plain value")
        return result

    return method


def _forwarded(name: str) -> Callable[..., Any]:
    def method(self: Remote, *arguments: Any) -> Any:
        return _ask(self, name, *arguments)

    return method


_BY_NAME: dict[str, Callable[..., Any]] = {
    "getattr": getattr,
    "setattr": setattr,
    "iter": iter,
    "hash": hash,
    "str": str,
    "repr": repr,
    "eq": operator.eq,
    "next": next,
    "len": len,
    "bool": bool,
    "int": int,
    "float": float,
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "contains": operator.contains,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": cast(Any, operator).truediv,
}
_OPERATORS = ("lt", "le", "gt", "ge", "add", "sub", "mul", "truediv")
for _name in ("next", "len", "bool", "int", "float", "getitem", "setitem", "delitem", "contains"):
    setattr(Remote, f"__{_name}__", _forwarded(_name))
for _name in _OPERATORS:
    setattr(Remote, f"__{_name}__", _operator(_name))


def _ask(remote: Remote, what: str, *arguments: Any, **named: Any) -> Any:
    peer, number = object.__getattribute__(remote, "_of")
    return peer.ask(number, what, arguments, named)


class Peer:
    """One end of the line. `is_open` = the other side may do anything to objects it was given, not only call them."""

    def __init__(self, line: int, *, is_open: bool) -> None:
        self._line, self._is_open = line, is_open
        self._given: list[Any] = []

    def give(self, thing: Any) -> Any:
        """What crosses for `thing`."""
        return self._packed(thing, 0)

    def ask(self, number: int, what: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Raises what the other side raised, `Gone` when it ended."""
        sent = [self.give(a) for a in arguments]
        message = ["do", number, what, sent, [[k, self.give(v)] for k, v in named.items()]]
        try:
            job.send(self._line, message)
        except OSError:
            raise Gone from None
        reply = self.serve()
        if reply[0] == "no":
            raise _exception(str(reply[1]), str(reply[2]))
        for index, changed in reply[2]:
            _change(arguments[index], self.take(changed))
        return self.take(reply[1])

    def serve(self) -> list[Any]:
        """Does what the other side asks, until it answers. Raises `Gone`."""
        while True:
            try:
                message = job.receive(self._line)
            except (OSError, ValueError, RecursionError, MemoryError):
                message = None
            if not isinstance(message, list) or not message:
                raise Gone
            if message[0] != "do":  # pyright: ignore[reportUnknownVariableType]
                return cast("list[Any]", message)
            try:
                job.send(self._line, self._done(cast("list[Any]", message)))
            except OSError:
                raise Gone from None

    def _done(self, message: list[Any]) -> list[Any]:
        try:
            _, number, what, sent, named = message
            thing = self._given[number]
            arguments = [self.take(a) for a in sent]
            if what == "call":
                value = thing(*arguments, **{str(k): self.take(v) for k, v in named})
            elif self._is_open:
                value = _BY_NAME[what](thing, *arguments)
            else:
                raise TypeError("a test's function can only be called")
            after = [self.give(a) if isinstance(a, list | set | dict) else None for a in arguments]  # pyright: ignore[reportUnknownArgumentType]
            changed = [[i, a] for i, a in enumerate(after) if a is not None and a != sent[i]]
            return ["yes", self.give(value), changed]
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            return ["no", type(error).__name__, str(error)[:500]]

    def _packed(self, value: Any, depth: int) -> Any:
        if depth > 200:
            raise ValueError("a value nested more than 200 deep")
        if isinstance(value, type) and getattr(builtins, value.__name__, None) is value:
            return ["type", value.__name__]
        kind = _kind(value)
        if kind != "other" and not _is_standard(cast("type[Any]", type(value))):
            self._given.append(value)
            return ["mine", len(self._given) - 1, self._plain_of(value, kind, depth)]
        if isinstance(value, Remote):
            return ["yours", object.__getattribute__(value, "_of")[1]]
        if kind == "other":
            self._given.append(value)
            return ["mine", len(self._given) - 1, None]
        return self._plain_of(value, kind, depth)

    def _plain_of(self, value: Any, kind: str, depth: int) -> Any:
        if kind in _AS_IS:
            return _AS_IS[kind](value)
        if kind in _TEXTS:
            return [kind, _TEXTS[kind][0](value)]
        if kind == "dict":
            pairs = (
                (self._packed(k, depth + 1), self._packed(v, depth + 1))
                for k, v in cast("dict[Any, Any]", value).items()
            )
            return ["dict", *pairs]
        return [kind, *(self._packed(v, depth + 1) for v in _MANY[kind].__iter__(value))]

    def take(self, sent: Any) -> Any:
        """What arrived."""
        if not isinstance(sent, list):
            return sent
        kind, *rest = cast("list[Any]", sent)
        if kind == "dict":
            return {self.take(k): self.take(v) for k, v in rest}
        if kind in _MANY:
            return _MANY[kind](self.take(r) for r in rest)
        if kind == "mine":
            return Remote(self, int(rest[0]), self.take(rest[1]))
        if kind == "yours":
            return self._given[rest[0]]
        if kind == "type":
            found = getattr(builtins, str(rest[0]), None)
            return found if isinstance(found, type) else None
        return _TEXTS[kind][1](rest[0])


_AS_IS: dict[str, Callable[[Any], Any]] = {
    "NoneType": lambda v: v,
    "bool": lambda v: v,
    "float": float.__float__,
    "str": str.__str__,
    "small": int.__int__,
}
_MANY: dict[str, type[Any]] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
_TEXTS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "int": (lambda v: hex(int.__int__(v)), lambda t: int(t, 16)),
    "complex": (lambda v: [v.real, v.imag], lambda t: complex(t[0], t[1])),
    "bytes": (bytes.hex, bytes.fromhex),
    "bytearray": (bytearray.hex, bytearray.fromhex),
    "Decimal": (Decimal.__str__, Decimal),
    "Fraction": (
        lambda v: [hex(v.numerator), hex(v.denominator)],
        lambda t: Fraction(int(t[0], 16), int(t[1], 16)),
    ),
}
_PLAIN: tuple[type[Any], ...] = (
    *(bool, int, float, str, list, tuple, dict, set, frozenset, bytes, bytearray),
    *(complex, Decimal, Fraction),
)


def _kind(value: Any) -> str:
    if value is None:
        return "NoneType"
    mro = cast("type[Any]", type(value)).__mro__
    for plain in _PLAIN:
        if plain in mro:
            if plain is int and abs(int.__int__(cast(int, value))) < 1 << 53:
                return "small"
            return plain.__name__
    return "other"


def _is_standard(kind: type[Any]) -> bool:
    """Whether nothing is lost when only the plain value crosses (of a named tuple, its names)."""
    return kind.__module__ in ("builtins", "collections", "decimal", "fractions") or hasattr(
        kind, "_fields"
    )


def _exception(name: str, text: str) -> BaseException:
    found = getattr(builtins, name, None)
    if isinstance(found, type) and issubclass(found, Exception):
        try:
            return found(text)
        except TypeError:
            return Failed(f"{name}: {text}")
    return Failed(f"{name}: {text}")


def _change(thing: Any, into: Any) -> None:
    if type(thing) is list:
        thing[:] = into
    elif type(thing) in (dict, set):
        thing.clear()
        thing.update(into)
