"""Every command explains itself: help, an example that parses, and errors without a traceback."""

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from pilothouse.cli.main import COMMANDS, cli


def all_commands() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found += [(name, sub) for sub in command.list_commands(context)]
        else:
            found.append((name,))
    return found


@pytest.mark.parametrize("path", all_commands(), ids=" ".join)
def test_every_command_has_help_with_an_example_and_json(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, [*path, "--help"])
    assert result.exit_code == 0
    assert "Example:" in result.output
    assert "--json" in result.output


@pytest.mark.parametrize("path", all_commands(), ids=" ".join)
def test_every_example_names_only_options_that_exist(path: tuple[str, ...]) -> None:
    output = CliRunner().invoke(cli, [*path, "--help"]).output
    example = re.search(r"Example:\n((?:\s{4,}.*\n)+)", output)
    assert example
    lines = [line.strip() for line in example[1].splitlines() if line.strip()]
    assert lines
    command = cli
    context = click.Context(cli)
    for part in path:
        assert isinstance(command, click.Group)
        command = command.get_command(context, part)
        assert command is not None
    known = {option for param in command.params for option in param.opts}
    for line in lines:
        words = shlex.split(line)
        assert words[: len(path) + 1] == ["pilothouse", *path], line
        given = {w.split("=")[0] for w in words if w.startswith("--")}
        assert given <= known, line


def test_a_mistyped_command_is_answered_with_the_nearest_one() -> None:
    result = CliRunner().invoke(cli, ["chose"])
    assert result.exit_code == 2
    assert 'Did you mean "choose"?' in result.output
