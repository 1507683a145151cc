"""Where a request goes: what of it is read for that."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from pilothouse import registry
from pilothouse.client.caller import Client
from pilothouse.client.routing import Router
from pilothouse.core.ask import Ask
from pilothouse.core.facts import Facts
from pilothouse.core.ports import Priced
from pilothouse.core.request import Request
from pilothouse.core.route import RouteSpec, Target
from pilothouse.core.route_settings import Sticky
from pilothouse.server.routes import Routes

TARGETS = tuple(Target(name=n, provider="p", model=n) for n in "abc")


class _Nowhere:
    def record(self, call: object) -> None:
        pass


def routes(sticky: Sticky) -> tuple[Routes, RouteSpec]:
    spec = RouteSpec(name="r", policy="weighted", targets=TARGETS, sticky=sticky)
    router = Router({"r": spec}, lambda name: registry.plugin("policies", name))
    client = Client(
        {},
        lambda target, usage, at_us: Priced(None, "a test"),
        _Nowhere(),
        lambda: time.time_ns() // 1000,
        lambda: 1,
    )
    return Routes(client, router, lambda name: None), spec


def turns(number: int, count: int) -> Ask:
    """One conversation after so many turns."""
    dialect: Any = registry.plugin("dialects", "openai_chat")
    messages = [{"role": "user", "content": f"Question {number}"}]
    for turn in range(count):
        messages += [
            {"role": "assistant", "content": f"Answer {turn}"},
            {"role": "user", "content": f"And {turn}?"},
        ]
    body = msgspec.json.encode({"model": "r", "messages": messages})
    return Ask(dialect, body, dialect.read_envelope(body))


@pytest.mark.parametrize("given", [None, "an id of the caller's"])
def test_all_turns_of_a_conversation_go_to_one_target(given: str | None) -> None:
    found, spec = routes("conversation")
    first: set[str] = set()
    for number in range(30):
        went = {
            found.route(
                Facts(request_id=f"{number}/{count}", model="r", conversation=given),
                spec,
                turns(number, count),
            )
            .targets[0]
            .name
            for count in range(4)
        }
        assert len(went) == 1
        first |= went
    assert len(first) == (1 if given else 3), "the caller's own id wins over the beginning"


def test_nothing_is_read_where_the_envelope_is_enough() -> None:
    class Unread:
        @property
        def request(self) -> Request:
            raise AssertionError("the content was read")

    found, spec = routes("subject")
    found.route(Facts(request_id="1", model="r"), spec, Unread())
