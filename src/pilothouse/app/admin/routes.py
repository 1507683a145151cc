"""The routes that serve now, and where a request with given facts would go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Annotated

from msgspec import Meta, Struct, structs

from pilothouse.app.generation import Generation
from pilothouse.client.route_explain import Explained, explained
from pilothouse.core.errors import NotFound, did_you_mean
from pilothouse.core.facts import Facts
from pilothouse.core.place import draw
from pilothouse.core.route import Live, RouteSpec
from pilothouse.server.admin.operation import Asked, Operation

_Count = Annotated[int, Meta(ge=0)]


class RouteRow(Struct, frozen=True, kw_only=True):
    """A route as configured; a target is a route of its own."""

    route: str
    aliases: tuple[str, ...]
    policy: str
    targets: tuple[str, ...]
    """In order."""
    weights: tuple[float, ...]
    rules: tuple[str, ...]
    """Their names, in order."""
    context_fallbacks: tuple[str, ...]
    content_fallbacks: tuple[str, ...]
    shadows: tuple[str, ...]
    """Who gets copies."""
    upgrade: str | None
    """Who is asked for a better answer afterwards."""


class RouteList(Struct, frozen=True):
    """In the file's order."""

    routes: list[RouteRow]


class GivenFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of the request; what is not given is not known."""

    request_id: str = "example"
    stream: bool = False
    dialect: str | None = None
    subject: str | None = None
    conversation: str | None = None
    max_output_tokens: _Count | None = None
    key_id: str | None = None
    team: str | None = None
    metadata: dict[str, str] = {}
    input_tokens: _Count | None = None
    messages: _Count | None = None
    has_tools: bool = False
    has_images: bool = False
    has_audio: bool = False
    has_files: bool = False
    has_code: bool = False
    wants_json: bool = False
    wants_thinking: bool = False
    script: str | None = None


def route_operations(now: Callable[[], Generation]) -> Sequence[Operation]:
    """`now` gives what serves at the moment."""

    async def listed(asked: Asked) -> object:
        config = now().config
        aliases: dict[str, list[str]] = {}
        for alias, name in config.aliases.items():
            aliases.setdefault(name, []).append(alias)
        return RouteList([_row(spec, aliases) for spec in config.routes.values()])

    async def explain(asked: Asked) -> object:
        serving, name = now(), asked.at["route"]
        spec = serving.router.spec(name)
        if spec is None:
            hint = did_you_mean(name, serving.router.names)
            raise NotFound(f'no route, alias or target is called "{name}".{hint}')
        facts = Facts(model=name, **structs.asdict(asked.body))
        live = Live(
            now_s=monotonic(),
            draw=draw(facts.request_id),
            health=serving.client.health,
            split=serving.ticker.split_of(spec.name),
            cost_of=serving.client.cost_now,
        )
        return explained(serving.router, spec, facts, live)

    return (
        Operation(
            "GET",
            "/admin/routes",
            "List routes.",
            listed,
            RouteList,
        ),
        Operation(
            "POST",
            "/admin/routes/{route}/explain",
            "Where such a request would go now, and why. Nobody is asked.",
            explain,
            Explained,
            body=GivenFacts,
        ),
    )


def _row(spec: RouteSpec, aliases: dict[str, list[str]]) -> RouteRow:
    return RouteRow(
        route=spec.name,
        aliases=tuple(aliases.get(spec.name, ())),
        policy=spec.policy,
        targets=tuple(t.name for t in spec.targets),
        weights=spec.weights,
        rules=tuple(c.rule.name for c in spec.rules),
        context_fallbacks=tuple(t.name for t in spec.context_fallbacks),
        content_fallbacks=tuple(t.name for t in spec.content_fallbacks),
        shadows=tuple(t.name for t in spec.shadow.targets) if spec.shadow else (),
        upgrade=spec.upgrade.target.name if spec.upgrade else None,
    )
