"""`pilothouse reload` against a gateway that runs, refuses, or is not there."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from running import ADMIN_KEY, CONFIG, served

from pilothouse.cli.main import cli
from pilothouse.core.errors import InvalidInput


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pilothouse.yaml"
    path.write_text(CONFIG.replace("admin: {port: 0", f"admin: {{port: {free_port()}"))
    return path


def reload(config: Path, *args: str, key: str = ADMIN_KEY) -> Result:
    env: dict[str, Any] = {"TEST_ADMIN_KEY": key}
    return CliRunner().invoke(cli, ["reload", str(config), *args], standalone_mode=False, env=env)


@pytest.mark.slow
def test_a_running_gateway_reads_its_file_again(config: Path) -> None:
    with served(config) as gateway:
        config.write_text(config.read_text().replace("support:", "helpdesk:"))
        done = reload(config, "--json")
        assert done.return_value == 0
        assert json.loads(done.stdout) == {"routes": ["small", "helpdesk"], "needs_restart": []}
        assert gateway.models() == {"small", "helpdesk"}
        assert "routes: small, helpdesk" in reload(config).stdout
        wrong = reload(config, key="wrong")
        assert isinstance(wrong.exception, InvalidInput)
        assert "not known here" in str(wrong.exception)


def test_without_a_gateway_it_says_where_it_looked(config: Path) -> None:
    done = reload(config)
    assert isinstance(done.exception, InvalidInput)
    assert "no gateway answers at 127.0.0.1:" in str(done.exception)


def test_without_an_admin_port_it_names_the_signal(config: Path) -> None:
    config.write_text(CONFIG.partition("admin:")[0])
    done = reload(config)
    assert isinstance(done.exception, InvalidInput)
    assert "SIGHUP" in str(done.exception)


def test_a_bad_file_is_refused_before_anybody_is_asked(config: Path) -> None:
    config.write_text(CONFIG.replace("[small]", "[smal]"))
    assert 'unknown target "smal"' in str(reload(config).exception)
