"""The other way to keep a program in: a container of Docker or Podman, for whoever has it and trusts it more.

Tests are part of the program here, for a container is one process's world; a start takes about half a second.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Literal

import msgspec

from pilothouse.sandbox.inside.pipes import Heads
from pilothouse.sandbox.limits import Limits
from pilothouse.sandbox.ran import Ran
from pilothouse.sandbox.sandbox import SandboxError

Engine = Literal["docker", "podman"]
_START_S = 60.0
"""A first start may have to unpack the image."""


def container_argv(
    engine: Engine, image: str, name: str, folder: Path, limits: Limits, argv: tuple[str, ...]
) -> list[str]:
    """The command that runs `argv` with `folder` read-only at `/program` and an empty `/box` to work in."""
    memory = f"{limits.memory_mb}m"
    return [
        *(engine, "run", "--rm", "--interactive", "--name", name, "--pull", "never"),
        *("--network", "none", "--memory", memory, "--memory-swap", memory),
        *("--pids-limit", str(limits.processes), "--cpus", "1", "--read-only"),
        *(
            "--tmpfs",
            f"/box:rw,noexec,nosuid,size={limits.disk_mb}m,nr_inodes={limits.inodes},mode=1777",
        ),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "65534:65534"),
        *("--ulimit", f"nofile={limits.open_files}", "--ulimit", "core=0", "--ipc", "none"),
        *("--volume", f"{folder}:/program:ro", "--workdir", "/box", "--env", "HOME=/box", image),
        *argv,
    ]


def run_in_container(
    source: str,
    *,
    engine: Engine,
    image: str,
    argv: tuple[str, ...],
    file: str,
    stdin: str = "",
    limits: Limits,
) -> Ran:
    """`{box}` in `argv` is the folder of `file`. Raises `SandboxError` when the engine cannot run it."""
    if shutil.which(engine) is None:
        raise SandboxError(f"{engine} is not installed here; install it, or leave `container` out")
    name = f"pilothouse-{secrets.token_hex(8)}"
    program = (a.replace("{box}", "/program") for a in argv)
    inner = ("sh", "-c", 'echo "$0" >&2; exec "$@"', name, *program)
    with (
        tempfile.TemporaryDirectory(prefix="pilothouse-program-") as folder,
        tempfile.TemporaryFile() as given,
    ):
        Path(folder).chmod(0o755)
        (Path(folder) / file).write_text(source, encoding="utf-8", errors="replace")
        given.write(stdin.encode(errors="replace"))
        given.seek(0)
        command = container_argv(engine, image, name, Path(folder), limits, inner)
        process = subprocess.Popen(
            command, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            ran = _watched(process, limits, f"{engine} ({image}), no network")
        finally:
            subprocess.run(
                [engine, "kill", name], capture_output=True, check=False, timeout=_START_S
            )
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_START_S)
    started, mark, said = ran.stderr.partition(f"{name}\n")
    if (
        not mark and ran.why is None
    ):  # whatever the exit code says: a program could choose the engine's
        raise SandboxError(f"{engine} could not run {image}: {started.strip()[:300]}")
    return msgspec.structs.replace(ran, stderr=said)


def _watched(process: subprocess.Popen[bytes], limits: Limits, isolation: str) -> Ran:
    assert process.stdout is not None and process.stderr is not None
    pipes = {"stdout": os.dup(process.stdout.fileno()), "stderr": os.dup(process.stderr.fileno())}
    process.stdout.close()
    process.stderr.close()
    heads = Heads(pipes, limits.output_kb << 10)
    begun = time.monotonic()
    why = None
    while why is None and heads.open:
        left = begun + limits.timeout_s + 1 - time.monotonic()
        for fd in select.select(list(heads.open), [], [], max(left, 0))[0]:
            heads.read(fd)
        if left <= 0:
            why = "timeout"
        elif heads.total > limits.most_output_mb << 20:
            why = f"printed more than {limits.most_output_mb} MB"
    code = None if why else process.wait(_START_S)
    heads.rest()
    for fd in list(heads.open):
        os.close(fd)
    return Ran(
        exit_code=code,
        signal=None,
        stdout=heads.text("stdout"),
        stderr=heads.text("stderr"),
        why=why,
        wall_s=time.monotonic() - begun,
        printed=heads.total,
        isolation=isolation,
    )
