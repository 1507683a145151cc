"""Plugins by kind and name, imported only when asked for.

A plugin is one file in the package of its kind (`scorers/number.py` is scorer `number`) or an
entry point in the group `pilothouse.<kind>`. The file has one public object named `plugin`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module, resources
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from pilothouse.core.errors import NotFound, did_you_mean

Kind = Literal[
    "dialects", "providers", "policies", "scorers", "suites", "stores", "embedders", "guards"
]

_ONE: dict[Kind, str] = {
    "dialects": "dialect",
    "providers": "provider",
    "policies": "policy",
    "scorers": "scorer",
    "suites": "suite",
    "stores": "store",
    "embedders": "embedder",
    "guards": "guard",
}


@cache
def names(kind: Kind) -> tuple[str, ...]:
    """All plugin names of a kind, sorted; nothing is imported but the kind's empty package."""
    files = (f.name for f in resources.files(f"pilothouse.{kind}").iterdir())
    own = {f[:-3] for f in files if f.endswith(".py") and not f.startswith("_")}
    return tuple(sorted(own | {e.name for e in _entries(kind)}))


@cache
def plugin(kind: Kind, name: str) -> Any:
    """The plugin object. Raises `NotFound` with the nearest name."""
    for entry in _entries(kind):
        if entry.name == name:
            return entry.load()
    if name not in names(kind):
        known = ", ".join(names(kind))
        hint = did_you_mean(name, names(kind))
        raise NotFound(f'unknown {_ONE[kind]} "{name}".{hint} (there are: {known})')
    return import_module(f"pilothouse.{kind}.{name}").plugin


@cache
def _entries(kind: Kind) -> tuple[EntryPoint, ...]:
    """Asked once a kind: each time reads every installed package's metadata (7 ms)."""
    return tuple(entry_points(group=f"pilothouse.{kind}"))
