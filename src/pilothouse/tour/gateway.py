"""Step 3: the gateway, asked with the real `openai` SDK, over a route whose first target is down."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from pilothouse.tour.shell import TourFailed, begin, say, show, title

QUESTION = (
    "A robe takes 2 bolts of blue fiber and half that much white fiber.  "
    "How many bolts in total does it take?"
)


def step(folder: Path) -> None:
    """Start `pilothouse serve`, ask twice, show the recorded calls, stop it."""
    title("3/5 serve: one endpoint, a fallback, and a recorded call for every attempt")
    show("check", "pilothouse.yaml", folder=folder)
    server = begin("serve", "pilothouse.yaml", "--port", "0", folder=folder)
    try:
        _ask(_base_url(server))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)
    show("calls", "--source", "serve", folder=folder)


def _base_url(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        line = server.stdout.readline()
        if not line:
            break
        say(line.rstrip())
        if "http://" in line:
            return "http://" + line.split("http://", 1)[1].split()[0].rstrip("/.,") + "/v1"
    raise TourFailed("`pilothouse serve` did not start")


def _ask(base_url: str) -> None:
    try:
        from openai import OpenAI
    except ImportError:
        raise TourFailed(
            f"the openai SDK is not installed: {sys.executable} -m pip install 'pilothouse[tour]'"
        ) from None
    client = OpenAI(base_url=base_url, api_key="not-needed-on-loopback", max_retries=0)
    say(f'Asked with the openai SDK, model="support": {QUESTION}')
    whole = client.chat.completions.create(
        model="support", messages=[{"role": "user", "content": QUESTION}]
    )
    usage = whole.usage
    say(f"  whole:    {_one_line(whole.choices[0].message.content or '')}")
    if usage is not None:
        say(f"            {usage.prompt_tokens} tokens in, {usage.completion_tokens} out")
    pieces = 0
    text = ""
    for chunk in client.chat.completions.create(
        model="support", messages=[{"role": "user", "content": QUESTION}], stream=True
    ):
        if chunk.choices and chunk.choices[0].delta.content:
            pieces += 1
            text += chunk.choices[0].delta.content
    say(f"  streamed: {_one_line(text)} ({pieces} pieces)")
    if text != whole.choices[0].message.content:
        raise TourFailed("the streamed answer differs from the whole one")
    client.close()


def _one_line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) < 90 else flat[:87] + "..."
