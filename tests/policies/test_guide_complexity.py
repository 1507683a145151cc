"""The guide's routers by complexity: the caller's word first, else marks that can be named, each with its reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse import registry
from pilothouse.core.complexity import LEVELS, complexity
from pilothouse.core.facts import Facts
from pilothouse.core.route import GuideRoles, Live, Route, RouteSpec, Target

A, B, C, D = (Target(name=n, provider="p", model=n) for n in "abcd")
ROLES = GuideRoles(fast=(A,), balanced=(B,), smart=(C,))
SHORT: dict[str, Any] = {"input_tokens": 20, "messages": 1}


def facts(**known: Any) -> Facts:
    return Facts(request_id="id", model="r", **known)


def routed(policy: str, roles: GuideRoles | None = ROLES, **known: Any) -> Route:
    spec = RouteSpec(name="r", policy=policy, targets=(D, A), roles=roles)
    return registry.plugin("policies", policy)(facts(**known), spec, Live())


def order(route: Route) -> str:
    return "".join(t.name for t in route.targets)


@pytest.mark.parametrize(
    ("known", "level", "why"),
    [
        (SHORT, "low", "a short single question (about 20 tokens)"),
        ({}, "medium", "its length is not known"),
        ({"input_tokens": 100}, "medium", "about 100 tokens, not under 100"),
        ({"input_tokens": 2000}, "high", "about 2000 tokens, 2000 or more"),
        ({**SHORT, "messages": 3}, "medium", "it comes with 3 messages"),
        ({**SHORT, "has_code": True}, "medium", "it comes with marks of code"),
        ({**SHORT, "has_tools": True}, "medium", "it comes with tools"),
        ({**SHORT, "has_audio": True}, "medium", "it comes with media"),
        ({**SHORT, "wants_json": True}, "medium", "it comes with JSON"),
        ({**SHORT, "wants_thinking": True}, "high", "it comes with thinking"),
        ({**SHORT, "has_tools": True, "wants_json": True}, "high", "it comes with tools and JSON"),
        ({**SHORT, "metadata": {"complexity": "high"}}, "high", "the caller says high"),
        ({"wants_thinking": True, "metadata": {"complexity": "low"}}, "low", "the caller says low"),
        (
            {**SHORT, "metadata": {"complexity": "hihg"}},
            "low",
            "a short single question (about 20 tokens) (the caller's complexity is not low, medium or high)",
        ),
    ],
)
def test_complexity_is_the_callers_word_or_a_guess_by_marks(
    known: dict[str, Any], level: str, why: str
) -> None:
    judged = complexity(facts(**known), ROLES)
    assert (judged.level, judged.why) == (level, why)


@given(
    tokens=st.none() | st.integers(0, 5000),
    more=st.integers(0, 5000),
    messages=st.none() | st.integers(0, 9),
    marks=st.sets(st.sampled_from(["has_tools", "has_code", "has_images", "wants_json"])),
    mark=st.sampled_from(["has_tools", "has_code", "has_files", "wants_json", "wants_thinking"]),
)
def test_more_marks_or_tokens_never_make_a_request_simpler(
    tokens: int | None, more: int, messages: int | None, marks: set[str], mark: str
) -> None:
    known: dict[str, Any] = {"input_tokens": tokens, "messages": messages}
    known |= dict.fromkeys(marks, True)
    longer = {**known, "input_tokens": None if tokens is None else tokens + more}
    before, marked, after = (
        LEVELS.index(complexity(facts(**k), ROLES).level)
        for k in (known, {**known, mark: True}, longer)
    )
    assert before <= marked
    assert before <= after


def test_where_simple_ends_above_high_nothing_is_high_by_length_alone_before_it() -> None:
    roles = GuideRoles(fast=(A,), smart=(C,), simple_under_tokens=5000)
    assert complexity(facts(input_tokens=4999), roles).level == "low"
    assert complexity(facts(input_tokens=5000), roles).level == "high"


@pytest.mark.parametrize(
    ("known", "expected", "why"),
    [
        (SHORT, "abcd", "fast: complexity low, a short single question (about 20 tokens)"),
        ({"input_tokens": 500}, "bcda", "balanced: complexity medium, about 500 tokens"),
        ({"input_tokens": 9000}, "cbda", "smart: complexity high, about 9000 tokens"),
        ({"metadata": {"complexity": "low"}}, "abcd", "fast: complexity low, the caller says low"),
    ],
)
def test_tiers_are_fast_for_simple_balanced_for_medium_and_else_smart(
    known: dict[str, Any], expected: str, why: str
) -> None:
    route = routed("guide_tiers", **known)
    assert order(route) == expected
    assert route.why.startswith(why)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("urgency", ["high", "normal", "low"])
def test_urgency_is_the_guides_table(level: str, urgency: str) -> None:
    route = routed("guide_urgency", metadata={"complexity": level, "urgency": urgency})
    if urgency == "high" and level == "low":
        assert order(route) == "abcd"
    elif level == "high":
        assert order(route) == "cbda"
    else:
        assert order(route) == "bcda"
    assert f"the caller says {level}; urgency {urgency}, the caller says" in route.why


def test_urgency_is_never_guessed() -> None:
    assert routed("guide_urgency", **SHORT).why.endswith("urgency normal, nobody says otherwise")
    urgent = GuideRoles(fast=(A,), balanced=(B,), smart=(C,), urgency="high")
    route = routed("guide_urgency", urgent, **SHORT)
    assert order(route) == "abcd"
    assert route.why.endswith("urgency high, as configured")
    calm = routed("guide_urgency", urgent, **SHORT, metadata={"urgency": "low"})
    assert order(calm) == "bcda"
    wrong = routed("guide_urgency", urgent, **SHORT, metadata={"urgency": "asap"})
    assert wrong.why.endswith("as configured (the caller's urgency is not high, normal or low)")


@pytest.mark.parametrize("policy", ["guide_tiers", "guide_urgency"])
def test_without_roles_the_order_is_as_configured(policy: str) -> None:
    assert order(routed(policy, None)) == "da"


def test_the_alias_table_takes_the_callers_word_for_simple_too() -> None:
    said = {"metadata": {"complexity": "low"}, "input_tokens": 900}
    assert order(routed("guide_router", **said)) == "acd"
    said = {"metadata": {"complexity": "high"}, "input_tokens": 9}
    route = routed("guide_router", **said)
    assert route.why == "smart: not simple, the caller says high"
