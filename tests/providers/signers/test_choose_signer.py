from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pilothouse.core.errors import InvalidInput
from pilothouse.core.secret import Secret
from pilothouse.providers._rows import DialectName, row
from pilothouse.providers._signers.choose import signer_for
from pilothouse.providers._signers.google_file import read_credentials, usual_file
from pilothouse.providers._signers.google_jwt import ServiceAccount
from pilothouse.providers._signers.google_oauth import GoogleOAuth, UserLogin
from pilothouse.providers._signers.signer import Signer
from pilothouse.providers._signers.sigv4 import SigV4
from pilothouse.providers._signers.static_key import StaticKey

NOW = datetime(2026, 3, 1, tzinfo=UTC)
AWS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"}
LOGIN = {
    "type": "authorized_user",
    "client_id": "i",
    "client_secret": "c",
    "refresh_token": "r",
}


async def fetch(method: str, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    raise AssertionError("nothing is fetched before a request is signed")


def chosen(
    name: str,
    dialect: DialectName,
    tmp_path: Path,
    *,
    key: str | None = None,
    settings: dict[str, str] | None = None,
    environ: dict[str, str] | None = None,
) -> Signer:
    return signer_for(
        row(name),
        dialect,
        key=Secret(key) if key else None,
        settings=settings or {},
        environ=environ or {},
        fetch=fetch,
        home=tmp_path,
    )


def sent(signer: Signer) -> dict[str, str]:
    return asyncio.run(signer.headers("POST", "/", "h", b"", NOW))


@pytest.mark.parametrize(
    ("name", "dialect", "headers"),
    [
        ("openai", "openai_chat", {"authorization": "Bearer k"}),
        ("anthropic", "anthropic_messages", {"x-api-key": "k"}),
        ("anthropic", "openai_chat", {"authorization": "Bearer k"}),
        ("google", "gemini", {"x-goog-api-key": "k"}),
        ("azure_openai", "openai_chat", {"api-key": "k"}),
        ("azure_openai", "anthropic_messages", {"x-api-key": "k"}),
        ("bedrock", "bedrock_converse", {"authorization": "Bearer k"}),
        ("vertex", "gemini", {"authorization": "Bearer k"}),
    ],
)
def test_a_key_goes_where_its_vendor_wants_it(
    name: str, dialect: DialectName, headers: dict[str, str], tmp_path: Path
) -> None:
    assert sent(chosen(name, dialect, tmp_path, key="k")) == headers


def test_servers_of_ones_own_do_without_a_key(tmp_path: Path) -> None:
    assert sent(chosen("vllm", "openai_chat", tmp_path)) == {}


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="OPENAI_API_KEY"):
        chosen("openai", "openai_chat", tmp_path)


def test_bedrock_signs_with_aws_keys(tmp_path: Path) -> None:
    signer = chosen(
        "bedrock", "bedrock_converse", tmp_path, settings={"region": "eu-west-1"}, environ=AWS
    )
    assert isinstance(signer, SigV4)
    assert "/eu-west-1/bedrock/aws4_request" in sent(signer)["authorization"]


def test_bedrock_wants_a_region(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="AWS_REGION"):
        chosen("bedrock", "bedrock_converse", tmp_path, environ=AWS)


def test_vertex_takes_the_usual_file_else_the_machines_identity(tmp_path: Path) -> None:
    assert isinstance(chosen("vertex", "gemini", tmp_path), GoogleOAuth)
    folder = tmp_path / ".config" / "gcloud"
    folder.mkdir(parents=True)
    file = folder / "application_default_credentials.json"
    file.write_text(json.dumps(LOGIN))
    assert usual_file({}, tmp_path) == file
    signer = chosen("vertex", "gemini", tmp_path)
    assert [s.reveal() for s in signer.secrets()] == ["c", "r"]


def test_a_named_file_goes_first_and_must_be_there(tmp_path: Path) -> None:
    environ = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "gone.json")}
    with pytest.raises(InvalidInput, match=r"gone\.json: cannot be read"):
        chosen("vertex", "gemini", tmp_path, environ=environ)


def test_both_kinds_of_google_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    account = {"type": "service_account", "client_email": "e", "private_key": "p"}
    file.write_text(json.dumps(account | {"private_key_id": "k"}))
    found = read_credentials(file)
    assert isinstance(found, ServiceAccount)
    assert (found.client_email, found.private_key_id) == ("e", "k")
    file.write_text(json.dumps(LOGIN))
    assert isinstance(read_credentials(file), UserLogin)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("planted", "not a JSON file"),
        ("{}", "must be service_account or authorized_user"),
        ('{"type":"external_account"}', "must be service_account or authorized_user"),
        ('{"type":"service_account","private_key":"planted"}', '"client_email" is missing'),
        (json.dumps(LOGIN | {"token_uri": "http://planted"}), "must be an https:// address"),
    ],
)
def test_other_files_are_refused_without_quoting_them(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(text)
    with pytest.raises(InvalidInput) as refused:
        read_credentials(file)
    assert says in str(refused.value)
    assert "planted" not in str(refused.value)


@pytest.mark.parametrize("key", ["two\nlines", " k", "k\n", "schlüssel", "a\x00b"])
def test_a_key_that_no_header_may_hold_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        StaticKey("bearer", Secret(key))
    assert key.strip() not in str(refused.value).split()


def test_none_sends_nothing_even_with_a_key() -> None:
    assert sent(StaticKey("none", Secret("k"))) == {}
