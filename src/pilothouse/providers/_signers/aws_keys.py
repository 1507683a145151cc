"""Where AWS keys are: the environment, or the credentials file that AWS's own tools write.

https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html. Roles that a machine lends (instance or
container metadata) are not read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from configparser import Error, RawConfigParser
from datetime import datetime
from pathlib import Path

from pilothouse.core.errors import InvalidInput
from pilothouse.core.secret import Secret
from pilothouse.providers._signers.sigv4 import AwsKeys

_LOOK_EVERY_S = 30.0


def aws_keys(
    environ: Mapping[str, str], home: Path | None = None, *, profile: str | None = None
) -> Callable[[datetime], AwsKeys]:
    """Gives the keys for a moment. A `profile` asked for goes before keys in the environment.

    A file is read again when it has changed, because temporary keys in it do. Raises `InvalidInput` when
    there are none, naming every place looked at.
    """
    named = profile or environ.get("AWS_PROFILE")
    if not named:
        found = keys_from_env(environ)
        if found is not None:
            return lambda _now: found
    default = (home or Path.home()) / ".aws" / "credentials"
    path = Path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or default)
    if not path.is_file():
        raise InvalidInput(
            "no AWS keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write a credentials file "
            f"(there is none at {path})"
        )
    return FileKeys(path, named or "default")


def keys_from_env(environ: Mapping[str, str]) -> AwsKeys | None:
    """Keys in `environ`; None when there are none. Raises `InvalidInput` for half of a key."""
    id_, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if not id_ and not secret:
        return None
    if not id_ or not secret:
        missing = "AWS_SECRET_ACCESS_KEY" if id_ else "AWS_ACCESS_KEY_ID"
        raise InvalidInput(f"the environment has half of an AWS key: {missing} is not set")
    token = environ.get("AWS_SESSION_TOKEN")
    return AwsKeys(id=id_, secret=Secret(secret), token=Secret(token) if token else None)


def keys_from_file(path: Path, profile: str) -> AwsKeys:
    """Keys of one profile. Raises `InvalidInput`, without a word of what the file says."""
    parser = RawConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, Error):
        raise InvalidInput(f"{path}: cannot be read as an AWS credentials file") from None
    if not parser.has_section(profile):
        raise InvalidInput(f'{path}: there is no profile "{profile}"')
    id_ = parser.get(profile, "aws_access_key_id", fallback="").strip()
    secret = parser.get(profile, "aws_secret_access_key", fallback="").strip()
    token = parser.get(profile, "aws_session_token", fallback="").strip()
    if not id_ or not secret:
        raise InvalidInput(
            f'{path}: the profile "{profile}" has no aws_access_key_id with an aws_secret_access_key'
        )
    return AwsKeys(id=id_, secret=Secret(secret), token=Secret(token) if token else None)


class FileKeys:
    """Keys of a profile, read again when the file has changed (looked at twice a minute)."""

    def __init__(self, path: Path, profile: str) -> None:
        self._path = path
        self._profile = profile
        self._seen = _stamp(path)
        self._keys = keys_from_file(path, profile)
        self._looked_at: datetime | None = None

    def __call__(self, now: datetime) -> AwsKeys:
        """The keys at `now`. A file that has become unreadable leaves the old ones in place."""
        if self._looked_at is None or (now - self._looked_at).total_seconds() >= _LOOK_EVERY_S:
            self._looked_at = now
            self._look()
        return self._keys

    def _look(self) -> None:
        stamp = _stamp(self._path)
        if stamp == self._seen:
            return
        try:
            self._keys = keys_from_file(self._path, self._profile)
        except InvalidInput:  # half written: looked at again in a while
            return
        self._seen = stamp


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
