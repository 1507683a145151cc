"""Runs one program, or one program and its tests, kept from everything it should not reach.

>>> run_program("print(6 * 7)").stdout
'42\\n'
>>> run_tests("def twice(n): return n + n", "assert twice(3) == 7").verdict.detail
'line 1: assert twice(3) == 7 (AssertionError)'
"""

from __future__ import annotations

from pilothouse.sandbox.inside.job import Orders, Program
from pilothouse.sandbox.limits import Limits
from pilothouse.sandbox.ran import Ran
from pilothouse.sandbox.sandbox import Sandbox, shared_sandbox

_USUAL = Limits()


def run_program(
    source: str,
    *,
    limits: Limits = _USUAL,
    stdin: str = "",
    argv: tuple[str, ...] = (),
    file: str = "answer.py",
    is_address_space_bound: bool = True,
    sandbox: Sandbox | None = None,
) -> Ran:
    """Runs `source` as Python, or, with `argv`, writes it to `file` in the program's folder and runs `argv` there.

    `{box}` in `argv` is that folder. Raises `SandboxError` when it could not be run safely or at all.
    """
    program = Program(
        name="__main__",
        source="" if argv else source,
        argv=list(argv),
        files={file: source} if argv else {},
        stdin=stdin,
        is_judged=False,
        bounds=limits.bounds(is_address_space_bound=is_address_space_bound),
    )
    return (sandbox or shared_sandbox()).run(program)


def run_tests(
    source: str,
    tests: str,
    *,
    setup: str = "",
    entry_point: str | None = None,
    limits: Limits = _USUAL,
    sandbox: Sandbox | None = None,
) -> Ran:
    """Runs Python `source`, and in a second process `tests`, which use the first one's names.

    `setup` is code of the case that tests rely on. Of its names only `entry_point` is taken from the program. A
    program cannot pass by ending early, by printing, by changing `assert` or by objects that equal everything.
    `Ran.verdict` is None when the time was up. Raises `SandboxError`.
    """
    program = Program(
        name="answer",
        source=source,
        argv=[],
        files={},
        stdin="",
        is_judged=True,
        bounds=limits.bounds(is_address_space_bound=True),
    )
    orders = Orders(setup=setup, tests=tests, entry_point=entry_point)
    return (sandbox or shared_sandbox()).run(program, orders)
