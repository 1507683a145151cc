"""Conditions read as written, refuse what they cannot mean at the start, and never fail afterwards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.rules.make import conditions, facts

from pilothouse.core.facts import Facts
from pilothouse.core.rules.closure import compiled
from pilothouse.core.rules.parse import MOST_DEPTH, RuleError, parse
from pilothouse.core.rules.reach import unreachable
from pilothouse.core.rules.rule import rule_of, why_not
from pilothouse.core.rules.syntax import Node, written
from pilothouse.core.rules.types import check

FACTS = Facts(
    request_id="id",
    model="gpt-4o",
    team="support",
    metadata={"tier": "gold", "n": "12"},
    input_tokens=9000,
    has_tools=True,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("input_tokens > 8000 && has_tools", True),
        ("input_tokens > 8000 && !has_tools", False),
        ('key.team == "support"', True),
        ("key.team == 'sales' || model.startsWith(\"gpt\")", True),
        ('metadata.tier in ["gold", "silver"]', True),
        ('metadata.region == "eu"', False),
        ('metadata.region != "eu"', True),
        ("has(metadata.region) || has(max_output_tokens)", False),
        ("number(metadata.n) + 1 > 12", True),
        ("number(metadata.tier) > 0", False),
        ("max_output_tokens > 0 || max_output_tokens <= 0", False),
        ("input_tokens * 2 - 1 == 17999", True),
        ("size(model) == 6 && model.lower().contains('4O'.lower())", True),
        ("stream == false", True),
        ("true && (false || !false)", True),
        ("input_tokens in [1, 9000]", True),
        ("-input_tokens < -1", True),
    ],
)
def test_conditions_mean_what_they_say(text: str, expected: bool) -> None:
    assert rule_of(text, name="r").matches(FACTS) is expected


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ("input_token > 5", 'unknown fact "input_token". Did you mean "input_tokens"?', 0),
        ("has_tools && key.taem == 'x'", 'unknown fact "key.taem". Did you mean "key.team"?', 13),
        ("input_tokens", "is a number, and a condition is true or false", 0),
        ("input_tokens > 'many'", "compares a number with a text", 0),
        ("metadata.n > 5", "compares a text with a number", 0),
        ("model in [1]", "compares a text with 1", 0),
        ("has_tools < stream", "true and false have no order", 0),
        ("!model", "`model` is a text, and true or false is needed here", 1),
        ("model.startWith('g')", 'unknown method "startWith". Did you mean "startsWith"?', 6),
        ("sise(model) > 1", 'unknown function "sise". Did you mean "size"?', 0),
        ("has_tools and stream", 'Did you mean "&&"?', 10),
        ("has_tools & stream", 'Did you mean "&&"?', 10),
        ("model = 'x'", 'Did you mean "=="?', 6),
        ("1 < input_tokens < 5", "comparisons cannot be chained", 17),
        ("has('x')", "has() takes the name of a fact", 4),
        ("model == 'x", "has no end", 9),
        ("model == \"\\q\"", "unknown escape", 10),
        ("(has_tools", 'expected ")", got the end', 10),
        ("", "expected a value, got the end", 0),
        ("model in []", "an empty list", 11),
        ("input_tokens > 99999999999999999999", "too large", 15),
        ("metadata == 'x'", 'unknown fact "metadata"', 0),
        ("__class__ == 'x'", 'unknown fact "__class__"', 0),
        ("metadata.__class__.mro == 'x'.y", "unknown method", 30),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_at_the_start_with_its_place(
    text: str, message: str, at: int
) -> None:
    with pytest.raises(RuleError) as caught:
        rule_of(text, name="r")
    assert message in str(caught.value)
    assert caught.value.at == at


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "true",
        "(" * (MOST_DEPTH + 1) + "true" + ")" * (MOST_DEPTH + 1),
        "!" * 500 + "true",
        "input_tokens" + "+1" * 500 + " > 1",
        "true" + " && true" * 1000,
    ],
)
def test_what_is_too_long_or_too_deep_is_refused(text: str) -> None:
    with pytest.raises(RuleError):
        parse(text)


@given(conditions())
def test_what_is_written_reads_as_the_same_again(node: Node) -> None:
    assert parse(written(node)) == node


@given(conditions(), facts())
def test_no_checked_condition_raises_whatever_the_facts_are(node: Node, given_facts: Facts) -> None:
    check(node)
    assert compiled(node)(given_facts) in (True, False)
    assert why_not(node, given_facts)


@given(st.text(max_size=60))
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    try:
        check(parse(text), text)
    except RuleError as error:
        assert 0 <= error.at <= len(text)


@given(conditions(), conditions(), facts())
def test_what_is_called_unreachable_never_matches(a: Node, b: Node, given_facts: Facts) -> None:
    if unreachable(b, [("a", a)]) and compiled(b)(given_facts):
        assert compiled(a)(given_facts)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("input_tokens > 100", "input_tokens > 200"),
        ("input_tokens > 100", "input_tokens >= 101 && has_tools"),
        ("has_tools || stream", "stream"),
        ("true", "stream"),
        ("model in ['a', 'b']", "model == 'a'"),
        ("model != 'x'", "model == 'y'"),
        ("100 < input_tokens", "input_tokens == 150"),
        ("!stream", "stream == false && has_tools"),
        ("has_tools", "has_tools"),
    ],
)
def test_rules_that_an_earlier_one_always_takes_are_found(earlier: str, later: str) -> None:
    assert "earlier rule" in (unreachable(parse(later), [("first", parse(earlier))]) or "")


@pytest.mark.parametrize(
    "text", ["false", "stream && !stream", "input_tokens > 5 && input_tokens < 3", "!true"]
)
def test_rules_that_are_never_true_are_found(text: str) -> None:
    assert unreachable(parse(text), []) == "it is never true"


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("input_tokens > 200", "input_tokens > 100"),
        ("has_tools && stream", "stream"),
        ("model == 'a'", "model in ['a', 'b']"),
        ("input_tokens < 5", "!(input_tokens >= 5)"),  # absent tokens match only the later one
    ],
)
def test_rules_that_can_match_are_left_alone(earlier: str, later: str) -> None:
    assert unreachable(parse(later), [("first", parse(earlier))]) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("has_tools && input_tokens > 10000", "`input_tokens > 10000`: input_tokens is 9000"),
        ("metadata.region == 'eu'", "metadata.region is not known"),
        ("stream || has_images", "stream is false; has_images is false"),
        ("!has_tools", "`!has_tools`: has_tools is true"),
    ],
)
def test_why_a_rule_did_not_match_names_the_part_and_the_value(text: str, why: str) -> None:
    assert why in why_not(parse(text), FACTS)


def test_a_rule_knows_whether_it_asks_for_content() -> None:
    assert rule_of("has_tools", name="r").reads_content
    assert not rule_of("key.team == 'x' && stream", name="r").reads_content
