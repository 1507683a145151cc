"""The signer that a row's endpoint wants, from what is configured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pilothouse.core.errors import InvalidInput
from pilothouse.core.secret import Secret
from pilothouse.providers._rows import AuthKind, DialectName, ProviderRow
from pilothouse.providers._signers.aws_keys import aws_keys
from pilothouse.providers._signers.google_file import read_credentials, usual_file
from pilothouse.providers._signers.google_jwt import ServiceAccount, rs256
from pilothouse.providers._signers.google_oauth import (
    Fetch,
    GoogleOAuth,
    with_login,
    with_metadata,
    with_service_account,
)
from pilothouse.providers._signers.signer import Signer
from pilothouse.providers._signers.sigv4 import SigV4
from pilothouse.providers._signers.static_key import StaticKey

_BEDROCK = "bedrock"


def signer_for(
    row: ProviderRow,
    dialect: DialectName,
    *,
    key: Secret | None,
    settings: Mapping[str, str],
    environ: Mapping[str, str],
    fetch: Fetch,
    home: Path | None = None,
) -> Signer:
    """A configured `key` is sent as a bearer token where the row's own way is a signature or OAuth.

    `settings` may hold `aws_profile` and `google_credentials` (a file). Raises `InvalidInput` with what
    to set.
    """
    kind = _kind(row, dialect, key)
    if kind == "sigv4":
        keys = aws_keys(environ, home, profile=settings.get("aws_profile"))
        region = settings.get("region")
        if not region:
            raise InvalidInput(f'{row.title} needs the setting "region" (or set AWS_REGION)')
        return SigV4(keys, region=region, service=_BEDROCK)
    if kind == "google_oauth":
        return _google(settings, environ, fetch, home)
    if key is None and kind != "none" and not row.is_key_optional:
        usual = f", usually {row.key_env[0]}" if row.key_env else ""
        raise InvalidInput(
            f"{row.title} needs a key: set key_env to the variable that holds it{usual}"
        )
    return StaticKey(kind, key)


def _kind(row: ProviderRow, dialect: DialectName, key: Secret | None) -> AuthKind:
    own = row.auth_of(dialect)
    if own in ("sigv4", "google_oauth") and key is not None and "bearer" in row.other_auth:
        return "bearer"
    return own


def _google(
    settings: Mapping[str, str], environ: Mapping[str, str], fetch: Fetch, home: Path | None
) -> GoogleOAuth:
    named = settings.get("google_credentials")
    path = Path(named) if named else usual_file(environ, home)
    if path is None:
        return with_metadata(fetch)
    found = read_credentials(path)
    if isinstance(found, ServiceAccount):
        return with_service_account(found, rs256(found.private_key), fetch)
    return with_login(found, fetch)
