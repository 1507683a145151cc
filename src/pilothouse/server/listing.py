"""What there is: the models that a key may ask for, one of them, and what they can do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable
from urllib.parse import parse_qs

import msgspec

from pilothouse.client.caller import Client
from pilothouse.client.keyring import Holder
from pilothouse.core.ports import Provider
from pilothouse.core.route import Target
from pilothouse.dialects._model_lists import ListedModel, Shape, write_model, write_models
from pilothouse.providers._capabilities import (
    ABILITIES,
    FormatAbilities,
    Said,
    best_abilities,
    capability_table,
)
from pilothouse.server.doors import Door
from pilothouse.server.http import Exchange, HttpRequest
from pilothouse.server.refusals import refuse
from pilothouse.server.routes import Routes

_SHAPES: Mapping[str, Shape] = {"anthropic_messages": "anthropic", "gemini": "gemini"}
_encode = msgspec.json.Encoder().encode


@runtime_checkable
class _Described(Protocol):
    """A provider that says what it can do; the others' abilities are not known."""

    def formats(self) -> list[FormatAbilities]:
        """In each format."""
        ...


class Listing:
    """`GET /v1/models`, `/v1/models/{id}` in the asker's own shape, and `/v1/capabilities`."""

    def __init__(self, client: Client, routes: Routes) -> None:
        self._client = client
        self._routes = routes

    def models(self, door: Door, out: Exchange, holder: Holder | None) -> None:
        """All that `holder` may name."""
        listed = [_listed(name) for name in self._routes.names(holder)]
        out.send(200, write_models(listed, _shape(door)))

    def model(self, door: Door, out: Exchange, holder: Holder | None) -> None:
        """One of them."""
        name = (door.model or "").removeprefix("models/")
        if self._routes.spec(name, holder) is None:
            message = self._routes.unknown(name, holder)
            refuse(out, door.dialect, 404, message, code="model_not_found", param="model")
            return
        out.send(200, write_model(_listed(name), _shape(door)))

    async def capabilities(self, http: HttpRequest, out: Exchange, holder: Holder | None) -> None:
        """Of the configured providers (with `?all=1` of every known one), and of each route's targets."""
        wants_all = parse_qs(http.query).get("all", ["0"])[0] not in ("0", "", "false")
        if wants_all:  # reads every provider's file the first time
            table = await asyncio.to_thread(capability_table)
        else:
            table = self._configured()
        names = self._routes.names(holder)
        routes = {name: found for name in names if (found := self._route(name, holder))}
        body = {"abilities": ABILITIES, "providers": table, "routes": routes}
        out.send(200, _encode(body))

    def _configured(self) -> list[FormatAbilities]:
        providers = self._client.providers.items()
        return [
            msgspec.structs.replace(one, provider=name)
            for name, provider in providers
            for one in _formats(provider)
        ]

    def _route(self, name: str, holder: Holder | None) -> dict[str, Any] | None:
        """What one route's targets can, and what all of them can, at least partly."""
        spec = self._routes.spec(name, holder)
        if spec is None:
            return None
        targets = [self._target(target) for target in spec.targets]
        able = [target["abilities"] for target in targets]
        return {
            "route": spec.name,
            "targets": targets,
            "every_target": [one for one in ABILITIES if all(_does(can, one) for can in able)],
            "some_target": [one for one in ABILITIES if any(_does(can, one) for can in able)],
        }

    def _target(self, target: Target) -> dict[str, Any]:
        formats = _formats(self._client.providers[target.provider])
        return {
            "name": target.name,
            "provider": target.provider,
            "model": target.model,
            "abilities": best_abilities(formats) if formats else None,
        }


def _formats(provider: Provider) -> list[FormatAbilities]:
    return provider.formats() if isinstance(provider, _Described) else []


def _does(abilities: Mapping[str, Said] | None, name: str) -> bool:
    return abilities is not None and abilities[name].does != "no"


def _listed(name: str) -> ListedModel:
    return ListedModel(name, 0, "pilothouse")


def _shape(door: Door) -> Shape:
    return _SHAPES.get(door.dialect.name, "openai")
