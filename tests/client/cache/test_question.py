"""Equal questions have equal keys, whatever dialect puts them; any change that matters makes another."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse import registry
from pilothouse.client.cache.key import exact_key, place_of, tenant_of
from pilothouse.client.cache.question import NOT_THE_QUESTION, Questions, may_be_deterministic
from pilothouse.core.ask import Ask
from pilothouse.core.request import Message, Request
from pilothouse.core.route import Route

from .make import ANTHROPIC, CHAT, LARGE, ROUTE, SMALL, a_holder, an_ask, asked

TOOL = {
    "type": "function",
    "function": {"name": "find", "parameters": {"type": "object", "properties": {"q": {}}}},
}
BODY: dict[str, Any] = {
    "model": "support",
    "temperature": 0,
    "top_p": 0.5,
    "n": 2,
    "seed": 7,
    "max_tokens": 50,
    "stop": ["END"],
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is a monad?", "name": "ann"},
        {"role": "user", "content": [{"type": "text", "text": "Look:"},
                                     {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}}]},
    ],
    "tools": [TOOL],
    "tool_choice": {"type": "function", "function": {"name": "find"}},
    "parallel_tool_calls": False,
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}},
    "logprobs": True,
    "reasoning_effort": "low",
    "logit_bias": {"50256": -100},
}  # fmt: skip


def digest(body: dict[str, Any], dialect: Any = CHAT) -> bytes:
    return Questions().of(asked(body, dialect=dialect)).digest


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [p for key, inner in value.items() for p in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [p for i, inner in enumerate(value) for p in leaves(inner, (*path, i))]
    return [path]


def changed(body: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    """`body` with another value of the same kind at `path`."""
    copy = json.loads(json.dumps(body))
    at = copy
    for step in path[:-1]:
        at = at[step]
    old = at[path[-1]]
    match old:
        case bool():
            at[path[-1]] = not old
        case int() | float():
            at[path[-1]] = old + 1
        case _:
            at[path[-1]] = old + "x"
    return copy


OTHERS: dict[str, dict[str, Any]] = {
    "anthropic_messages": {
        "model": "support",
        "temperature": 0,
        "max_tokens": 50,
        "top_k": 3,
        "stop_sequences": ["END"],
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {"role": "user", "content": "What is a monad?"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {"q": 1}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "42", "is_error": True}]},
        ],
        "tools": [{"name": "f", "description": "finds", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "service_tier": "auto",
    },
    "openai_responses": {
        "model": "support",
        "temperature": 0,
        "max_output_tokens": 50,
        "instructions": "Be brief.",
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "What is a monad?"}]}],
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True}],
        "text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "object"}}, "verbosity": "low"},
        "reasoning": {"effort": "low"},
        "previous_response_id": "resp_1",
        "truncation": "auto",
        "store": False,
    },
    "gemini": {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [{"role": "user", "parts": [{"text": "What is a monad?"}, {"inlineData": {"mimeType": "image/png", "data": "aGk="}}]}],
        "generationConfig": {"temperature": 0, "topK": 3, "maxOutputTokens": 50, "seed": 4, "stopSequences": ["END"],
                             "thinkingConfig": {"thinkingBudget": 5, "includeThoughts": True}},
        "tools": [{"functionDeclarations": [{"name": "f", "description": "finds"}]}],
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "cachedContent": "cachedContents/x",
    },
}  # fmt: skip


def digest_in(dialect: str, body: dict[str, Any]) -> bytes:
    plugin, data = registry.plugin("dialects", dialect), json.dumps(body).encode()
    return Questions().of(Ask(plugin, data, plugin.read_envelope(data, model="m"))).digest


@pytest.mark.parametrize(
    ("dialect", "path"),
    [
        (name, path)
        for name, body in OTHERS.items()
        for path in leaves(body)
        if path[-1] not in ("role", "type", "model", "data")
    ],
    ids=lambda p: p if isinstance(p, str) else ".".join(map(str, p)),
)
def test_so_it_is_in_every_dialect(dialect: str, path: tuple[Any, ...]) -> None:
    body = OTHERS[dialect]
    assert digest_in(dialect, changed(body, path)) != digest_in(dialect, body)


@pytest.mark.parametrize("dialect", OTHERS)
@pytest.mark.parametrize("value", ["x", 7, True, 0.5])
def test_a_top_level_value_that_no_noun_holds_makes_another_question(
    dialect: str, value: Any
) -> None:
    body = OTHERS[dialect]
    assert digest_in(dialect, {**body, "unheard_of": value}) != digest_in(dialect, body)


WORDS_OF_THE_FORMAT = ("role", "type", "model", "reasoning_effort", "detail")


@pytest.mark.parametrize(
    "path",
    [p for p in leaves(BODY) if p[-1] not in WORDS_OF_THE_FORMAT],
    ids=lambda p: ".".join(map(str, p)),
)
def test_any_value_that_changes_makes_another_question(path: tuple[Any, ...]) -> None:
    assert digest(changed(BODY, path)) != digest(BODY)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("messages", 2, "content", 1, "image_url", "detail"), "high"),
        (("messages", 0, "role"), "user"),
        (("reasoning_effort",), "high"),
        (("tool_choice",), "none"),
    ],
)
def test_so_does_another_word_of_the_format(path: tuple[Any, ...], value: str) -> None:
    copy = json.loads(json.dumps(BODY))
    at = copy
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert digest(copy) != digest(BODY)


@pytest.mark.parametrize("name", [n for n in BODY if n not in ("model", "messages")])
def test_leaving_a_field_out_makes_another_question(name: str) -> None:
    assert digest({k: v for k, v in BODY.items() if k != name}) != digest(BODY)


@pytest.mark.parametrize(
    "extra",
    [
        {"stream": True, "stream_options": {"include_usage": True}},
        {"user": "ann"},
        {"metadata": {"a": "b"}},
        {"model": "an alias"},
        {"prompt_cache_key": "p"},
    ],
    ids=str,
)
def test_how_an_answer_is_delivered_counted_or_billed_is_not_the_question(
    extra: dict[str, Any],
) -> None:
    assert digest(BODY | extra) == digest(BODY)


def test_the_order_of_the_fields_means_nothing() -> None:
    assert digest(dict(reversed(BODY.items()))) == digest(BODY)


def test_the_order_within_a_schema_may_mean_something() -> None:
    def with_schema(properties: dict[str, Any]) -> dict[str, Any]:
        function = {"name": "f", "parameters": {"type": "object", "properties": properties}}
        return BODY | {"tools": [{"type": "function", "function": function}]}

    assert digest(with_schema({"a": {}, "b": {}})) != digest(with_schema({"b": {}, "a": {}}))


def test_what_a_reader_has_no_noun_for_still_makes_another_question() -> None:
    def allowed(name: str) -> dict[str, Any]:
        one = {"type": "function", "name": name}
        choice = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [one]}}
        return BODY | {"tool_choice": choice}

    assert digest(allowed("find")) != digest(allowed("lose"))
    assert not Questions().of(asked(allowed("find"))).is_whole


def test_two_dialects_that_ask_the_same_put_the_same_question() -> None:
    chat = an_ask("Hello", max_completion_tokens=50)
    anthropic = asked(
        {
            "model": "other",
            "temperature": 0,
            "max_tokens": 50,
            "messages": [{"role": "user", "content": "Hello"}],
        },
        dialect=ANTHROPIC,
    )
    assert Questions().of(chat).digest == Questions().of(anthropic).digest


def test_a_request_made_here_is_the_same_question_as_its_dialects() -> None:
    request = Request(
        model="", messages=(Message.of_text("user", "What is a monad?"),), temperature=0.0
    )
    assert Questions().of(Ask.of_request(request)).digest == Questions().of(an_ask()).digest


def test_a_request_that_a_guardrail_changed_is_the_question_it_became() -> None:
    ask = an_ask("My number is 123")
    redacted = ask.replaced(an_ask("My number is [gone]").request)
    questions = Questions()
    assert questions.of(redacted).digest != questions.of(ask).digest
    assert questions.of(redacted).digest == questions.of(an_ask("My number is [gone]")).digest


@pytest.mark.parametrize("temperature", [0, 0.0, None, 0.5, 1])
def test_only_temperature_0_is_deterministic(temperature: float | None) -> None:
    found = Questions().of(an_ask(temperature=temperature))
    assert found.is_deterministic == (temperature == 0 and temperature is not None)


@pytest.mark.parametrize(
    ("body", "may_be"),
    [
        (b'{"temperature":0}', True),
        (b'{"temperature" : 0.0 , "n": 1}', True),
        (b'{"generationConfig":{"temperature":0}}', True),
        (b'{"temperature":0.7}', False),
        (b'{"temperature":null}', False),
        (b'{"messages":[{"content":"\\"temperature\\":0"}]}', False),
        (b"{}", False),
    ],
)
def test_most_bodies_that_are_not_need_not_be_read_to_know(body: bytes, may_be: bool) -> None:
    ask = Ask(CHAT, body, an_ask().envelope)
    assert may_be_deterministic(ask) == may_be


def test_a_vendors_own_tools_make_an_answer_unfit() -> None:
    found = Questions().of(an_ask(tools=[{"type": "web_search"}]))
    assert found.unfit is not None and "look things up" in found.unfit


def test_a_conversation_that_the_vendor_remembers_makes_an_answer_unfit() -> None:
    responses = registry.plugin("dialects", "openai_responses")
    body = {"model": "m", "input": "again", "conversation": "conv_1"}
    assert "conversation" in (Questions().of(asked(body, dialect=responses)).unfit or "")


def test_the_memo_is_bounded_and_changes_nothing() -> None:
    questions = Questions(most=3)
    first = [questions.of(an_ask(str(n))).digest for n in range(9)]
    assert [questions.of(an_ask(str(n))).digest for n in range(9)] == first
    assert len(questions._known) == 3  # pyright: ignore[reportPrivateUsage]


scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)  # fmt: skip
names = st.text(min_size=1, max_size=6).filter(
    lambda n: n not in NOT_THE_QUESTION and n not in BODY
)
bodies = st.dictionaries(names, values, max_size=3)


@given(bodies, bodies)
def test_equal_fields_have_equal_keys_and_others_do_not(
    one: dict[str, Any], two: dict[str, Any]
) -> None:
    ours, theirs = an_ask(**one), an_ask(**two)
    same = json.dumps(sorted(_said(one).items())) == json.dumps(sorted(_said(two).items()))
    assert (Questions().of(ours).digest == Questions().of(theirs).digest) == same


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


@given(st.text(max_size=4), st.text(max_size=4), st.text(max_size=4), st.text(max_size=4))
def test_nobody_is_given_what_another_tenant_asked_for(
    key_a: str, team_a: str, key_b: str, team_b: str
) -> None:
    one = a_holder(key_a, team_a or None)
    two = a_holder(key_b, team_b or None)
    ask = an_ask()
    digest = Questions().of(ask).digest

    def key(holder: Any) -> bytes:
        return exact_key(place_of(tenant_of(holder, is_shared=False), ROUTE, ask), digest)

    same = (team_a or None) == (team_b or None) and (team_a != "" or key_a == key_b)
    assert (key(one) == key(two)) == same
    assert key(one) != key(None)


def test_a_team_named_like_a_key_is_not_that_key() -> None:
    assert tenant_of(a_holder("x"), is_shared=False) != tenant_of(
        a_holder("y", "x"), is_shared=False
    )


def test_a_shared_route_is_one_tenant() -> None:
    assert tenant_of(a_holder("x"), is_shared=True) == tenant_of(None, is_shared=True)


@pytest.mark.parametrize(
    "other",
    [
        Route(name="sales", targets=ROUTE.targets),
        Route(name="support", targets=(SMALL,)),
        Route(name="support", targets=ROUTE.targets, arm="new"),
        Route(name="support", targets=ROUTE.targets, rollout_id="r"),
    ],
    ids=["route", "targets", "arm", "rollout"],
)
def test_another_place_has_other_answers(other: Route) -> None:
    ask, tenant = an_ask(), ("open", "")
    assert place_of(tenant, other, ask) != place_of(tenant, ROUTE, ask)


def test_the_order_in_which_targets_are_tried_is_no_other_place() -> None:
    turned = Route(name="support", targets=(LARGE, SMALL), why="the other was busy")
    ask = an_ask()
    assert place_of(("open", ""), turned, ask) == place_of(("open", ""), ROUTE, ask)


def test_a_header_meant_for_the_vendor_is_another_place() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    beta = asked(body, headers={"anthropic-beta": "x", "x-other": "1"})
    plain = asked(body, headers={"x-other": "2"})
    assert place_of(("open", ""), ROUTE, beta) != place_of(("open", ""), ROUTE, plain)
