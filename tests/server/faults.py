"""The faults to survive, as data: what happens upstream, and what the caller sees of it.

Each fault is met four times: whole and streamed, by a target that stands alone and by one with another
behind it. `python tools/fault_table.py` prints the table with the outcomes seen.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from faulty_server import TEXT, FaultyServer
from vendor_gateway import gateway

from pilothouse.core.route import RouteSpec, Target
from pilothouse.core.route_settings import Retries
from pilothouse.core.route_settings import Timeouts as RouteTimeouts
from pilothouse.core.secret import Secret
from pilothouse.providers._rows import row
from pilothouse.providers.http import HttpProvider
from pilothouse.wire.deadlines import Timeouts

SECRET = "sk-live-key"
TIMEOUTS = Timeouts(connect_s=2, first_byte_s=0.3, first_token_s=0.3, between_s=0.3, total_s=20)
ONCE = Retries(attempts_per_target=1)
TWICE = Retries(attempts_per_target=2, backoff_base_s=0.001, backoff_cap_s=0.002)

OK = "answered"
NEXT = "answered by the second"
DOWN = "502 provider_down"
GARBAGE = "502 garbage"
LATE = "504 timeout"
LIMITED = "429 rate_limited, retry-after {}"
IN_BAND = "in band: {}"


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and the four outcomes. `whole_next` and `stream_next`: with a second target behind."""

    name: str
    whole: str
    stream: str
    whole_next: str = NEXT
    stream_next: str = NEXT
    model: str = ""
    """The faulty server's word for it; empty = the name with dashes."""
    at: str = "faulty"
    """The provider: faulty, pool (two keys, the first dead), refused, unknown-host, bad-tls."""
    retries: Retries = ONCE
    first: int = 0
    """Requests that go well before (a kept connection)."""
    fallback: str = ""
    """context or content: the second target stands in that chain instead of the route."""

    @property
    def id(self) -> str:
        """For the test's name and the route's."""
        return self.name.replace(" ", "-").replace(",", "")


def _told(name: str, outcome: str, model: str, **more: Any) -> Fault:
    """The same outcome whole and streamed."""
    return Fault(name, outcome, outcome, model=model, **more)


_cut = IN_BAND.format("cut")
_late = IN_BAND.format("timeout")
FAULTS = (
    _told("429, Retry-After in seconds", LIMITED.format(7), "limited-seconds"),
    _told("429, Retry-After as a date", LIMITED.format("60-61"), "limited-date"),
    _told("429, Retry-After over 120 s", LIMITED.format(300), "limited-long"),
    _told("429 for 300 s, retries allowed", LIMITED.format(300), "limited-long", retries=TWICE),
    Fault("one dead key of a pool", OK, OK, OK, OK, model="one-dead-key", at="pool"),
    _told("every key refused", "502 auth", "key-refused"),
    Fault("500 burst, one retry", OK, OK, OK, OK, model="burst", retries=TWICE),
    _told("500 without end", DOWN, "always-500", retries=TWICE),
    _told("connection refused", DOWN, "good", at="refused"),
    _told("connection reset", DOWN, "reset"),
    _told("connection closed unanswered", DOWN, "closes"),
    _told("kept connection half open", LATE, "half-open", first=1),
    Fault("kept connection closed meanwhile", OK, OK, OK, OK, model="closes-kept", first=1),
    _told("DNS failure", DOWN, "good", at="unknown-host"),
    _told("TLS failure, self-made certificate", DOWN, "good", at="bad-tls"),
    _told("no answer at all", LATE, "never"),
    _told("headers, then silence", LATE, "head-then-silence"),
    _told("slow first token", LATE, "slow-first-token"),
    Fault("stall in mid-stream", LATE, _late, NEXT, _late, model="stalls"),
    Fault("cut, politely closed", GARBAGE, _cut, NEXT, _cut, model="cut-politely"),
    Fault("cut, connection broken", "502 cut", _cut, NEXT, _cut, model="cut-hard"),
    Fault(
        "error in the stream, after words", OK, IN_BAND.format("provider_down"), OK,
        IN_BAND.format("provider_down"), model="error-in-stream",
    ),
    Fault("error in the stream, before words", OK, DOWN, OK, NEXT, model="error-first"),
    Fault("malformed event", GARBAGE, OK, NEXT, OK, model="malformed-event"),
    Fault(
        "malformed chunk framing", OK, IN_BAND.format("garbage"), OK, IN_BAND.format("garbage"),
        model="malformed-chunk",
    ),
    Fault("UTF-8 split over chunks", OK, OK, OK, OK, model="split-utf8"),
    Fault("invalid UTF-8 split over chunks", GARBAGE, OK, NEXT, OK, model="bad-utf8"),
    Fault("no blank line at the end", OK, OK, OK, OK, model="no-last-blank-line"),
    _told("wrong content type", GARBAGE, "wrong-type"),
    _told("HTML page with 200", GARBAGE, "html"),
    _told("HTML error page with 502", DOWN, "html-500"),
    _told("empty body", GARBAGE, "empty"),
    _told("gzip bomb", GARBAGE, "bomb"),
    Fault("50 MB answer", OK, OK, OK, OK, model="big"),
    Fault("70 MB answer", GARBAGE, IN_BAND.format("garbage"), NEXT, IN_BAND.format("garbage"), model="too-big"),
    Fault(
        "content filter", "400 content_filter", "400 content_filter", "400 content_filter",
        "400 content_filter", model="filtered",
    ),
    _told("content filter, content_fallbacks", "400 content_filter", "filtered", fallback="content"),
    Fault(
        "context overflow", "400 context_length_exceeded", "400 context_length_exceeded",
        "400 context_length_exceeded", "400 context_length_exceeded", model="too-long",
    ),
    _told("context overflow, context_fallbacks", "400 context_length_exceeded", "too-long", fallback="context"),
    Fault("all targets down", DOWN, DOWN, DOWN, DOWN, model="always-500", at="both"),
)  # fmt: skip


