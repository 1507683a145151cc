"""What a caller may name, and where a request under that name goes now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Protocol

from msgspec.structs import replace

from pilothouse.client.attempt import Asked
from pilothouse.client.caller import Client
from pilothouse.client.keyring import Holder
from pilothouse.client.routing import Router
from pilothouse.core.dialect import Envelope
from pilothouse.core.errors import did_you_mean
from pilothouse.core.facts import Facts, facts_of_envelope, with_content
from pilothouse.core.place import draw
from pilothouse.core.prompt_prefix import conversation_key
from pilothouse.core.request import Request
from pilothouse.core.route import Live, Route, RouteSpec, Split

_TAG_CHARS = 64
"""Longer ones are cut: a tag is a name, not a text."""
_MOST_WORDS = 16
"""Of a caller's metadata that are read."""


class Readable(Protocol):
    """A question whose content can be read: an `Ask`, a `CountAsk`."""

    @property
    def request(self) -> Request: ...


class Routes:
    """The router as one key's holder sees it. `split_of` says what a running rollout makes of a route."""

    def __init__(
        self, client: Client, router: Router, split_of: Callable[[str], Split | None]
    ) -> None:
        self._client = client
        self._router = router
        self._split_of = split_of

    def names(self, holder: Holder | None) -> list[str]:
        """All that `holder` may ask for."""
        return [name for name in self._router.names if may_use(holder, name)]

    def spec(self, model: str, holder: Holder | None) -> RouteSpec | None:
        """The route called `model`; None when there is none, or none for `holder`."""
        return self._router.spec(model) if may_use(holder, model) else None

    def unknown(self, model: str, holder: Holder | None) -> str:
        """The same in words: another's routes are not told."""
        hint = did_you_mean(model, self.names(holder))
        return f'no route or target is called "{model}".{hint} (see /v1/models)'

    def route(self, facts: Facts, spec: RouteSpec, ask: Readable | None = None) -> Route:
        """Where a request goes now. `ask` is read where the decision needs more than its envelope.

        Raises `BadRequest` when it cannot be read.
        """
        split = self._split_of(spec.name)
        if ask is not None:
            facts = _facts_within(facts, spec, split, ask)
        live = Live(
            now_s=monotonic(),
            draw=draw(facts.request_id),
            health=self._client.health,
            split=split,
            cost_of=self._client.cost_now,
        )
        return self._router.route(facts, spec, live)


def _facts_within(facts: Facts, spec: RouteSpec, split: Split | None, ask: Readable) -> Facts:
    if spec.reads_content or (split is not None and split.reads_content):
        is_learned = spec.learned is not None or (split is not None and split.is_learned)
        facts = with_content(facts, ask.request, texts=is_learned)
    if spec.sticky == "conversation" and facts.conversation is None:
        # The vendor's prompt cache keeps beginnings, so an equal beginning is worth the same target.
        facts = replace(facts, conversation=conversation_key(ask.request))
    return facts


def may_use(holder: Holder | None, model: str) -> bool:
    """Whether `holder` may name it; None is nobody's key, and may name all."""
    return holder is None or holder.key.may_use(model)


def asked_by(headers: Mapping[str, str], holder: Holder | None, request_id: str) -> Asked:
    """Who asks and for what, for the record."""
    key = holder.key if holder is not None else None
    return Asked(
        request_id=request_id,
        key_id=key.id if key is not None else None,
        team=key.team if key is not None else None,
        tag=_tag(headers),
    )


def _tag(headers: Mapping[str, str]) -> str | None:
    tag = headers.get("x-pilothouse-tag")
    return tag[:_TAG_CHARS] if tag else None


def said_by_caller(headers: Mapping[str, str]) -> dict[str, str]:
    """Every NAME=VALUE of `x-pilothouse-metadata`, then of `x-pilothouse-tag`; the former wins.

    A word without a value is a tag's name and is left. At most `_MOST_WORDS`; longer ones are cut.
    """
    found: dict[str, str] = {}
    for header in ("x-pilothouse-metadata", "x-pilothouse-tag"):
        for word in headers.get(header, "").split(","):
            name, sign, value = word.partition("=")
            name = name.strip()[:_TAG_CHARS]
            if sign and name and len(found) < _MOST_WORDS:
                found.setdefault(name, value.strip()[:_TAG_CHARS])
    return found


def facts_of(
    headers: Mapping[str, str],
    envelope: Envelope,
    request_id: str,
    dialect: str,
    holder: Holder | None,
) -> Facts:
    """What is known of a request from its headers and its envelope."""
    return facts_of_envelope(
        envelope,
        request_id=request_id,
        dialect=dialect,
        subject=headers.get("x-pilothouse-subject"),
        metadata=said_by_caller(headers),
        conversation=headers.get("x-pilothouse-conversation"),
        key_id=holder.key.id if holder else None,
        team=holder.key.team if holder else None,
        tag=_tag(headers),
    )
