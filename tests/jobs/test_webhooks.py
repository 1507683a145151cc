"""Webhooks: what is signed, who is told how often, and who is never told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from make_jobs import NOW, RULES, SECOND, a_new
from queue_tables import Tables, of_sqlite

from pilothouse.client.webhooks import TRIES, Webhooks, posted
from pilothouse.core.errors import ProviderError
from pilothouse.core.job import JobAnswer
from pilothouse.core.secret import Secret
from pilothouse.core.webhook import HEADER, is_genuine, signature

SECRET = Secret("whsec")
URL = "https://hooks.example/x?y=1"


def test_a_signature_is_the_hmac_of_time_and_body() -> None:
    # printf '%s' '1750000000.{"a":1}' | openssl dgst -sha256 -hmac whsec
    known = "85decbeb97e94fe7632d882f2b426bfcda42e1b5f65d5d324efafa9e6a83cffb"
    made = signature(SECRET, 1_750_000_000, b'{"a":1}')
    assert made == f"t=1750000000,v1={known}"
    assert is_genuine(SECRET, made, b'{"a":1}', 1_750_000_100)


@given(st.binary(max_size=40), st.binary(max_size=40), st.integers(0, 2**33))
def test_another_body_time_or_secret_is_not_genuine(body: bytes, other: bytes, at_s: int) -> None:
    header = signature(SECRET, at_s, body)
    assert is_genuine(SECRET, header, body, at_s)
    assert is_genuine(SECRET, header, other, at_s) == (body == other)
    assert not is_genuine(Secret("another"), header, body, at_s)
    assert not is_genuine(SECRET, header, body, at_s + 301)
    moved = header.replace(f"t={at_s},", f"t={at_s + 1},")
    assert not is_genuine(SECRET, moved, body, at_s)


@given(st.text(max_size=60))
def test_any_header_is_judged_without_an_error(header: str) -> None:
    assert not is_genuine(SECRET, header, b"", 0)


class Receiver:
    """Says the statuses it was given, one after another; 0 = nobody there."""

    def __init__(self, *statuses: int) -> None:
        self.left = list(statuses)
        self.got: list[tuple[str, dict[str, str], bytes]] = []

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> int:
        self.got.append((url, headers, body))
        status = self.left.pop(0) if self.left else 500
        if not status:
            raise ProviderError("provider_down", "connection refused")
        return status


class World:
    def __init__(self, tables: Tables, receiver: Receiver, problem: str | None = None) -> None:
        self.now_us = NOW
        self.webhooks = Webhooks(
            tables.jobs,
            SECRET,
            lambda url: problem,
            lambda: self.now_us,
            base_url="https://gateway.example/",
            post=receiver.post,
        )

    def deliver(self) -> int:
        return asyncio.run(self.webhooks.deliver_due())


def _ended(tmp_path: Path) -> Tables:
    tables = of_sqlite(tmp_path / "q.db")
    tables.jobs.add(a_new(1, webhook=URL), 10)
    tables.jobs.claim("w", NOW, RULES, 1)
    tables.jobs.keep_answer("job_000001", 1, JobAnswer(status=200, body=b"{}"), NOW)
    return tables


def test_an_ended_job_is_told_once_signed_and_without_its_answer(tmp_path: Path) -> None:
    tables, receiver = _ended(tmp_path), Receiver(204)
    world = World(tables, receiver)
    assert (world.deliver(), world.deliver()) == (1, 0)
    [(url, headers, body)] = receiver.got
    assert url == URL
    assert is_genuine(SECRET, headers[HEADER], body, NOW // SECOND)
    told = json.loads(body)
    assert (told["type"], told["job_id"], told["status"]) == ("job.done", "job_000001", "done")
    assert told["result_url"] == "https://gateway.example/v1/jobs/job_000001"
    assert "whsec" not in str(headers)
    tables.close()


def test_a_failed_delivery_is_tried_again_with_longer_waits_and_then_no_more(
    tmp_path: Path,
) -> None:
    tables, receiver = _ended(tmp_path), Receiver(0, 500, 302)
    world = World(tables, receiver)
    waits: list[int] = []
    for _ in range(TRIES):
        assert world.deliver() == 1
        job = tables.jobs.job("job_000001", None)
        assert job is not None
        if job.webhook_at_us is None:
            break
        waits.append((job.webhook_at_us - world.now_us) // SECOND)
        world.now_us = job.webhook_at_us
    assert waits == [1, 4, 16, 64, 256, 1024, 3600]
    assert len(receiver.got) == TRIES
    world.now_us += 999_999 * SECOND
    assert world.deliver() == 0
    tables.close()


def test_an_address_that_leads_inside_is_never_asked(tmp_path: Path) -> None:
    tables, receiver = _ended(tmp_path), Receiver()
    world = World(tables, receiver, "it leads inside")
    assert world.deliver() == 1
    assert receiver.got == [] and world.deliver() == 0
    tables.close()


def test_a_delivery_is_a_post_with_the_signature_and_redirects_are_not_followed() -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heard.append(head + await reader.readexactly(2))
        writer.write(
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n"
        )
        await writer.drain()
        writer.close()

    async def main() -> int:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            return await posted(f"http://127.0.0.1:{port}/in?x=1", {HEADER: "t=1,v1=a"}, b"{}")

    assert asyncio.run(main()) == 302
    [request] = heard
    assert request.startswith(b"POST /in?x=1 HTTP/1.1\r\n")
    assert b"pilothouse-signature: t=1,v1=a\r\n" in request and request.endswith(b"\r\n\r\n{}")
