"""Live questions kept by a gateway that runs, and made into a case file without personal data."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))

from running import CONFIG, QUESTIONS, ask, served, within_10_s

from pilothouse.app.config import load_config
from pilothouse.cli.main import cli
from pilothouse.core.errors import InvalidInput
from pilothouse.prove.cases import load_cases


@pytest.mark.slow
def test_sampled_questions_become_cases(tmp_path: Path) -> None:
    config = tmp_path / "pilothouse.yaml"
    config.write_text(CONFIG + "sampling: {share: 1, routes: [support]}\n")
    store = str(load_config(config).store_at)
    out = tmp_path / "cases.jsonl"
    command = ["cases", "sample", "--route", "support", "--store", store, "--out", str(out)]
    with served(config) as gateway:
        for question in [*QUESTIONS[:3], QUESTIONS[0]]:
            assert ask(gateway.url, question) == 200
        within_10_s(lambda: CliRunner().invoke(cli, command).exit_code == 0, "nothing kept")
    done = CliRunner().invoke(cli, [*command, "--json"])
    assert json.loads(done.output)["cases"] == 3
    assert {c.prompt for c in load_cases(str(out), tmp_path)} == set(QUESTIONS[:3])


@pytest.mark.slow
def test_a_question_that_every_target_failed_at_is_kept_too(tmp_path: Path) -> None:
    config = tmp_path / "pilothouse.yaml"
    dead = 'dead: {kind: openai_compatible, base_url: "http://127.0.0.1:9/v1"}'
    text = CONFIG.replace(
        "targets:\n", f"  {dead}\ntargets:\n  gone: {{provider: dead, model: m}}\n"
    )
    config.write_text(
        text.replace("targets: [small]", "targets: [gone], retries: {attempts_per_target: 1}")
        + "sampling: {share: 1, routes: [support]}\n"
    )
    store = str(load_config(config).store_at)
    with served(config) as gateway:
        assert ask(gateway.url, QUESTIONS[0]) >= 500
        command = ["cases", "sample", "--route", "support", "--store", store, "--json", "--out"]
        out = str(tmp_path / "cases.jsonl")
        within_10_s(lambda: CliRunner().invoke(cli, [*command, out]).exit_code == 0, "nothing kept")


def test_an_unknown_route_is_named_with_its_line(tmp_path: Path) -> None:
    config = tmp_path / "pilothouse.yaml"
    config.write_text(CONFIG + "sampling: {share: 0.1, routes: [suport]}\n")
    with pytest.raises(InvalidInput, match=r'sampling\.routes\[0\]: unknown route "suport"'):
        load_config(config)
