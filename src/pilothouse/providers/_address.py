"""Where a request goes: a row's templates with the configuration's settings and the model filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from msgspec import Struct

from pilothouse.core.errors import InvalidInput
from pilothouse.providers._rows import DialectName, ProviderRow

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_PLAIN = re.compile(r"[A-Za-z0-9._-]+")
_KEPT = "@"
"""Vertex writes versions after an `@`, which a path may hold as it is; colons and slashes may not."""


class Address(Struct, frozen=True, kw_only=True):
    """An endpoint with everything filled in but the model."""

    base_url: str
    path: str
    stream_path: str
    count_path: str | None
    single_path: str

    def path_for(self, model: str, *, stream: bool = False) -> str:
        """The path below `base_url`, the model percent-encoded. Raises `InvalidInput` for dots alone."""
        path = self.stream_path if stream else self.path
        return _with_model(path, model)

    def single_path_for(self, model: str) -> str:
        """Where one input alone goes. Raises `InvalidInput` as above."""
        return _with_model(self.single_path, model)

    def count_path_for(self, model: str) -> str | None:
        """Where tokens of a request are counted; None = nowhere."""
        return None if self.count_path is None else _with_model(self.count_path, model)


def settings_wanted(
    row: ProviderRow, dialect: DialectName, base_url: str | None = None
) -> tuple[str, ...]:
    """Names of the settings that this endpoint's addresses need, sorted. `base_url` is the configured one."""
    end = row.endpoints[dialect]
    texts = [base_url or end.base_url or row.base_url or "", end.path, end.stream_path or ""]
    found = {name for text in texts for name in _PLACEHOLDER.findall(text)}
    return tuple(sorted(found - {"model"}))


def settings_of(
    row: ProviderRow, given: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, str]:
    """The settings of a provider: what is configured, else its usual environment variable, else the default."""
    found = dict(row.defaults)
    for name, variable in row.settings_env.items():
        if environ.get(variable):
            found[name] = environ[variable]
    return found | dict(given)


def address(
    row: ProviderRow,
    dialect: DialectName,
    settings: Mapping[str, str],
    base_url: str | None = None,
) -> Address:
    """Raises `InvalidInput` when a setting or the address itself is not given, or does not fit into one."""
    end = row.endpoints[dialect]
    base = base_url or end.base_url
    if base is None:
        base = row.at_location.get(settings.get("location", ""), row.base_url)
    if base is None:
        raise InvalidInput(f'{row.title} has no address of its own: give it a "base_url"')
    path, stream_path = end.path, end.stream_path
    if end.dated_path is not None and settings.get("api_version"):
        path = stream_path = end.dated_path
    single_path = end.single_path or path
    texts = (base, path, stream_path or path, end.count_path, single_path)
    filled = [_filled(text, row, settings) for text in texts]
    return Address(
        base_url=(filled[0] or "").rstrip("/"),
        path=filled[1] or "",
        stream_path=filled[2] or "",
        count_path=filled[3],
        single_path=filled[4] or "",
    )


def _filled(text: str | None, row: ProviderRow, settings: Mapping[str, str]) -> str | None:
    if text is None or "{" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name == "model":
            return match[0]
        given = settings.get(name)
        if not given:
            variable = row.settings_env.get(name)
            hint = f" (or set {variable})" if variable else ""
            raise InvalidInput(f'{row.title} needs the setting "{name}"{hint}')
        if not _PLAIN.fullmatch(given):
            raise InvalidInput(
                f'{row.title}: the setting "{name}" may hold letters, digits, ".", "_" and "-" only'
            )
        return given

    return _PLACEHOLDER.sub(value, text)


def _with_model(path: str, model: str) -> str:
    if "{model}" not in path:
        return path
    if not model.strip("."):  # `..` would be a step up, and dots are not percent-encoded
        raise InvalidInput(f'"{model}" is not a model\'s id')
    return path.replace("{model}", quote(model, safe=_KEPT))
