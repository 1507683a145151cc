"""What the built-in guards cost a request, beside decoding the same request as JSON in the same run.

Leaves out: sockets, and writing a changed request anew. `--smoke`: a few rounds, to see that it runs.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable

from pilothouse import registry
from pilothouse.guards.content import Content, ContentSettings
from pilothouse.guards.pii import Pii, PiiSettings
from pilothouse.guards.size import Size, SizeSettings

_TEXT = "Please summarise the minutes of the meeting on 12 May, room 204, for everybody. " * 12


def median_us(call: Callable[[], object], rounds: int) -> float:
    """Of one call, in CPU time."""
    for _ in range(rounds // 10 + 1):
        call()
    times: list[int] = []
    for _ in range(rounds):
        started = time.process_time_ns()
        call()
        times.append(time.process_time_ns() - started)
    return statistics.median(times) / 1e3


def main() -> None:
    """A table and JSON."""
    rounds = 50 if "--smoke" in sys.argv else 3_000
    messages = [{"role": "user", "content": f"{i} {_TEXT}"} for i in range(4)]
    body = json.dumps({"model": "m", "messages": messages}).encode()
    request = registry.plugin("dialects", "openai_chat").read_request(body)
    guards = {
        "pii": Pii(PiiSettings()),
        "content": Content(ContentSettings(deny=["forbidden words", "never say this"])),
        "size": Size(SizeSettings(chars=1_000_000)),
    }
    base_us = median_us(lambda: json.loads(body), rounds)
    rows = {"json.loads": base_us}
    for name, guard in guards.items():
        rows[name] = median_us(lambda guard=guard: guard.before(request), rounds)
    print(f"{len(body)} bytes")
    for name, took_us in rows.items():
        print(f"{name:12} {took_us:8.1f} us  {took_us / base_us:6.2f} x")
    print(json.dumps({"bytes": len(body), "us": rows}))


if __name__ == "__main__":
    main()
