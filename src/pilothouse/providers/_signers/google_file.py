"""Reads the files that hold Google credentials: a service account's key, or a person's login.

https://google.aip.dev/auth/4110 says where they are. Messages never quote the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from pilothouse.core.errors import InvalidInput
from pilothouse.core.secret import Secret
from pilothouse.providers._signers.google_jwt import ServiceAccount
from pilothouse.providers._signers.google_oauth import UserLogin


def usual_file(environ: Mapping[str, str], home: Path | None = None) -> Path | None:
    """The file Google's own tools would take; None when there is none and the machine must vouch."""
    named = environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if named:
        return Path(named)
    folder = environ.get("CLOUDSDK_CONFIG")
    base = Path(folder) if folder else (home or Path.home()) / ".config" / "gcloud"
    path = base / "application_default_credentials.json"
    return path if path.is_file() else None


def read_credentials(path: Path) -> ServiceAccount | UserLogin:
    """Raises `InvalidInput` for a file that is neither."""
    try:
        value: dict[str, Any] = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None
    except msgspec.DecodeError:
        raise InvalidInput(f"{path}: not a JSON file of Google credentials") from None
    match value.get("type"):
        case "service_account":
            return ServiceAccount(
                client_email=_text(value, "client_email", path),
                private_key=Secret(_text(value, "private_key", path)),
                token_uri=_token_uri(value, path),
                private_key_id=value.get("private_key_id"),
            )
        case "authorized_user":
            return UserLogin(
                client_id=_text(value, "client_id", path),
                client_secret=Secret(_text(value, "client_secret", path)),
                refresh_token=Secret(_text(value, "refresh_token", path)),
                token_uri=_token_uri(value, path),
            )
        case _:
            raise InvalidInput(
                f'{path}: "type" must be service_account or authorized_user; '
                "other kinds of Google credentials are not read"
            )


def _text(value: dict[str, Any], key: str, path: Path) -> str:
    found = value.get(key)
    if not isinstance(found, str) or not found:
        raise InvalidInput(f'{path}: "{key}" is missing')
    return found


def _token_uri(value: dict[str, Any], path: Path) -> str:
    """Secrets go to this address, so it must be an encrypted one."""
    found = value.get("token_uri") or "https://oauth2.googleapis.com/token"
    if not isinstance(found, str) or not found.startswith("https://"):
        raise InvalidInput(f'{path}: "token_uri" must be an https:// address')
    return found
