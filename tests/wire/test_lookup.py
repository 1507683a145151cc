"""A caller's URL is asked only where every address behind its name is outside, and only at those addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from pilothouse.client.webhooks import posted
from pilothouse.core.errors import InvalidInput, ProviderError
from pilothouse.wire.deadlines import Timeouts
from pilothouse.wire.lookup import Lookup, check_url, looked_up
from pilothouse.wire.pool import Pool

FAST = Timeouts(connect_s=2, first_byte_s=2, between_s=2, total_s=5)


class Names:
    """A name server: each name has a list of answers, the last of which stays."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = answers
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answers = self._answers.get(host.replace(".", "_"))
        if answers is None:
            raise OSError("unknown")
        return answers.pop(0) if len(answers) > 1 else answers[0]


def test_a_public_name_may_be_asked() -> None:
    names = Names(hooks_example_com=[["8.8.8.8", "2606:4700::1"]])
    assert Lookup(look_up=names).check_url("https://hooks.example.com/x") is None


def test_one_address_inside_among_public_ones_is_enough_to_refuse() -> None:
    names = Names(hooks_example_com=[["8.8.8.8", "10.0.0.5"]])
    said = Lookup(look_up=names).check_url("https://hooks.example.com/x")
    assert said is not None and "private" in said
    assert "10.0.0.5" not in said


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/",
        "http://127.0.0.1/",
        "http://[::1]:8080/",
        "http://169.254.169.254/latest/meta-data/",
        "http://metadata.google.internal/",
        "http://[::ffff:10.0.0.1]/",
        "http://0x7f.1/",
        "not a url",
    ],
)
def test_what_leads_inside_is_refused_without_a_lookup(url: str) -> None:
    names = Names()
    assert Lookup(look_up=names).check_url(url) is not None
    assert check_url(url) is not None
    assert names.asked == []


def test_a_name_that_is_not_known_is_refused() -> None:
    assert Lookup(look_up=Names()).check_url("https://nowhere.example/") is not None


def test_what_the_operator_names_may_be_asked_inside() -> None:
    names = Names(hooks_example_com=[["10.1.2.3"]], localhost=[["127.0.0.1"]])
    lookup = Lookup(["10.1.0.0/16", "localhost"], look_up=names)
    assert lookup.check_url("https://hooks.example.com/") is None
    assert lookup.check_url("http://localhost:8080/") is None
    assert lookup.check_url("http://10.2.0.1/") is not None
    with pytest.raises(InvalidInput, match="no network"):
        Lookup(["10.1.0.1/16"])


def test_the_system_knows_this_machine() -> None:
    assert set(looked_up("localhost", 80)) <= {"127.0.0.1", "::1"}


async def _answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
    await writer.drain()
    writer.close()


def test_a_name_that_turns_inside_after_the_check_is_not_connected_to() -> None:
    async def run() -> None:
        server = await asyncio.start_server(_answers, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        names = Names(rebind_example_com=[["8.8.8.8"], ["127.0.0.1"]])
        lookup = Lookup(look_up=names)
        url = f"http://rebind.example.com:{port}/x"
        assert lookup.check_url(url) is None
        with pytest.raises(ProviderError, match="leads inside"):
            await posted(url, {}, b"{}", resolve=lookup.addresses)
        assert names.asked == ["rebind.example.com"] * 2
        server.close()

    asyncio.run(run())


def test_the_connection_goes_to_the_addresses_that_were_checked() -> None:
    async def run() -> int:
        server = await asyncio.start_server(_answers, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        names = Names(hooks_example_com=[["127.0.0.2", "127.0.0.1"]])
        lookup = Lookup(["127.0.0.0/8"], look_up=names)
        pool = Pool(f"http://hooks.example.com:{port}", FAST, resolve=lookup.addresses)
        try:
            return (await pool.send(pool.head("POST", "/x", {}), b"")).status
        finally:
            pool.close()
            server.close()

    assert asyncio.run(run()) == 204
