from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from pilothouse.core.errors import ProviderError
from pilothouse.core.secret import Secret
from pilothouse.providers._signers.google_jwt import ServiceAccount
from pilothouse.providers._signers.google_oauth import (
    METADATA_URL,
    GoogleOAuth,
    UserLogin,
    with_login,
    with_metadata,
    with_service_account,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class TokenServer:
    """Answers as Google does: a new token each time, unless told to refuse or to wait."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.refusal: tuple[int, bytes] | None = None
        self.gate: asyncio.Event | None = None
        self.arrived = asyncio.Event()

    async def __call__(
        self, method: str, url: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        self.asked.append((method, url, headers, body))
        number = len(self.asked)
        self.arrived.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.refusal is not None:
            return self.refusal
        return 200, json.dumps({"access_token": f"token-{number}", "expires_in": 3600}).encode()


def token(signer: GoogleOAuth, now: datetime = NOW) -> str:
    return asyncio.run(_token(signer, now))


async def _token(signer: GoogleOAuth, now: datetime) -> str:
    found = await signer.headers("POST", "/v1/x", "h", b"", now)
    return found["authorization"].removeprefix("Bearer ")


def test_a_service_account_trades_its_statement_for_a_token() -> None:
    server = TokenServer()
    account = ServiceAccount(client_email="bot", private_key=Secret("pem"))
    signer = with_service_account(account, lambda data: b"s", server)
    assert token(signer) == "token-1"
    method, url, headers, body = server.asked[0]
    assert (method, url) == ("POST", "https://oauth2.googleapis.com/token")
    assert headers == {"content-type": "application/x-www-form-urlencoded"}
    form = parse_qs(body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert form["assertion"][0].count(".") == 2


def test_a_login_trades_its_refresh_token() -> None:
    server = TokenServer()
    login = UserLogin(client_id="id", client_secret=Secret("a&b"), refresh_token=Secret("r"))
    assert token(with_login(login, server)) == "token-1"
    assert parse_qs(server.asked[0][3].decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["id"],
        "client_secret": ["a&b"],
        "refresh_token": ["r"],
    }


def test_a_machine_asks_the_server_beside_it() -> None:
    server = TokenServer()
    assert token(with_metadata(server)) == "token-1"
    assert server.asked == [("GET", METADATA_URL, {"metadata-flavor": "Google"}, b"")]


def test_a_token_is_kept_until_shortly_before_its_end() -> None:
    server = TokenServer()
    signer = with_metadata(server)
    assert token(signer) == "token-1"
    assert token(signer, NOW + timedelta(seconds=3600 - 225)) == "token-1"
    assert token(signer, NOW + timedelta(seconds=3600 - 224)) == "token-2"
    assert len(server.asked) == 2


def test_a_hundred_requests_at_once_fetch_one_token() -> None:
    server = TokenServer()
    signer = with_metadata(server)

    async def all_at_once() -> list[str]:
        return list(await asyncio.gather(*(_token(signer, NOW) for _ in range(100))))

    assert set(asyncio.run(all_at_once())) == {"token-1"}
    assert len(server.asked) == 1


def test_while_one_request_fetches_the_others_use_the_old_token() -> None:
    server = TokenServer()
    signer = with_metadata(server)
    near_end = NOW + timedelta(seconds=3500)

    async def story() -> None:
        await _token(signer, NOW)
        server.gate = asyncio.Event()
        server.arrived.clear()
        first = asyncio.create_task(_token(signer, near_end))
        await server.arrived.wait()
        assert await _token(signer, near_end) == "token-1"
        server.gate.set()
        assert await first == "token-2"
        assert await _token(signer, near_end) == "token-2"

    asyncio.run(story())


def test_a_failed_renewal_leaves_the_old_token_while_it_holds() -> None:
    server = TokenServer()
    signer = with_metadata(server)
    token(signer)
    server.refusal = (503, b"busy")
    assert token(signer, NOW + timedelta(seconds=3580)) == "token-1"
    with pytest.raises(ProviderError) as refused:
        token(signer, NOW + timedelta(seconds=3595))
    assert refused.value.kind == "provider_down"


def test_a_cancelled_renewal_does_not_stop_the_next_one() -> None:
    server = TokenServer()
    signer = with_metadata(server)

    async def story() -> None:
        server.gate = asyncio.Event()
        first = asyncio.create_task(_token(signer, NOW))
        await server.arrived.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        server.gate = None
        assert await _token(signer, NOW) == "token-2"

    asyncio.run(story())


def test_waiting_requests_share_a_failure_fairly() -> None:
    """Each that waited tries once itself; none gets another's exception."""
    server = TokenServer()
    server.refusal = (400, b'{"error":"invalid_grant"}')
    signer = with_metadata(server)

    async def story() -> list[object]:
        return list(
            await asyncio.gather(*(_token(signer, NOW) for _ in range(3)), return_exceptions=True)
        )

    found = asyncio.run(story())
    assert all(isinstance(error, ProviderError) and error.kind == "auth" for error in found)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"error":"invalid_grant","error_description":"Token has been revoked"}', "auth"),
        (401, b"", "auth"),
        (404, b"<html>", "auth"),
        (429, b"{}", "provider_down"),
        (500, b"oops", "provider_down"),
        (200, b"oops", "garbage"),
        (200, b'{"access_token":"","expires_in":1}', "garbage"),
        (200, b'{"access_token":"t"}', "garbage"),
    ],
)
def test_a_refusal_has_its_class(status: int, body: bytes, kind: str) -> None:
    server = TokenServer()
    server.refusal = (status, body)
    with pytest.raises(ProviderError) as refused:
        token(with_metadata(server))
    assert refused.value.kind == kind


def test_a_refusal_does_not_show_what_was_sent() -> None:
    server = TokenServer()
    server.refusal = (400, b'{"error_description":"bad planted-refresh"}')
    login = UserLogin(
        client_id="id",
        client_secret=Secret("planted-client"),
        refresh_token=Secret("planted-refresh"),
    )
    signer = with_login(login, server)
    with pytest.raises(ProviderError) as refused:
        token(signer)
    assert "planted" not in str(refused.value)
    assert {s.reveal() for s in signer.secrets()} == {"planted-client", "planted-refresh"}


def test_the_token_is_known_for_scrubbing() -> None:
    signer = with_metadata(TokenServer())
    assert signer.secrets() == ()
    token(signer)
    assert [s.reveal() for s in signer.secrets()] == ["token-1"]
