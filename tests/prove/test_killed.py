"""The command killed with SIGKILL at ten moments: in the end every case is answered once, for the ideal money."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from pilothouse.stores.sqlite import SqliteStore

CASES = 600
SERVER = """
import asyncio, json
from pilothouse.server.http import HttpServer, Limits

async def answer(http, out):
    await asyncio.sleep(0.01)
    asked = json.loads(http.body)["messages"][-1]["content"]
    said = {"role": "assistant", "content": str(2 * int(asked.split()[0]))}
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini",
            "choices": [{"index": 0, "message": said, "finish_reason": "stop"}], "usage": usage}
    out.send(200, json.dumps(body).encode())

async def main():
    server = HttpServer(answer, lambda status, message, http: b"", Limits())
    print(await server.start("127.0.0.1", 0), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def port() -> Iterator[int]:
    running = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    yield int(running.stdout.readline())
    running.kill()
    running.wait()
    running.stdout.close()


@pytest.mark.slow
def test_killed_at_ten_moments_every_case_is_answered_once_for_the_ideal_money(
    tmp_path: Path, port: int
) -> None:
    lines = [{"id": n, "prompt": f"{n} twice", "expected": 2 * n} for n in range(CASES)]
    (tmp_path / "cases.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "poc.yaml").write_text(
        "name: twice\ncases: cases.jsonl\n"
        f'providers: {{p: {{kind: openai_compatible, base_url: "http://127.0.0.1:{port}/v1"}}}}\n'
        "candidates: [{name: one, provider: p, model: gpt-4o-mini}]\n"
        'scorer: {number: {}}\ncriteria: {accuracy: ">= 0.9"}\nconcurrency: 4\n'
    )
    command = [
        *(sys.executable, "-c", "from pilothouse.cli.main import main; main()"),
        *("prove", str(tmp_path / "poc.yaml"), "--store", str(tmp_path / "a.db"), "--json"),
    ]
    draw = random.Random(6)
    kills = 0
    for _ in range(10):
        running = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ
        )
        try:
            running.wait(timeout=0.35 + draw.random() * 0.5)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
            running.wait()
            kills += 1
    assert kills >= 5
    done = subprocess.run(command, capture_output=True, check=True)
    report = json.loads(done.stdout)
    store = SqliteStore(tmp_path / "a.db")
    (run,) = store.proofs.runs()
    answers = store.proofs.answers(run.id, 0, CASES)
    assert len({a.case_id for a in answers}) == len(answers) == CASES
    each = answers[0].call.cost_usd
    assert each is not None
    assert store.proofs.spent_usd(run.id) == CASES * each
    assert Decimal(report["candidates"][0]["costs"]["total_usd"]) == CASES * each
    assert report["candidates"][0]["right"] == CASES
    store.close()
