"""`guards:` in pilothouse.yaml: which guards there are, what they do, and whom they concern."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct
from msgspec.structs import replace

from pilothouse import registry
from pilothouse.app.routes_config import alias_chain
from pilothouse.core.errors import InvalidInput, NotFound, did_you_mean
from pilothouse.core.guard import Action, GuardKind, OnError, Side
from pilothouse.documents.strict import Document

T = TypeVar("T")
_GLOB = frozenset("*?[")
_BESIDE = {"action": "action", "applies_to": "on"}
"""Settings that are said beside them, one word for all kinds."""


class GuardConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One guard as written. The first of the list stands next to the caller."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$")]
    """In errors, headers, metrics and the log."""
    kind: str
    settings: dict[str, Any] = {}
    """Of its kind."""
    on: Side | None = None
    action: Action | None = None
    routes: list[str] = []
    """Names (or globs) of routes and targets; empty = all."""
    keys: list[str] = []
    teams: list[str] = []
    on_error: OnError = "block"
    timeout_ms: Annotated[float, Meta(ge=1, le=60_000)] = 1_000


class GuardRow(Struct, frozen=True, kw_only=True):
    """One guard, read and checked."""

    config: GuardConfig
    settings: Any
    """Of its kind's own type."""
    routes: tuple[str, ...]
    """Aliases resolved."""

    @property
    def kind(self) -> GuardKind:
        """The plugin."""
        return registry.plugin("guards", self.config.kind)

    @property
    def on(self) -> Side:
        """What it looks at."""
        return self.config.on or self.kind.sides[0]

    @property
    def action(self) -> Action:
        """What it does."""
        return self.config.action or self.kind.actions[0]


def read_guards(
    document: Document[T],
    guards: Sequence[GuardConfig],
    routes: Sequence[str],
    aliases: Mapping[str, str],
    folder: Path,
    environ: Mapping[str, str] | None,
) -> tuple[list[GuardRow], list[InvalidInput]]:
    """The guards, and what is wrong with them: file, line, key. `routes`: of routes and targets."""
    rows: list[GuardRow] = []
    problems: list[InvalidInput] = []
    names: set[str] = set()
    for i, config in enumerate(guards):
        at = f"guards[{i}]"
        found = _shape_problems(config, [*routes, *aliases])
        if config.name in names:
            found.append(("name", f'another guard is called "{config.name}"'))
        names.add(config.name)
        try:
            kind: GuardKind = registry.plugin("guards", config.kind)
        except NotFound as error:
            problems.append(document.error(f"{at}.kind", str(error)))
            continue
        found += _beside_problems(config, kind)
        problems += [document.error(f"{at}.{key}", message) for key, message in found]
        settings = document.part(config.settings, kind.settings, f"{at}.settings")
        if isinstance(settings, list):
            problems += settings
            continue
        settings = _told(settings, config, kind, folder)
        wrong = kind.problems(settings, environ)
        where = f"{at}.settings"
        problems += [document.error(f"{where}.{k}" if k else where, said) for k, said in wrong]
        own = tuple([alias_chain(name, aliases)[-1] for name in config.routes])
        rows.append(GuardRow(config=config, settings=settings, routes=own))
    return rows, problems


def _shape_problems(config: GuardConfig, known: Sequence[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for i, name in enumerate(config.routes):
        if name not in known and not _GLOB & set(name):
            hint = did_you_mean(name, known) or f" (there are: {', '.join(known)})"
            found.append((f"routes[{i}]", f'unknown route "{name}".{hint}'))
    return found


def _beside_problems(config: GuardConfig, kind: GuardKind) -> list[tuple[str, str]]:
    """What is said beside the settings and this kind cannot do."""
    found: list[tuple[str, str]] = []
    for name, beside in _BESIDE.items():
        if name in config.settings and name in kind.settings.__struct_fields__:
            found.append((f"settings.{name}", f"say it beside the settings, as `{beside}`"))
    if config.action is not None and config.action not in kind.actions:
        able = " or ".join(kind.actions)
        found.append(("action", f'the kind "{config.kind}" does not {config.action}: {able}'))
    if config.on is not None and config.on not in kind.sides:
        able = " or ".join(kind.sides)
        found.append(("on", f'the kind "{config.kind}" looks at no {config.on}: {able}'))
    return found


def _told(settings: Any, config: GuardConfig, kind: GuardKind, folder: Path) -> Any:
    """The settings with what is said beside them, and with whole paths."""
    fields = kind.settings.__struct_fields__
    given: dict[str, Any] = {name: str(folder / getattr(settings, name)) for name in kind.files}
    if config.action not in (None, "flag") and "action" in fields:
        given["action"] = config.action
    if config.on is not None and "applies_to" in fields:
        given["applies_to"] = config.on
    return replace(settings, **given) if given else settings
