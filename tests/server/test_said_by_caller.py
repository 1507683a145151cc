"""What a caller says of a request in headers reaches the route's decision."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse import registry
from pilothouse.core.dialect import Envelope
from pilothouse.core.facts import Facts
from pilothouse.core.route import GuideRoles, Live, RouteSpec, Target
from pilothouse.core.rules.rule import rule_of
from pilothouse.server.routes import facts_of, said_by_caller

A, B, C = (Target(name=n, provider="p", model=n) for n in "abc")
METADATA, TAG = "x-pilothouse-metadata", "x-pilothouse-tag"


def facts(headers: dict[str, str]) -> Facts:
    return facts_of(headers, Envelope(model="r"), "id", "openai_chat", None)


@pytest.mark.parametrize(
    ("headers", "first"),
    [
        ({METADATA: "complexity=low, urgency=high"}, "a"),
        ({TAG: "complexity=low,urgency=high"}, "a"),
        ({METADATA: "urgency=low", TAG: "complexity=low,urgency=high"}, "b"),
        ({TAG: "complexity=high"}, "c"),
        ({TAG: "billing"}, "b"),
        ({}, "b"),
    ],
)
def test_complexity_and_urgency_may_be_said_in_a_header(
    headers: dict[str, str], first: str
) -> None:
    roles = GuideRoles(fast=(A,), balanced=(B,), smart=(C,))
    spec = RouteSpec(name="r", policy="guide_urgency", targets=(A,), roles=roles)
    route = registry.plugin("policies", spec.policy)(facts(headers), spec, Live())
    assert route.targets[0].name == first


def test_rules_read_the_same_words() -> None:
    assert rule_of('metadata.tier == "gold"', name="1").matches(facts({METADATA: "tier = gold"}))


@given(st.text(max_size=3000), st.text(max_size=3000))
def test_words_are_few_and_short_whatever_is_sent(metadata: str, tag: str) -> None:
    found = said_by_caller({METADATA: metadata, TAG: tag})
    assert len(found) <= 16
    assert all(name and len(name) <= 64 and len(value) <= 64 for name, value in found.items())


def test_the_seventeenth_word_is_left() -> None:
    many = ",".join(f"n{i}=1" for i in range(20))
    assert len(said_by_caller({METADATA: many})) == 16
