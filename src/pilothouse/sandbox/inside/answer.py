"""The process that runs the program: its Python in this interpreter, anything else in this process's place."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import traceback
from types import ModuleType
from typing import Any, cast

from pilothouse.sandbox.inside import job
from pilothouse.sandbox.inside.job import Program
from pilothouse.sandbox.inside.peer import Gone, Peer

_PATH = "/usr/local/bin:/usr/bin:/bin"
FILE = "answer.py"


def run(program: Program, box: str, line: int | None) -> None:
    """Does not come back. `line` leads to the judge."""
    for name, text in program["files"].items():
        with open(f"{box}/{name}", "w", encoding="utf-8", errors="surrogatepass") as file:  # noqa: PTH123
            file.write(text)
    os.environ.clear()
    os.environ.update(PATH=_PATH, HOME=box, TMPDIR=box, LANG="C.UTF-8", PYTHONHASHSEED="0")
    if program["argv"]:
        argv = [a.replace("{box}", box) for a in program["argv"]]
        os.execvpe(argv[0], argv, os.environ)
    module = ModuleType(program["name"])
    _forget_ourselves(module)
    code = _ran(program["source"], module)
    if line is not None and code is None:
        _serve(line, module)
    if threading.active_count() > 1:
        cast(Any, threading)._shutdown()
    cast(Any, atexit)._run_exitfuncs()
    _flush()
    os._exit(code or 0)


def _forget_ourselves(module: ModuleType) -> None:
    for name in [n for n in sys.modules if n == "pilothouse" or n.startswith("pilothouse.")]:
        del sys.modules[name]
    sys.modules[module.__name__] = module
    if module.__name__ != "__main__":
        sys.modules["__main__"] = module
    sys.argv = [FILE]


def _ran(source: str, module: ModuleType) -> int | None:
    """None when it came to its end; else the exit code that Python gives."""
    try:
        exec(compile(source, FILE, "exec", dont_inherit=True), module.__dict__)
    except SystemExit as leaving:
        if isinstance(leaving.code, int):
            return leaving.code & 0xFF
        if leaving.code is not None:
            print(leaving.code, file=sys.stderr)
        return int(leaving.code is not None)
    except BaseException as error:
        trace = error.__traceback__
        traceback.print_exception(type(error), error, trace.tb_next if trace else None)
        return 1
    return None


def _serve(line: int, module: ModuleType) -> None:
    peer = Peer(line, is_open=True)
    names = [n for n in module.__dict__ if not n.startswith("__")]
    try:
        job.send(line, ["names", [[n, peer.give(module.__dict__[n])] for n in names]])
        peer.serve()
    except Gone:
        pass


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
