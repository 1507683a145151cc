from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pilothouse.cli.main import cli
from pilothouse.core.errors import InvalidInput, NotFound
from pilothouse.providers._rows import row_names


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(
        cli, ["providers", *words], catch_exceptions=False, standalone_mode=False
    )
    assert result.return_value == code
    return result.output


def test_the_list_has_every_provider_with_its_key_and_formats() -> None:
    output = run("list")
    assert all(f"\n{name} " in f"\n{output}" for name in row_names())
    assert "MISTRAL_API_KEY" in output
    assert "AWS keys" in output


def test_own_machines_are_listed_alone() -> None:
    names = [one["name"] for one in json.loads(run("list", "--own-machines", "--json"))]
    assert names == ["llama_cpp", "ollama", "tgi", "vllm"]


def test_one_provider_is_shown_with_what_it_takes_and_who_says_so() -> None:
    output = run("show", "mistral")
    assert "seed as random_seed" in output
    assert "does not take: logprobs" in output
    assert "https://docs.mistral.ai/api/" in output
    assert "memory, not a page" in output


def test_settings_are_shown_with_their_usual_variable() -> None:
    output = run("show", "vertex")
    assert "GOOGLE_CLOUD_PROJECT" in output
    assert "default us-central1" in output


@pytest.mark.parametrize("name", row_names())
def test_every_provider_can_be_shown_both_ways(name: str) -> None:
    assert name in run("show", name)
    shown = json.loads(run("show", name, "--json"))
    assert shown["name"] == name
    assert set(shown["capabilities"]) == set(shown["endpoints"])


def test_an_unknown_provider_is_refused() -> None:
    for words in (["show", "mistrall"], ["capabilities", "mistrall"]):
        with pytest.raises(NotFound, match="Did you mean"):
            run(*words)


def test_the_matrix_can_be_asked() -> None:
    assert "openai_chat" in run("capabilities")
    lines = json.loads(run("capabilities", "openai", "--json"))
    assert {one["provider"] for one in lines} == {"openai"}
    assert lines[0]["abilities"]["tools"] == {"does": "yes"}


def test_nobody_who_can_is_an_answer_of_no() -> None:
    assert "no provider" in run("capabilities", "anthropic", "--can", "audio_in", code=1)
    assert run("capabilities", "anthropic", "--can", "audio_in", "--json", code=1) == "[]\n"


def test_an_ability_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match='"tool" is not an ability'):
        run("capabilities", "--can", "tool")
