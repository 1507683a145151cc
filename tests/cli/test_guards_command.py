"""`pilothouse guards`, and what a configuration of guards is refused for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pilothouse.app.config import load_config
from pilothouse.cli.main import cli
from pilothouse.core.errors import InvalidInput

EXAMPLE = Path(__file__).parents[2] / "examples" / "guards" / "pilothouse.yaml"
HEAD = """providers:
  o: {kind: ollama}
targets:
  small: {provider: o, model: m}
guards:
"""


def tried(*args: str) -> tuple[int, dict[str, object]]:
    done = CliRunner().invoke(
        cli, ["guards", "test", str(EXAMPLE), *args, "--json"], standalone_mode=False
    )
    return done.return_value, json.loads(done.output)


def test_the_example_redacts_blocks_and_runs_its_own_guard() -> None:
    code, found = tried("--route", "support", "--text", "Bluebird: ann@example.com")
    assert (code, found["text"]) == (0, "[project]: <EMAIL_1>")
    code, found = tried("--route", "support", "--text", "Give legal advice")
    assert (code, found["is_blocked"]) == (1, True)
    code, found = tried("--route", "small", "--text", "Bluebird")
    assert (code, found["guards"]) == (0, ["pii"])


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{name: a, kind: pi}", 'Did you mean "pii"'),
        ("{name: a, kind: pii, settings: {kind: [email]}}", 'Did you mean "kinds"'),
        ("{name: a, kind: pii, routes: [smal]}", 'Did you mean "small"'),
        ("{name: a, kind: size, action: redact, settings: {chars: 1}}", "does not redact"),
        ("{name: a, kind: pii, settings: {action: block}}", "beside the settings"),
        ("{name: a, kind: content, settings: {deny: ['re:(a+)+']}}", "without an end"),
        ("{name: a, kind: python, settings: {path: nowhere.py}}", "no such file"),
        ("{name: a, kind: secrets_out, on: request, settings: {secrets_env: [X]}}", "looks at no"),
    ],
)
def test_a_guard_that_cannot_be_is_refused_with_its_place(
    tmp_path: Path, entry: str, words: str
) -> None:
    path = tmp_path / "pilothouse.yaml"
    path.write_text(f"{HEAD}  - {entry}\n")
    with pytest.raises(InvalidInput) as caught:
        load_config(path)
    assert words in str(caught.value) and ":6: guards[0]" in str(caught.value)
