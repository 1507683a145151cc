"""`pilothouse routes` explains a choice and replays recorded calls; no network, no key."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pilothouse.cli.main import cli
from pilothouse.core.call import Call
from pilothouse.core.errors import InvalidInput, NotFound
from pilothouse.stores.sqlite import SqliteStore

CONFIG = """\
providers:
  vendor: {kind: openai_compatible, base_url: "https://vendor.example/v1", key_env: NOT_SET_HERE}
targets:
  mini: {provider: vendor, model: gpt-4o-mini}
  large: {provider: vendor, model: gpt-4o}
  mid: {provider: vendor, model: gpt-4.1-mini}
routes:
  support:
    policy: rules
    targets: [mini]
    context_fallbacks: large
    rules:
      - {name: research, when: 'key.team == "research" && has_tools', use: large}
      - {name: long, when: "input_tokens > 8000", use: [large, mini]}
      - {name: gold, when: 'metadata.tier == "gold"', use: large}
  split: {policy: weighted, targets: [mini, large], weights: {mini: 3, large: 1}}
  cheap: {policy: cheapest, targets: [large, mini]}
  urgent:
    policy: guide_urgency
    targets: [mini]
    roles: {fast: mini, balanced: mid, smart: large}
  tiers:
    policy: guide_tiers
    targets: [mini]
    roles: {fast: mini, balanced: mid, smart: large}
