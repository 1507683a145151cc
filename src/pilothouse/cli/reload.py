"""`pilothouse reload`: a running gateway reads its configuration again."""

from __future__ import annotations

import http.client
import os
from pathlib import Path

import click
import msgspec

from pilothouse.app.config import load_config
from pilothouse.cli.output import print_json
from pilothouse.core.errors import InvalidInput
from pilothouse.core.secret import not_set

_TIMEOUT_S = 30.0


@click.command()
@click.argument("config", type=click.Path(path_type=Path), default="pilothouse.yaml")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def command(config: Path, as_json: bool) -> int:
    """Tell the gateway that serves CONFIG to read it again, over its admin port.

    CONFIG is checked here first. Without an admin port: kill -HUP the gateway's process. Exit 1: the gateway
    refused the file and goes on with what it has.

    \b
    Example:
      pilothouse reload pilothouse.yaml
    """
    admin = load_config(config).admin
    if admin is None or admin.key_env is None or admin.port == 0:
        raise InvalidInput(
            f"{config}: to be told over HTTP the gateway needs admin.port and admin.key_env; "
            "without them send its process SIGHUP"
        )
    key = os.environ.get(admin.key_env)
    if not key:
        raise InvalidInput(f"{config}: admin.key_env: {not_set(admin.key_env)}")
    status, body = _posted(admin.host, admin.port, key)
    if status == 200:
        _tell(body, as_json=as_json)
        return 0
    why = _message(body)
    if status in (401, 403):
        raise InvalidInput(f"{admin.host}:{admin.port}: {why}")
    click.echo(f"the gateway goes on with what it has: {why}", err=True)
    return 1


def _posted(host: str, port: int, key: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
    try:
        connection.request("POST", "/admin/reload", headers={"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise InvalidInput(
            f"no gateway answers at {host}:{port} ({error}). Is it running with this configuration?"
        ) from None
    finally:
        connection.close()


def _tell(body: bytes, *, as_json: bool) -> None:
    done = msgspec.json.decode(body)
    if as_json:
        print_json(done)
        return
    click.echo(f"read again; routes: {', '.join(done['routes'])}")
    for name in done["needs_restart"]:
        click.echo(f"{name} changes with a restart only")


def _message(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body)["error"]["message"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return "it gave no reason"
