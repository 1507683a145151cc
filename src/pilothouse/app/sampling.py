"""The `sampling:` section: which live questions are kept for proofs, and what is taken out of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, Struct

from pilothouse import registry
from pilothouse.client.sampling import Sampler, SampleRules
from pilothouse.core.errors import did_you_mean
from pilothouse.core.guard import Changed
from pilothouse.core.request import Request
from pilothouse.core.sample_store import SampleStore
from pilothouse.guards._pii_find import KINDS, PiiKind
from pilothouse.guards.pii import Pii, PiiSettings


class SamplingConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A share of live questions, for `pilothouse cases sample`."""

    share: Annotated[float, Meta(gt=0, le=1)]
    routes: list[str] = []
    """Only these; all when none is named."""
    redact: tuple[PiiKind, ...] = KINDS
    """Kinds of personal data that a placeholder takes the place of."""
    keep: Annotated[int, Meta(ge=1, le=10_000_000)] = 10_000
    """Of each route; the oldest go."""


def sampling_problems(config: SamplingConfig | None, known: Iterable[str]) -> list[tuple[str, str]]:
    """(key, message)."""
    names = list(known)
    return [
        (f"sampling.routes[{i}]", f'unknown route "{name}".{did_you_mean(name, names)}')
        for i, name in enumerate(config.routes if config else [])
        if name not in names
    ]


def open_sampler(config: SamplingConfig | None, store: SampleStore) -> Sampler | None:
    """None = nothing is sampled."""
    if config is None:
        return None
    rules = SampleRules(share=config.share, routes=frozenset(config.routes), keep=config.keep)
    guard = Pii(PiiSettings(kinds=config.redact)) if config.redact else None

    def redact(request: Request) -> Request:
        looked = guard.before(request) if guard is not None else None
        return looked.value if isinstance(looked, Changed) else request

    chat = registry.plugin("dialects", "openai_chat")
    return Sampler(rules, store, redact, lambda request: chat.write_request(request).body)
