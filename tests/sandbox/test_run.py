"""What an honest program gets: its input, its output, its exit code, a folder, and nothing of its neighbours."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pilothouse.sandbox.container import container_argv, run_in_container
from pilothouse.sandbox.language import BUILT_IN
from pilothouse.sandbox.limits import Limits
from pilothouse.sandbox.run import run_program
from pilothouse.sandbox.sandbox import Sandbox, SandboxError


def test_a_program_reads_its_input_and_its_output_is_kept() -> None:
    ran = run_program(
        "import sys\nprint(input()[::-1])\nprint('!', file=sys.stderr)", stdin="abc\n"
    )
    assert (ran.stdout, ran.stderr, ran.exit_code, ran.is_ok) == ("cba\n", "!\n", 0, True)
    assert ran.isolation.endswith("rlimits")


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("import sys; sys.exit('bad')", 1, "bad\n"),
        ("1/0", 1, "ZeroDivisionError"),
        ("def (", 1, "SyntaxError"),
        ("raise SystemExit", 0, ""),
    ],
)
def test_exit_codes_are_those_of_python(source: str, code: int, said: str) -> None:
    ran = run_program(source)
    assert ran.exit_code == code and said in ran.stderr


def test_it_runs_as_a_script_with_the_standard_library() -> None:
    source = (
        "if __name__ == '__main__':\n"
        "    import asyncio, dataclasses, functools, itertools, json, re, statistics, typing\n"
        "    print(asyncio.run(asyncio.sleep(0, 'done')))\n"
    )
    assert run_program(source).stdout == "done\n"


def test_threads_are_waited_for_and_exit_handlers_run() -> None:
    source = (
        "import atexit, threading, time\natexit.register(print, 'bye')\n"
        "threading.Thread(target=lambda: (time.sleep(0.05), print('late'))).start()\n"
    )
    assert run_program(source).stdout == "late\nbye\n"


def test_each_program_has_an_empty_folder_of_its_own() -> None:
    source = "import os\nprint(os.listdir('.'))\nopen('mine', 'w').write('x')\nprint(open('mine').read())"
    for _ in range(2):
        assert run_program(source).stdout == "[]\nx\n"


def test_hashes_and_so_the_order_of_sets_are_the_same_in_every_run() -> None:
    source = "print(list({'a', 'b', 'c', 'd', 'e'}))"
    assert run_program(source).stdout == run_program(source).stdout


def test_eight_programs_at_a_time_do_not_see_each_other() -> None:
    def one(number: int) -> str:
        source = f"import time\nopen('n', 'w').write('{number}')\ntime.sleep(0.02)\nprint(open('n').read())"
        return run_program(source).stdout

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(32))) == [f"{n}\n" for n in range(32)]


def test_output_beyond_the_head_is_counted_and_not_kept() -> None:
    ran = run_program("print('x' * 1_000_000)", limits=Limits(output_kb=4))
    assert len(ran.stdout) == 4096 and ran.printed == 1_000_001 and ran.is_ok


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_other_languages_run_where_their_program_is(name: str) -> None:
    language = BUILT_IN[name]
    if language.missing:
        pytest.skip(f"*** NOT TESTED HERE: there is no {language.missing} ***")
    source = {
        "bash": 'read line; echo "got $line"',
        "javascript": ("process.stdout.write('got ' + require('fs').readFileSync(0, 'utf8'))"),
    }[name]
    ran = run_program(
        source, argv=language.argv, file=language.file, stdin="it\n", is_address_space_bound=False
    )
    assert ran.stdout == "got it\n", ran


def test_a_warden_that_died_is_started_again() -> None:
    with Sandbox() as sandbox:
        os.kill(sandbox._warden, 9)  # pyright: ignore[reportPrivateUsage]
        for _ in range(2):
            try:
                ran = run_program("print(1)", sandbox=sandbox)
            except SandboxError:  # the one that was handed over while it died
                continue
            assert ran.stdout == "1\n"
            return
    raise AssertionError("it stays dead")


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="*** NOT TESTED HERE: no pidfd ***")
def test_programs_die_with_the_process_that_runs_them() -> None:
    seconds = f"7{os.getpid()}.5"
    code = (
        "from pilothouse.sandbox.run import run_program\nfrom pilothouse.sandbox.limits import Limits\n"
        f'run_program(\'import os; print(1); os.execvp("sleep", ["sleep", "{seconds}"])\', limits=Limits(timeout_s=60))'
    )
    caller = subprocess.Popen([sys.executable, "-c", code])
    try:
        sleeper = _process_of(seconds)
        watch = os.pidfd_open(sleeper)
    finally:
        caller.kill()
        caller.wait()
    try:
        assert select.select([watch], [], [], 20)[0], "it outlived its caller"
    finally:
        os.close(watch)


def _process_of(argument: str) -> int:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if path.read_bytes().split(b"\0")[:2] == [b"sleep", argument.encode()]:
                    return int(path.parent.name)
    raise AssertionError("it did not start")


def test_a_program_that_the_sandbox_cannot_start_is_no_fault_of_the_answer() -> None:
    with pytest.raises(SandboxError, match="cannot be started in the sandbox: .*no-such-program"):
        run_program("x", argv=("no-such-program", "{box}/answer.py"))


def test_a_closed_sandbox_says_so() -> None:
    sandbox = Sandbox()
    sandbox.close()
    with pytest.raises(SandboxError, match="closed"):
        run_program("print(1)", sandbox=sandbox)


def test_without_any_means_it_refuses_unless_told() -> None:
    nothing = frozenset({"namespaces", "user namespaces", "landlock", "seccomp"})
    with pytest.raises(SandboxError, match="allow_weak"):
        Sandbox(without=nothing)
    with Sandbox(without=nothing, allow_weak=True) as weak:
        ran = run_program("print(1)", sandbox=weak)
        assert ran.is_ok and "namespaces" not in ran.isolation and "seccomp" not in ran.isolation


@pytest.mark.parametrize("limit", ["timeout_s", "memory_mb", "disk_mb", "processes"])
def test_a_limit_of_nothing_is_refused(limit: str) -> None:
    with pytest.raises(ValueError, match=limit):
        Limits(**{limit: 0})


def test_a_container_has_no_network_no_rights_and_no_room() -> None:
    argv = container_argv(
        "podman", "python:3.12-slim", "n", Path("/p"), Limits(), ("python3", "-I")
    )
    line = " ".join(argv)
    assert argv[:2] == ["podman", "run"] and argv[-3:] == ["python:3.12-slim", "python3", "-I"]
    for part in (
        "--network none", "--memory 512m", "--memory-swap 512m", "--pids-limit 32", "--read-only",
        "--cap-drop ALL", "no-new-privileges", "--user 65534:65534", "--volume /p:/program:ro", "--rm",
    ):  # fmt: skip
        assert part in line


def test_a_container_engine_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(SandboxError, match="podman is not installed"):
        run_in_container("", engine="podman", image="i", argv=(), file="a.py", limits=Limits())
