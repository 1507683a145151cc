"""`unsupported: reject`: who could not say a request, and the refusal when nobody can."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pilothouse.core.ask import Ask
from pilothouse.core.errors import ProviderError
from pilothouse.core.losses import real_losses
from pilothouse.core.ports import Provider
from pilothouse.core.route import Route, Target

_MOST_NAMED = 10


def unsaid_to(providers: Mapping[str, Provider], ask: Ask, target: Target) -> tuple[str, ...]:
    """What of `ask` that the answer depends on `target` would not be told."""
    return real_losses(providers[target.provider].losses(target, ask))


def refusal(route: Route, unsaid: Callable[[Target], tuple[str, ...]]) -> ProviderError:
    """Names the fields, target by target."""
    each = "; ".join([f"{t.name}: {_named(unsaid(t))}" for t in route.targets])
    return ProviderError(
        "caller",
        f'no target of "{route.name}" can say all of this request ({each}). Leave these fields out, or set '
        "unsupported: warn on the route",
        http_status=422,
    )


def _named(fields: tuple[str, ...]) -> str:
    more = len(fields) - _MOST_NAMED
    return ", ".join(fields[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
