"""Where one request stands on its way: the chain it is on, its place there, what it has tried."""

from __future__ import annotations

from time import monotonic

from pilothouse.client.retry import NextKey, NextTarget, Step
from pilothouse.core.ask import Ask
from pilothouse.core.embedding_ask import EmbeddingAsk
from pilothouse.core.errors import ProviderError
from pilothouse.core.route import Route, RouteSpec, Target

NO_KEYS: frozenset[int] = frozenset()
"""None tried yet."""
_PATIENCE_S = 600.0
"""How long one request may take with all its attempts when nobody says."""


class Way:
    """Changes with each step; `target` is the one to ask now."""

    __slots__ = (
        "_chain",
        "_left",
        "_place",
        "deadline_s",
        "is_retry",
        "number",
        "retries",
        "tried_keys",
        "tries",
    )

    def __init__(self, route: Route, spec: RouteSpec, number: int = 0) -> None:
        if not route.targets:
            raise ProviderError("provider_down", f'the route "{route.name}" has no target')
        self._chain = route.targets
        self.number = number
        """Attempts begun."""
        self._place = 0
        self._left = {"context": spec.context_fallbacks, "content": spec.content_fallbacks}
        self.retries = spec.retries
        self.deadline_s = monotonic() + (spec.timeouts.total_s or _PATIENCE_S)
        self.is_retry = False
        self.tries = 1
        self.tried_keys = NO_KEYS

    @property
    def target(self) -> Target:
        """The one to ask now."""
        return self._chain[self._place]

    @property
    def after(self) -> Target:
        """The one that follows; there must be one."""
        return self._chain[self._place + 1]

    @property
    def has_next(self) -> bool:
        """Whether another target follows on this chain."""
        return self._place + 1 < len(self._chain)

    def has_chain(self, name: str) -> bool:
        """Whether the fallbacks of that kind are still untried."""
        return bool(self._left[name])

    def go(self, step: Step, key: int | None) -> None:
        """Take the step."""
        self.is_retry = True
        match step:
            case NextKey():
                self.tried_keys |= {key} if key is not None else NO_KEYS
            case NextTarget(chain="route"):
                self._place += 1
                self._fresh()
            case NextTarget(chain=chain):
                self._chain, self._left[chain] = self._left[chain], ()
                self._place = 0
                self._fresh()
            case _:
                self.tries += 1

    def _fresh(self) -> None:
        self.tries = 1
        self.tried_keys = NO_KEYS


def may_hedge(ask: Ask | EmbeddingAsk, route: Route, way: Way) -> bool:
    """Whether a second target may be asked beside the first: once a request, and never

    - with `n` over 1: the loser of a hedge would cost several answers;
    - under a rollout: an arm's latency and failures would be those of the quicker of the two.
    """
    return not way.is_retry and way.has_next and ask.envelope.n == 1 and route.rollout_id is None
