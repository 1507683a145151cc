"""Requests, routes and callers for the tests of the cache."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pilothouse import registry
from pilothouse.client.cache.answers import AnswerCache
from pilothouse.client.cache.memory import MemoryBackend
from pilothouse.client.keyring import Holder
from pilothouse.core.answer import Answer, Usage
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.keys import VirtualKey
from pilothouse.core.ports import Reply
from pilothouse.core.route import Route, RouteSpec, Target
from pilothouse.core.route_settings import CacheSettings

START_US = 1_790_000_010_000_000
SMALL = Target(name="small", provider="p", model="m-small")
LARGE = Target(name="large", provider="p", model="m-large")
ROUTE = Route(name="support", targets=(SMALL, LARGE))
KEEPING = CacheSettings(ttl_s=60)
CHAT = registry.plugin("dialects", "openai_chat")
ANTHROPIC = registry.plugin("dialects", "anthropic_messages")


class Clock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.us = START_US

    def now_us(self) -> int:
        return self.us

    def now_s(self) -> float:
        return self.us / 1e6

    def forward(self, seconds: float) -> None:
        self.us += round(seconds * 1e6)


def a_spec(cache: CacheSettings = KEEPING) -> RouteSpec:
    return RouteSpec(name="support", policy="fallback", targets=(SMALL, LARGE), cache=cache)


def an_ask(text: str = "What is a monad?", *, dialect: Any = CHAT, **fields: Any) -> Ask:
    body = {
        "model": "support",
        "temperature": 0,
        "messages": [{"role": "user", "content": text}],
        **fields,
    }
    return asked({k: v for k, v in body.items() if v is not None}, dialect=dialect)


def asked(
    body: Mapping[str, Any], *, dialect: Any = CHAT, headers: Mapping[str, str] | None = None
) -> Ask:
    data = json.dumps(body).encode()
    envelope = dialect.read_envelope(data)
    return Ask(dialect, data, envelope, headers=headers or {})


def a_holder(id: str = "K1", team: str | None = None) -> Holder:
    key = VirtualKey(id=id, name=id, secret_hash="", last4="", created_us=1, team=team)
    return Holder(key, ())


def a_reply(text: str = "A burrito.", *, finish_reason: str | None = "stop") -> Reply:
    usage = Usage(input_tokens=9, output_tokens=3)
    answer = Answer.of_text(text, finish_reason=finish_reason, usage=usage)
    body = CHAT.write_answer(answer, model="m-small", id="x", created_s=1)
    return Reply(body, CHAT.read_answer(body), "openai_chat")


def a_call(cost_usd: str | None = "0.002") -> Call:
    return Call(
        id="1",
        request_id="1",
        at_us=START_US,
        source="serve",
        route="support",
        arm="main",
        target="small",
        provider="p",
        model="m-small",
        status="ok",
        cost_usd=Decimal(cost_usd) if cost_usd else None,
    )


def a_cache(clock: Clock, *, most_bytes: int = 1_000_000, **options: Any) -> AnswerCache:
    return AnswerCache(MemoryBackend(most_bytes, clock.now_s), clock.now_us, **options)


async def kept(cache: AnswerCache, ask: Ask, reply: Reply | None = None, **options: Any) -> bool:
    """Whether an answer to `ask` was taken in."""
    with await cache.look(ask, ROUTE, options.pop("spec", a_spec()), **options) as looked:
        return await looked.keep(reply or a_reply(), a_call())
