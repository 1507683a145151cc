"""`pilothouse.yaml`: providers, targets, routes, store and server, checked as a whole.

What the shape alone cannot say is said here: names that nothing answers to, keys that are not in
the environment, a provider without what its kind needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from pilothouse.app.cache_config import CacheConfig, cache_config_problems
from pilothouse.app.caching import cache_problems
from pilothouse.app.guards_config import GuardConfig, GuardRow, read_guards
from pilothouse.app.limits_config import LimitsConfig, limits_problems
from pilothouse.app.queue_config import QueueConfig, queue_problems
from pilothouse.app.route_problems import route_problems
from pilothouse.app.routes_config import RouteConfig, resolved_aliases, resolved_routes
from pilothouse.app.sampling import SamplingConfig, sampling_problems
from pilothouse.app.stores import StoreAddress, StoreConfig, address_of, store_problems
from pilothouse.app.upgrade_problems import upgrade_problems
from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.route import Arm, RouteSpec, Target
from pilothouse.core.secret import not_set
from pilothouse.documents.strict import Document, load
from pilothouse.providers import kinds
from pilothouse.providers._config import ProviderConfig, anchored


class TargetConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model at a provider. `catalog_model` prices it when its id is not the catalogue's."""

    provider: str
    model: str
    catalog_model: str | None = None


class ServerConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the gateway listens, and which environment variable holds the key callers must send."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8790
    key_env: str | None = None
    max_body_mb: Annotated[int, Meta(ge=1, le=1024)] = 20
    is_open: bool = False
    """Whether anybody beyond this machine may ask without a key."""
    workers: Annotated[int, Meta(ge=1, le=256)] = 1
    """Processes that share the port."""


class AdminConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the admin API and the metrics listen. Without this section they do not."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8791
    key_env: str | None = None
    """The variable that holds the admin key; keys with the scope `admin` open it too."""
    is_metrics_open: bool = False
    """Whether `/metrics` answers without a key."""


class ConfigFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as written."""

    providers: dict[str, ProviderConfig]
    targets: dict[str, TargetConfig]
    routes: dict[str, RouteConfig] = {}
    aliases: dict[str, str] = {}
    """Other names for routes and targets: `fast: support-small`."""
    store: StoreConfig = StoreConfig()
    queue: QueueConfig = QueueConfig()
    server: ServerConfig = ServerConfig()
    admin: AdminConfig | None = None
    limits: LimitsConfig = LimitsConfig()
    cache: CacheConfig = CacheConfig()
    guards: list[GuardConfig] = []
    sampling: SamplingConfig | None = None


class Config(Struct, frozen=True, kw_only=True):
    """The file with every name resolved."""

    providers: dict[str, ProviderConfig]
    targets: dict[str, Target]
    routes: dict[str, RouteSpec]
    """The configured routes, and one per target under the target's own name."""
    aliases: dict[str, str]
    """Each to the name of its route."""
    store_at: StoreAddress
    queue: QueueConfig
    server: ServerConfig
    admin: AdminConfig | None = None
    limits: LimitsConfig = LimitsConfig()
    cache: CacheConfig = CacheConfig()
    guards: tuple[GuardRow, ...] = ()
    sampling: SamplingConfig | None = None

    @property
    def arms(self) -> dict[str, Arm]:
        """What a rollout may divide traffic between, by name."""
        return {**self.routes, **self.targets}


def load_config(path: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Read and check `path`. With `environ`, key variables must be set in it.

    Raises `InvalidInput` with file, line and key. Relative paths inside are relative to the file.
    """
    document = load(path, ConfigFile)
    file = document.value
    problems: list[InvalidInput] = []
    for name, provider in file.providers.items():
        problems += _provider_problems(document, name, provider, environ)
    for name, target in file.targets.items():
        if target.provider not in file.providers:
            hint = did_you_mean(target.provider, file.providers)
            message = f'unknown provider "{target.provider}".{hint}'
            problems.append(document.error(f"targets.{name}.provider", message))
    found = route_problems(file.routes, file.aliases, file.targets, path.parent)
    found += cache_config_problems(file.cache, environ)
    found += cache_problems(
        {name: route.cache for name, route in file.routes.items()},
        _targets(file),
        path.parent,
    )
    found += upgrade_problems(file.routes, file.queue)
    problems += [document.error(at, message) for at, message in found]
    problems += [document.error(at, said) for at, said in queue_problems(file.queue, environ)]
    problems += [document.error(at, said) for at, said in store_problems(file.store, environ)]
    problems += limits_problems(document, file.limits, file.routes, file.targets, environ)
    problems += _door_problems(document, environ)
    known = [*file.routes, *file.targets]
    problems += [document.error(at, said) for at, said in sampling_problems(file.sampling, known)]
    guards, wrong = read_guards(document, file.guards, known, file.aliases, path.parent, environ)
    problems += wrong
    if problems:
        raise InvalidInput("\n".join(str(p) for p in problems))
    return replace(_resolved(file, path, environ), guards=tuple(guards))


def _door_problems(
    document: Document[ConfigFile], environ: Mapping[str, str] | None
) -> list[InvalidInput]:
    """What is wrong with where we listen, and with the keys that are asked for there."""
    problems: list[InvalidInput] = []
    server, admin = document.value.server, document.value.admin
    for section, name in (("server", server.key_env), ("admin", admin.key_env if admin else None)):
        if environ is not None and name and not environ.get(name):
            message = not_set(name)
            problems.append(document.error(f"{section}.key_env", message))
    if admin is None:
        return problems
    if admin.port == server.port != 0:
        message = f"{admin.port} is the gateway's port: the admin API has one of its own"
        problems.append(document.error("admin.port", message))
    if admin.key_env is not None and admin.key_env == server.key_env:
        message = f"{admin.key_env} is the callers' key: who may ask may not therefore administer"
        problems.append(document.error("admin.key_env", message))
    return problems


def _provider_problems(
    document: Document[ConfigFile],
    name: str,
    provider: ProviderConfig,
    environ: Mapping[str, str] | None,
) -> list[InvalidInput]:
    whole = anchored(provider, Path(document.name).parent)
    return [
        document.error(f"providers.{name}.{key}" if key else f"providers.{name}", message)
        for key, message in kinds.problems(whole, environ)
    ]


def _resolved(file: ConfigFile, path: Path, environ: Mapping[str, str] | None) -> Config:
    targets = _targets(file)
    return Config(
        providers={n: anchored(config, path.parent) for n, config in file.providers.items()},
        targets=targets,
        routes=resolved_routes(file.routes, targets, path.parent),
        aliases=resolved_aliases(file.aliases),
        queue=file.queue,
        store_at=_store_at(file.store, path.parent, environ),
        server=file.server,
        admin=file.admin,
        limits=file.limits,
        cache=file.cache,
        sampling=file.sampling,
    )


def _store_at(config: StoreConfig, folder: Path, environ: Mapping[str, str] | None) -> StoreAddress:
    if environ is None and config.url_env is not None:  # only looked at, and nobody asks where
        return folder / config.path
    return address_of(config, folder, environ or {})


def _targets(file: ConfigFile) -> dict[str, Target]:
    return {
        name: Target(name=name, provider=t.provider, model=t.model, catalog_model=t.catalog_model)
        for name, t in file.targets.items()
    }
