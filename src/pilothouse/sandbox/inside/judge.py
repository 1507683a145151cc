"""The process that runs the tests, beside the program and out of its reach.

The tests see the names of the program as `Remote` objects; helpers that the tests rely on come from `setup`, which
the case brings, not from the program. The verdict goes to the cell through a pipe that only this process has.
"""

from __future__ import annotations

import json
import os
import traceback
from typing import Any

from pilothouse.sandbox.inside.job import Orders
from pilothouse.sandbox.inside.peer import Gone, Peer


def run(orders: Orders, line: int, verdict: int) -> None:
    """Writes `{passed, detail}` to `verdict`."""
    try:
        passed, detail = _judged(orders, line)
    except MemoryError:
        passed, detail = False, "the tests ran out of memory"
    os.write(verdict, json.dumps({"passed": passed, "detail": detail[:2000]}).encode())


def _judged(orders: Orders, line: int) -> tuple[bool, str]:
    peer = Peer(line, is_open=False)
    space: dict[str, Any] = {"__name__": "tests"}
    try:
        exec(compile(orders["setup"], "setup", "exec", dont_inherit=True), space)
    except Exception as error:
        return False, f"the case's own setup failed: {type(error).__name__}: {error}"
    try:
        told = peer.serve()
    except Gone:
        return False, "the program ended before its tests"
    found = {str(n): peer.take(v) for n, v in told[1]}
    entry = orders["entry_point"]
    if entry is not None and entry not in found:
        return False, f'the program defines no "{entry}"'
    for name, thing in found.items():
        if name == entry or name not in space:
            space[name] = thing
    return _tested(orders["tests"], space)


def _tested(tests: str, space: dict[str, Any]) -> tuple[bool, str]:
    try:
        exec(compile(tests, "tests", "exec", dont_inherit=True), space)
    except Gone:
        return False, "the program ended while its tests ran"
    except BaseException as error:
        return False, _said(error, tests)
    return True, "all tests passed"


def _said(error: BaseException, tests: str) -> str:
    """The failing line of the tests and what was wrong."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == "tests"]
    number = lines[-1] if lines else None
    at = ""
    if number:
        at = f"line {number}: {tests.splitlines()[number - 1].strip()[:160]}"
    text = "" if isinstance(error, AssertionError) and not str(error) else str(error)
    said = f"{type(error).__name__}: {text}".rstrip(": ")
    if isinstance(error, SyntaxError):
        at = ""
    return f"{at} ({said})" if at else said
