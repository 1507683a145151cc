"""What a configured provider can be: a row of `data/providers`, or a plugin of its own (`replay`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pilothouse import registry
from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.ports import Provider
from pilothouse.core.secret import Secret, not_set
from pilothouse.providers._address import address, settings_of
from pilothouse.providers._config import ProviderConfig
from pilothouse.providers._rows import ProviderRow, row, row_names

_NOT_KINDS = {"http", "kinds"}
"""Modules of this package that are no provider by themselves."""


def kind_names() -> tuple[str, ...]:
    """All that `kind:` may say, sorted."""
    return tuple(sorted({*row_names(), *registry.names("providers")} - _NOT_KINDS))


def problems(
    config: ProviderConfig, environ: Mapping[str, str] | None
) -> Iterator[tuple[str, str]]:
    """What is wrong with an entry of `providers:`, each as a key (perhaps empty) and words.

    With `environ`, its keys must be there.
    """
    kind = config.kind
    if kind not in kind_names():
        hint = did_you_mean(kind, kind_names())
        yield "kind", f'unknown provider "{kind}".{hint} (there are: {", ".join(kind_names())})'
        return
    if kind in row_names():
        yield from _row_problems(row(kind), config, environ)
    else:
        for name in registry.plugin("providers", kind).needs:
            if getattr(config, name) is None:
                yield "", f'a provider of kind {kind} needs the key "{name}"'
    if environ is not None:
        for name in config.key_envs:
            if not environ.get(name):
                yield "key_env", not_set(name)
        for name in config.key_files:
            if not Path(name).is_file():
                yield "key_file", "there is no such file"


def open_provider(name: str, config: ProviderConfig, environ: Mapping[str, str]) -> Provider:
    """Ready to ask. Raises `InvalidInput` when a key or a setting is missing."""
    keys = _keys(name, config, environ)
    if config.kind in row_names():
        from pilothouse.providers.http import HttpProvider  # wire and TLS: not for `check`

        return HttpProvider.from_config(name, config, keys, row(config.kind))
    return registry.plugin("providers", config.kind).from_config(name, config, keys)


def _row_problems(
    found: ProviderRow, config: ProviderConfig, environ: Mapping[str, str] | None
) -> Iterator[tuple[str, str]]:
    formats = found.endpoints
    if config.dialect is not None and config.dialect not in formats:
        hint = did_you_mean(config.dialect, formats)
        yield "dialect", f'{found.title} does not speak "{config.dialect}".{hint}'
        return
    first = config.dialect or next(iter(formats))
    if config.base_url is None and found.base_url is None:
        yield "", f'a provider of kind {config.kind} needs the key "base_url"'
        return
    try:
        address(found, first, settings_of(found, config.settings, environ or {}), config.base_url)  # pyright: ignore[reportArgumentType]
    except InvalidInput as error:
        if environ is not None:
            yield "settings", str(error)
    named = config.key_envs or config.key_files
    needs_key = found.auth_of(first) not in ("none", "sigv4", "google_oauth")  # pyright: ignore[reportArgumentType]
    if environ is None or not needs_key or named or found.is_key_optional:
        return
    if not any(environ.get(name) for name in found.key_env):
        usual = f", or set {found.key_env[0]}" if found.key_env else ""
        yield "", f"{found.title} needs a key: set key_env to the variable that holds it{usual}"


def _keys(name: str, config: ProviderConfig, environ: Mapping[str, str]) -> Sequence[Secret]:
    """The configured keys; without any, the vendor's usual variable."""
    found: list[Secret] = []
    for variable in config.key_envs:
        value = environ.get(variable)
        if not value:
            raise InvalidInput(f"providers.{name}.key_env: {not_set(variable)}")
        found.append(Secret(value.strip()))
    for file in config.key_files:
        try:
            found.append(Secret(Path(file).read_text(encoding="utf-8").strip()))
        except OSError as error:
            raise InvalidInput(
                f"providers.{name}.key_file: {file} cannot be read: {error.strerror}"
            ) from None
    if not found and config.kind in row_names():
        usual = (environ.get(variable) for variable in row(config.kind).key_env)
        found += [Secret(value.strip()) for value in usual if value][:1]
    return found