@asynccontextmanager
async def faulty_gateway(
    fault: Fault, bad_tls: ssl.SSLContext | None = None
) -> AsyncGenerator[str]:
    """A gateway with two routes for `fault`: `alone` and `next`."""
    async with FaultyServer() as server, FaultyServer(bad_tls) as private:

        def provider(url: str, *keys: str) -> HttpProvider:
            secrets = [Secret(key) for key in keys or (SECRET,)]
            kind = row("openai_compatible")
            return HttpProvider(
                kind, base_url=url, dialect="openai_chat", keys=secrets, timeouts=TIMEOUTS
            )

        providers = {
            "faulty": provider(server.url),
            "pool": provider(server.url, "sk-dead", SECRET),
            "refused": provider("http://127.0.0.1:9/v1"),
            "unknown-host": provider("http://nobody.invalid/v1"),
            "bad-tls": provider(private.url),
            "well": provider(server.url),
        }
        at = "faulty" if fault.at == "both" else fault.at
        first = Target(name="first", provider=at, model=fault.model)
        second = Target(name="second", provider="well", model="good")
        if fault.at == "both":
            second = Target(name="second", provider="refused", model="good")
        behind = () if fault.fallback else (second,)
        chains = {f"{fault.fallback}_fallbacks": (second,)} if fault.fallback else {}
        limits = RouteTimeouts(first_token_s=0.3)
        shared: dict[str, Any] = {
            "policy": "fallback",
            "retries": fault.retries,
            "timeouts": limits,
        }
        routes = [
            RouteSpec(name="alone", targets=(first,), **shared),
            RouteSpec(name="next", targets=(first, *behind), **shared, **chains),
        ]
        async with gateway(providers, routes) as (url, _):
            yield url


async def outcome(fault: Fault, *, stream: bool, has_next: bool, tls: ssl.SSLContext) -> str:
    """What the caller of one request sees."""
    async with faulty_gateway(fault, tls) as url:
        route = "next" if has_next else "alone"
        for _ in range(fault.first):
            await ask(url, route, stream=False)
        return _read(await ask(url, route, stream=stream), stream=stream)


async def ask(url: str, model: str, *, stream: bool) -> bytes:
    """The raw answer, to the connection's end."""
    body = json.dumps(
        {"model": model, "stream": stream, "messages": [{"role": "user", "content": "x"}]}
    )
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n{body}".encode())
    raw = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return raw


def _read(raw: bytes, *, stream: bool) -> str:
    head, _, body = raw.partition(b"\r\n\r\n")
    if SECRET.encode() in raw:
        return "A SECRET IS TOLD"
    lines = head.decode().lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    status = int(lines[0].split()[1])
    if status != 200:
        code = json.loads(body)["error"]["code"]
        wait = headers.get("retry-after")
        wait = "60-61" if wait in ("60", "61") else wait
        return f"{status} {code}" + (f", retry-after {wait}" if wait else "")
    by = " by the second" if headers["x-pilothouse-target"] == "second" else ""
    if not stream:
        text = json.loads(body)["choices"][0]["message"]["content"]
        return f"answered{by}" if text == TEXT or len(text) > 1 << 20 else f"WRONG TEXT {text[:40]}"
    return _read_stream(body, by)


def _read_stream(body: bytes, by: str) -> str:
    is_whole = body.endswith(b"0\r\n\r\n")
    events = [
        json.loads(line[6:]) for line in _unchunked(body).split(b"\n") if line[:7] == b"data: {"
    ]
    failed = [e["error"]["code"] for e in events if "error" in e]
    if failed:
        return "A BROKEN STREAM LOOKS WHOLE" if is_whole else f"in band: {failed[0]}"
    if not is_whole or b"data: [DONE]" not in body[-40:]:
        return "A STREAM WITHOUT ITS END"
    text = "".join(c["delta"].get("content") or "" for e in events for c in e["choices"])
    rest = TEXT.removeprefix("Four")
    is_right = text == TEXT or len(text) > 1 << 20 or text == TEXT[:10] + rest
    return f"answered{by}" if is_right else f"WRONG TEXT {text[:40]}"


def _unchunked(body: bytes) -> bytes:
    pieces: list[bytes] = []
    at = 0
    while (end := body.find(b"\r\n", at)) >= 0:
        size = int(body[at:end], 16)
        pieces.append(body[end + 2 : end + 2 + size])
        at = end + 4 + size
    return b"".join(pieces)
