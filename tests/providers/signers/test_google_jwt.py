from __future__ import annotations

import json
import sys
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pilothouse.core.errors import InvalidInput
from pilothouse.core.secret import Secret
from pilothouse.providers._signers.google_jwt import ServiceAccount, assertion, rs256

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
PEM = Path(__file__).with_name("rsa_key_for_tests.pem").read_text()
"""Made for this test; opens nothing."""
ACCOUNT = ServiceAccount(
    client_email="bot@example.iam.gserviceaccount.com",
    private_key=Secret(PEM),
    private_key_id="key-1",
)
SIGNATURE = (
    "h1c4e1WDgLgSwKC-U1xm5x5vAfdpeNzt9vCTnmQvebuH_S_GQurEApsZyhkw7QHO98mCK_2wo361F9T458vL1Lzh5s-"
    "zjxbi4Z8uyA2m7IUM6G_wdtB-k9Dkg7h8h8JUxZNLsjfNiTueWLuF9Ry7X0_b8EOkhkWySvQ4fMhAKmZbT_s8MenGdt"
    "xwduGm81OFGqZ1ZuDWh8t-gbFMxv_OYYVbtHGHIWaOLLyZkGrD-75MiESOPrhTn5hJ9ti-sQwfDIRIDpBbPbSvTRZxU"
    "6iaOvPcQ6KT-CaqlHM2fOR6VPUlMEDZIsqoAEp0U5JZEaAYfc7Cm7F3JmyQ06IhoXJ5sw"
)
"""Of PyJWT 2.15.1 over the same header and claims."""


def decoded(part: str) -> Any:
    return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_the_statement_says_who_for_what_and_how_long() -> None:
    header, claims, signature = assertion(ACCOUNT, NOW, lambda data: b"signed").split(".")
    assert decoded(header) == {"alg": "RS256", "kid": "key-1", "typ": "JWT"}
    assert decoded(claims) == {
        "iss": "bot@example.iam.gserviceaccount.com",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": 1_772_366_390,
        "exp": 1_772_369_990,
    }
    assert urlsafe_b64decode(signature) == b"signed"


def test_exactly_header_and_claims_are_signed() -> None:
    seen: list[bytes] = []
    whole = assertion(ACCOUNT, NOW, lambda data: seen.append(data) or b"x")
    assert seen == [whole.rpartition(".")[0].encode()]


def test_the_signature_is_the_one_another_library_makes() -> None:
    pytest.importorskip("cryptography")
    assert assertion(ACCOUNT, NOW, rs256(Secret(PEM))).rpartition(".")[2] == SIGNATURE


@pytest.mark.parametrize("key", ["planted-key", "-----BEGIN PRIVATE KEY-----\nplanted\n"])
def test_a_key_that_is_none_is_refused_without_showing_it(key: str) -> None:
    pytest.importorskip("cryptography")
    with pytest.raises(InvalidInput, match="not an RSA key") as refused:
        rs256(Secret(key))
    assert "planted" not in str(refused.value)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "cryptography"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(InvalidInput, match=r"pip install 'pilothouse\[vertex\]'"):
        rs256(Secret(PEM))
