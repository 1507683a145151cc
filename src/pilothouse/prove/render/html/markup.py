"""Elements as text that cannot be broken by what stands in it: a plain string is always escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


NOTHING = Markup("")
_EMPTY = frozenset({"meta", "circle", "line", "path", "rect", "polyline", "br"})


def element(name: str, /, *children: str | None, **attributes: object) -> Markup:
    """`element("td", "a<b", class_="c")`. None, as a child or as an attribute, is left out.

    An attribute's underscores are dashes (`aria_label`), one at its end is dropped (`class_`); True is the
    bare attribute.
    """
    written = "".join(
        _attribute(key, value) for key, value in attributes.items() if value not in (None, False)
    )
    inner = "".join(_safe(child) for child in children if child is not None)
    if not inner and name in _EMPTY:
        return Markup(f"<{name}{written}/>" if name not in ("meta", "br") else f"<{name}{written}>")
    return Markup(f"<{name}{written}>{inner}</{name}>")


def joined(parts: Iterable[str | None]) -> Markup:
    """One after the other."""
    return Markup("".join(_safe(part) for part in parts if part is not None))


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


def _safe(text: str) -> str:
    return text if isinstance(text, Markup) else escape(text, quote=False)
