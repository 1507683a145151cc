"""A kept answer on the wire: whole or as a stream, with the headers that say so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pilothouse import registry
from pilothouse.client.cache.entry import entry_of
from pilothouse.core.answer import Answer, Usage
from pilothouse.core.ask import Ask
from pilothouse.core.ports import Reply
from pilothouse.server.kept import give

HEADERS = "x-pilothouse-cache: hit\r\nage: 3\r\n"
ANSWER = Answer.of_text("Four.", usage=Usage(input_tokens=7, output_tokens=3))


class Wire:
    """What an `Exchange` was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def send(self, status: int, body: bytes, headers: bytes) -> None:
        self.told.append(("send", status, body, headers))

    def start_stream(self, headers: bytes) -> None:
        self.told.append(("start", headers))

    def write(self, data: bytes) -> None:
        self.told.append(("write", data))

    def end_stream(self) -> None:
        self.told.append(("end",))


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic_messages"])
@pytest.mark.parametrize("is_stream", [False, True])
def test_whoever_asks_gets_it_as_they_asked(dialect: str, is_stream: bool) -> None:
    entry = entry_of(
        Reply(b'{"as": "it came"}', ANSWER, "openai_chat"),
        target="t",
        provider="p",
        model="m",
        at_us=1,
        cost_usd=None,
    )
    plugin = registry.plugin("dialects", dialect)
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "2+2"}]}
    data = json.dumps({**body, "stream": is_stream}).encode()
    ask, out = Ask(plugin, data, plugin.read_envelope(data)), Wire()
    give(entry, plugin, ask, out, id="r", created_s=1, headers=HEADERS)  # type: ignore[arg-type]
    if is_stream:
        assert [step[0] for step in out.told] == ["start", "write", "end"]
        assert HEADERS.encode() in out.told[0][1] and b"text/event-stream" in out.told[0][1]
        assert b"Four." in out.told[1][1]
    else:
        [(_, status, sent, headers)] = out.told
        assert status == 200 and HEADERS.encode() in headers
        assert (sent == entry.body) == (dialect == "openai_chat")
        assert plugin.read_answer(sent).text == "Four." if dialect != "openai_chat" else True
