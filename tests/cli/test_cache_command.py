"""`pilothouse cache`: a request explained, an embedding measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pilothouse.cli.main import cli
from pilothouse.client.cache.semantic.gate import read_measured

BODY = {
    "model": "support",
    "temperature": 0,
    "stream": True,
    "user": "ann",
    "messages": [{"role": "user", "content": "Convert 15 EUR"}],
}
CONFIG = """
providers: {p: {kind: openai, key_env: K}}
targets: {small: {provider: p, model: gpt-4o-mini}}
routes:
  warm: {targets: [small], cache: {ttl_s: 60, only_deterministic: false}}
  none: {targets: [small]}
"""


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, ["cache", *args], standalone_mode=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "body.json").write_text(json.dumps(BODY))
    (tmp_path / "warm.json").write_text(json.dumps({**BODY, "temperature": 1}))
    (tmp_path / "pilothouse.yaml").write_text(CONFIG)
    return tmp_path


def test_a_request_is_taken_apart(folder: Path) -> None:
    done = run("explain", str(folder / "body.json"), "--json")
    said: dict[str, Any] = json.loads(done.output)
    assert done.return_value == 0 and said["would_be_kept"]
    assert said["in_the_key"] == ["messages", "temperature"]
    assert said["left_out"] == ["model", "stream", "user"]
    assert said["details"] == [["15", "eur"], 0, []]
    assert "left out" in run("explain", str(folder / "body.json")).output


def test_one_that_would_be_passed_by_says_why_and_exits_1(folder: Path) -> None:
    done = run("explain", str(folder / "warm.json"))
    assert done.return_value == 1
    assert "its temperature is not 0" in done.output


def test_a_routes_settings_decide(folder: Path) -> None:
    config = ("--config", str(folder / "pilothouse.yaml"))
    warm = str(folder / "warm.json")
    assert run("explain", warm, *config, "--route", "warm").return_value == 0
    assert "keeps no answers" in str(run("explain", warm, *config, "--route", "none").exception)
    assert 'Did you mean "warm"' in str(run("explain", warm, *config, "--route", "warn").exception)


def test_a_measurement_can_be_read_where_a_route_names_it(folder: Path) -> None:
    pairs = folder / "pairs.jsonl"
    lines = [
        {"a": "How do I reset it?", "b": "how can I reset it", "same": True},
        {"a": "How do I reset it?", "b": "How do I delete it?", "same": False},
    ]
    pairs.write_text("\n".join(json.dumps(line) for line in lines))
    out = folder / "measured.json"
    done = run("measure", str(pairs), "--out", str(out))
    assert done.return_value == 0 and "wrong at most" in done.output
    known = read_measured(out.read_bytes(), "measured.json")
    assert [one.guards for one in known] == [False, True]
    assert known[0].rates[0].near_misses == 1


def test_a_bad_line_is_named(folder: Path) -> None:
    pairs = folder / "pairs.jsonl"
    pairs.write_text('{"a": "x", "b": "y", "same": false}\n{"a": 1}\n')
    assert "pairs.jsonl:2:" in str(run("measure", str(pairs)).exception)
    pairs.write_text('{"a": "x", "b": "y", "same": true}\n')
    assert "no false hit could be seen" in str(run("measure", str(pairs)).exception)
