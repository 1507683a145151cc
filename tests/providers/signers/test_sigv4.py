"""Known answers: AWS's published vectors, and botocore's signatures of requests like ours (its date fixed)."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pilothouse.core.secret import Secret
from pilothouse.providers._signers.sigv4 import AwsKeys, SigV4, signed_headers, signing_key

NOW = datetime(2015, 8, 30, 12, 36, 0, tzinfo=UTC)
SECRET = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
"""Of AWS's documentation; opens nothing."""
KNOWN: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("signed_requests.json").read_text(encoding="utf-8")
)


def keys(token: str | None = None) -> AwsKeys:
    return AwsKeys(id="AKIDEXAMPLE", secret=SECRET, token=Secret(token) if token else None)


def signed(signer: SigV4, known: dict[str, Any], now: datetime = NOW) -> dict[str, str]:
    body = known["body"].encode()
    return asyncio.run(signer.headers(known["method"], known["path"], known["host"], body, now))


@pytest.mark.parametrize("known", KNOWN, ids=lambda k: k["name"])
def test_a_request_is_signed_as_aws_signs_it(known: dict[str, Any]) -> None:
    mine = keys(known["token"])
    signer = SigV4(lambda _: mine, region=known["region"], service=known["service"])
    found = signed(signer, known)
    assert found["authorization"] == known["authorization"]
    assert found["x-amz-date"] == "20150830T123600Z"
    assert found.get("x-amz-security-token") == known["token"]


def test_the_documentations_signing_key_is_derived() -> None:
    """docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-key-examples (iam, us-east-1)."""
    key = signing_key(SECRET, "20150830", "us-east-1", "iam")
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


def test_the_documentations_request_with_a_signed_content_type() -> None:
    """The worked example of the same pages: ListUsers."""
    found = signed_headers(
        keys(),
        signing_key(SECRET, "20150830", "us-east-1", "iam"),
        scope="20150830/us-east-1/iam/aws4_request",
        method="GET",
        url_path_and_query="/?Action=ListUsers&Version=2010-05-08",
        headers={
            "host": "iam.amazonaws.com",
            "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        },
        body=b"",
        now=NOW,
    )
    assert found["authorization"].endswith(
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


def test_the_day_is_utcs_and_a_new_day_has_a_new_key() -> None:
    signer = SigV4(lambda _: keys(), region="us-east-1", service="service")
    known = KNOWN[0]
    first = signed(signer, known)
    late = signed(signer, known, NOW + timedelta(hours=12))
    assert "/20150831/" in late["authorization"]
    assert signed(signer, known) == first


def test_other_keys_are_used_at_once() -> None:
    given = [keys(), AwsKeys(id="AKIDOTHER", secret=Secret("other"))]
    signer = SigV4(lambda _: given[0], region="us-east-1", service="service")
    first = signed(signer, KNOWN[0])
    given.pop(0)
    second = signed(signer, KNOWN[0])
    assert "AKIDOTHER" in second["authorization"]
    assert first["authorization"][-64:] != second["authorization"][-64:]


def test_keys_of_the_same_id_with_another_secret_sign_anew() -> None:
    given = [keys(), AwsKeys(id="AKIDEXAMPLE", secret=Secret("rotated"))]
    signer = SigV4(lambda _: given[0], region="us-east-1", service="service")
    first = signed(signer, KNOWN[0])
    given.pop(0)
    assert signed(signer, KNOWN[0]) != first


def test_the_secret_is_not_in_what_is_sent_and_is_known_for_scrubbing() -> None:
    mine = keys("a-token")
    signer = SigV4(lambda _: mine, region="us-east-1")
    sent = signed(signer, KNOWN[0])
    assert SECRET.reveal() not in str(sent)
    assert [s.reveal() for s in signer.secrets()] == [SECRET.reveal(), "a-token"]
