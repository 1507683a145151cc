"""Where a request can go (`Target`) and where one request goes, and why (`Route`)."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from pilothouse.core.request import Request


class Target(Struct, frozen=True, kw_only=True):
    """A model at a provider: where one attempt can go."""

    name: str
    """How configuration and records call it."""
    provider: str
    """The configured provider's name, not the plugin's."""
    model: str
    """The model id that the provider is sent."""
    catalog_model: str | None = None
    """The catalogue id that prices it; None = look up `model`."""

    @property
    def priced_as(self) -> str:
        """The catalogue id to price a call of this target with."""
        return self.catalog_model or self.model


class Route(Struct, frozen=True, kw_only=True):
    """Where this request goes: targets in order of trial, the arm, and why."""

    name: str
    targets: tuple[Target, ...]
    arm: str = "main"
    share: float | None = None
    """The new arm's share (0-1) that held when this request was assigned; None = no split."""
    rollout_id: str | None = None
    why: str = ""


class RouteSpec(Struct, frozen=True, kw_only=True):
    """A route as configured: a policy and the targets it may use, in order."""

    name: str
    policy: str
    targets: tuple[Target, ...]


class Split(Struct, frozen=True, kw_only=True):
    """What a running rollout says about its route now."""

    rollout_id: str
    old: Target
    new: Target
    share: float
    """The new arm's part of the traffic, 0-1."""


Policy = Callable[[Request, RouteSpec, Split | None, str], Route]
"""(request, spec, running rollout or None, request id) to where it goes. Pure."""
