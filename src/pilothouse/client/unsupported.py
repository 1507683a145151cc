"""`unsupported: reject`: who could not say a request, and the refusal when nobody can."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import structs

from pilothouse.core.ask import Ask
from pilothouse.core.embedding_ask import EmbeddingAsk
from pilothouse.core.errors import ProviderError
from pilothouse.core.losses import real_losses
from pilothouse.core.ports import Embedder, Provider
from pilothouse.core.route import Route, RouteSpec, Target

_MOST_NAMED = 10


def able(
    providers: Mapping[str, Provider], ask: Ask | EmbeddingAsk, route: Route, spec: RouteSpec
) -> tuple[Route, RouteSpec]:
    """Both with only those targets that can be told all that the answer depends on; nobody is asked.

    Raises `ProviderError` (caller, 422), which names the fields target by target, when there is none.
    """
    unsaid = {target: _unsaid(providers, ask, target) for target in route.targets}
    kept = tuple([target for target in route.targets if not unsaid[target]])
    if not kept and route.targets:
        raise _refusal(route, unsaid)

    def able_of(targets: tuple[Target, ...]) -> tuple[Target, ...]:
        return tuple([target for target in targets if not _unsaid(providers, ask, target)])

    spec = structs.replace(
        spec,
        context_fallbacks=able_of(spec.context_fallbacks),
        content_fallbacks=able_of(spec.content_fallbacks),
    )
    return structs.replace(route, targets=kept), spec


def _unsaid(
    providers: Mapping[str, Provider], ask: Ask | EmbeddingAsk, target: Target
) -> tuple[str, ...]:
    """What of `ask` that the answer depends on `target` would not be told."""
    provider = providers[target.provider]
    if isinstance(ask, Ask):
        return real_losses(provider.losses(target, ask))
    if isinstance(provider, Embedder):
        return real_losses(provider.embedding_losses(target, ask))
    return ()


def _refusal(route: Route, unsaid: Mapping[Target, tuple[str, ...]]) -> ProviderError:
    each = "; ".join([f"{t.name}: {_named(unsaid[t])}" for t in route.targets])
    return ProviderError(
        "caller",
        f'no target of "{route.name}" can say all of this request ({each}). Leave these fields out, or set '
        "unsupported: warn on the route",
        http_status=422,
    )


def _named(fields: tuple[str, ...]) -> str:
    more = len(fields) - _MOST_NAMED
    return ", ".join(fields[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