aliases: {help: support}
"""


def run(tmp_path: Path, *words: str) -> Result:
    path = tmp_path / "p.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    given = [str(path) if w == "CONFIG" else w for w in words]
    return CliRunner().invoke(cli, ["routes", *given], standalone_mode=False)


def call(number: int, **more: object) -> Call:
    base: dict[str, object] = {
        "id": f"c{number}",
        "request_id": f"r{number}",
        "at_us": 1_780_000_000_000_000 + number,
        "source": "serve",
        "route": "support",
        "arm": "main",
        "target": "mini",
        "provider": "vendor",
        "model": "gpt-4o-mini",
        "status": "ok",
        "input_tokens": 1000,
        "output_tokens": 100,
        "cost_usd": Decimal("0.00021"),
    }
    return Call(**{**base, **more})  # type: ignore[arg-type]


def test_list_names_routes_aliases_shares_and_rules(tmp_path: Path) -> None:
    output = run(tmp_path, "list", "CONFIG").output
    assert "support" in output and "help" in output
    assert "mini (75.0%), large (25.0%)" in output
    assert "research: large; long: large > mini; gold: large; else: mini" in output


def test_explain_says_which_rule_matched_and_why_each_other_did_not(tmp_path: Path) -> None:
    words = ("--input-tokens", "9000", "--team", "research", "--metadata", "tier=gold")
    result = run(tmp_path, "explain", "CONFIG", "help", *words)
    assert result.exit_code == 0
    assert result.output.splitlines()[:9] == [
        "route support (asked for as help), policy rules",
        '  rule research: does not match   key.team == "research" && has_tools',
        "    has_tools is false",
        "  rule long: matches   input_tokens > 8000",
        '  rule gold: not asked   metadata.tier == "gold"',
        "    an earlier rule matched",
        'because: rule "long": input_tokens > 8000',
        "1. large (gpt-4o at vendor)",
        "2. mini (gpt-4o-mini at vendor)",
    ]
    assert "if the question is too long: large" in result.output


def test_explain_shows_shares_and_what_the_choice_is_hashed_by(tmp_path: Path) -> None:
    output = run(tmp_path, "explain", "CONFIG", "split", "--subject", "u-17").output
    assert "hashed by subject: u-17" in output
    assert "shares: mini 75.0%, large 25.0%" in output
    found = json.loads(
        run(tmp_path, "explain", "CONFIG", "split", "--subject", "u-17", "--json").output
    )
    assert found["shares"] == {"mini": 0.75, "large": 0.25}
    assert found["targets"][0] in output


def test_explain_prices_the_cheapest_from_the_catalogue(tmp_path: Path) -> None:
    output = run(tmp_path, "explain", "CONFIG", "cheap", "--input-tokens", "1000").output
    assert "1. mini" in output
    assert "for about 1000 tokens in and 500 out" in output


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "urgent --input-tokens 12 --metadata urgency=high",
            [
                "route urgent, policy guide_urgency",
                "because: fast: complexity low, a short single question (about 12 tokens); urgency high, the caller says",
                "1. mini (gpt-4o-mini at vendor)",
                "2. mid (gpt-4.1-mini at vendor)",
                "3. large (gpt-4o at vendor)",
            ],
        ),
        (
            "urgent --input-tokens 12 --tools --json-output --metadata urgency=high",
            [
                "route urgent, policy guide_urgency",
                "because: smart: complexity high, it comes with tools and JSON; urgency high, the caller says",
                "1. large (gpt-4o at vendor)",
            ],
        ),
        (
            "tiers --input-tokens 12 --metadata complexity=medium",
            [
                "route tiers, policy guide_tiers",
                "because: balanced: complexity medium, the caller says medium",
                "1. mid (gpt-4.1-mini at vendor)",
            ],
        ),
    ],
)
def test_explain_says_how_complex_a_request_is_how_urgent_and_who_says_so(
    tmp_path: Path, words: str, expected: list[str]
) -> None:
    output = run(tmp_path, "explain", "CONFIG", *words.split()).output
    assert output.splitlines()[: len(expected)] == expected


def test_an_unknown_route_is_answered_with_the_nearest_one(tmp_path: Path) -> None:
    result = run(tmp_path, "explain", "CONFIG", "suport")
    assert isinstance(result.exception, NotFound)
    assert 'Did you mean "support"?' in str(result.exception)


def test_a_tag_without_a_value_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path, "explain", "CONFIG", "support", "--metadata", "tier")
    assert isinstance(result.exception, InvalidInput)


@pytest.fixture
def recorded(tmp_path: Path) -> str:
    store = SqliteStore(tmp_path / "calls.db")
    store.write_calls(
        [
            call(1),
            call(2, input_tokens=9000, cost_usd=Decimal("0.00141")),
            call(3, status="error", input_tokens=None, output_tokens=None, cost_usd=None),
            call(4, request_id="r3", attempt=2, target="large", cost_usd=Decimal("0.0035")),
            call(5, source="prove"),
        ]
    )
    store.close()
    return str(tmp_path / "calls.db")


def test_simulate_says_where_recorded_requests_would_go_and_at_what_cost(
    tmp_path: Path, recorded: str
) -> None:
    result = run(tmp_path, "simulate", "CONFIG", "--store", recorded, "--json")
    assert result.return_value == 0
    found = json.loads(result.output)
    assert (found["requests"], found["moved"]) == (3, 1)
    flows = {flow["target"]: flow for flow in found["flows"]}
    assert (flows["mini"]["went"], flows["mini"]["would_go"]) == (3, 2)
    assert Decimal(flows["mini"]["recorded_usd"]) == Decimal("0.00512")
    # 9000 tokens in and 100 out at 2.50 and 10 USD a million.
    assert Decimal(flows["large"]["estimated_usd"]) == Decimal("0.0235")
    assert "records do not say has_tools, key.team, metadata.tier" in found["notes"][0]


def test_simulate_exits_with_1_when_requests_would_be_refused(
    tmp_path: Path, recorded: str
) -> None:
    store = SqliteStore(recorded)
    store.write_calls([call(6, route="gone")])
    store.close()
    result = run(tmp_path, "simulate", "CONFIG", "--store", recorded)
    assert result.return_value == 1
    assert '1 requests asked for "gone", which is not configured' in result.output


def test_simulate_without_calls_says_so(tmp_path: Path, recorded: str) -> None:
    result = run(tmp_path, "simulate", "CONFIG", "--store", recorded, "--route", "none")
    assert "No calls match" in result.output
