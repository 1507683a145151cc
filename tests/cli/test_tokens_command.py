from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pilothouse.cli.tokens import command
from pilothouse.core.errors import InvalidInput


def run(*words: str, stdin: str | None = None) -> str:
    result = CliRunner().invoke(command, list(words), input=stdin, catch_exceptions=False)
    return result.output


def test_a_text_for_an_openai_model_is_exact() -> None:
    found = json.loads(run("gpt-4o", "--text", "Hello, world!", "--json"))
    assert found["total"]["tokens"] == found["total"]["high"] == 4
    assert found["total"]["method"] == "exact"


def test_a_file_and_standard_input_say_the_same(tmp_path: Path) -> None:
    file = tmp_path / "prompt.txt"
    file.write_text("How do I return a parcel?", encoding="utf-8")
    assert run("gpt-4", str(file)) == run("gpt-4", "-", stdin="How do I return a parcel?")


def test_text_image_and_audio_add_up_with_their_interval() -> None:
    output = run("gemini-2.5-flash", "--text", "Hi", "--image", "300x300", "--audio", "10")
    assert "together" in output
    assert "estimate" in output


@pytest.mark.parametrize(
    "words",
    [
        ["gpt-4o"],
        ["gpt-4o", "--image", "big"],
        ["gpt-4o", "no-such-file.txt"],
        ["gpt-4o", "--audio", "5"],
        ["gpt-4o", "file", "--text", "too"],
    ],
)
def test_wrong_use_is_an_error_in_words(words: list[str]) -> None:
    with pytest.raises(InvalidInput):
        CliRunner().invoke(command, words, catch_exceptions=False)
