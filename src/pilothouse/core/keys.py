"""Virtual keys: what a caller of the gateway holds instead of a vendor's key. Pure.

A secret is 256 random bits, so a fast hash is the right one: SHA-256 of it cannot be searched, and slow
password hashes exist for secrets that people choose. Only the hash and the last four characters are kept;
the secret itself exists once, in the answer to whoever made the key.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from hashlib import sha256
from hmac import compare_digest
from typing import Literal, Protocol

import msgspec
from msgspec import Struct

from pilothouse.core.errors import InvalidInput
from pilothouse.core.limits import Budget, Limits, checked
from pilothouse.core.secret import Secret

KeyScope = Literal["call", "admin"]
"""`call`: ask models. `admin`: manage keys over HTTP."""

PREFIX = "ph-"
SECRET_BYTES = 32
_SECRET_CHARS = len(PREFIX) + 43
_MOST_NAME = 200
_LONGEST_OVERLAP_US = 366 * 86_400_000_000


class VirtualKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key as kept. Times are Unix microseconds."""

    id: str
    name: str
    """Unique among keys that are not revoked."""
    secret_hash: str
    """SHA-256 in hexadecimal."""
    last4: str
    created_us: int
    version: int = 1
    """Grows by one with each change; a store saves only the next one."""
    team: str | None = None
    models: tuple[str, ...] = ("*",)
    """Routes and models it may ask for: names, or globs like `gpt-*`."""
    scopes: tuple[KeyScope, ...] = ("call",)
    limits: Limits = Limits()
    budgets: tuple[Budget, ...] = ()
    expires_us: int | None = None
    revoked_us: int | None = None
    old_hash: str | None = None
    """The secret before the last rotation, good until `old_until_us`."""
    old_until_us: int = 0
    metadata: dict[str, str] = {}

    def may_use(self, model: str) -> bool:
        """Whether a request may name this route or model."""
        for allowed in self.models:
            if allowed == "*" or allowed == model:
                return True
            if fnmatchcase(model, allowed):
                return True
        return False


class Denied(Struct, frozen=True):
    """A secret that opens nothing, in words for its holder."""

    why: Literal["unknown", "revoked", "expired", "rotated"]
    message: str


class KeyStore(Protocol):
    """Keys, durable when a method returns. A key is never deleted: it is revoked. Raises `StoreError`."""

    def save_key(self, key: VirtualKey) -> bool:
        """Write `key` if the stored version is `key.version - 1` (0 = not there yet).

        False when somebody was faster. Raises `InvalidInput` when a live key has the name already.
        """
        ...

    def key(self, id_or_name: str) -> VirtualKey | None:
        """By id, or by name (of a live key, else of the one revoked last)."""
        ...

    def all_keys(self) -> list[VirtualKey]:
        """All, oldest first."""
        ...

    def keys_changed(self, after: int) -> tuple[list[VirtualKey], int]:
        """Keys changed after a cursor (0 = all), and the new cursor. Costs the changes, not the keys."""
        ...


def new_secret(randomness: bytes) -> Secret:
    """`ph-` and 43 url-safe characters. `randomness` is 32 bytes from the system's secure source."""
    if len(randomness) != SECRET_BYTES:
        raise ValueError(
            f"a key's secret is made of {SECRET_BYTES} random bytes, not {len(randomness)}"
        )
    return Secret(PREFIX + urlsafe_b64encode(randomness).rstrip(b"=").decode())


def secret_hash(secret: str) -> str:
    """What is kept of a secret."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def looks_like_secret(text: str) -> bool:
    """Whether `text` can be one of our secrets at all."""
    return len(text) == _SECRET_CHARS and text.startswith(PREFIX)


def denial(key: VirtualKey | None, hashed: str, now_us: int) -> Denied | None:
    """Why a secret with this hash does not open `key` now; None when it does.

    The comparison takes the same time whatever differs. (Finding `key` by its hash in a table leaks
    nothing to begin with: who does not know the secret cannot choose the first digits of its hash.)
    """
    if key is None:
        return _UNKNOWN
    is_current = compare_digest(hashed, key.secret_hash)
    is_old = key.old_hash is not None and compare_digest(hashed, key.old_hash)
    if not (is_current or is_old):
        return _UNKNOWN
    if key.revoked_us is not None:
        return Denied("revoked", f'the key "{key.name}" was revoked; ask for a new one')
    if key.expires_us is not None and now_us >= key.expires_us:
        return Denied(
            "expired", f'the key "{key.name}" expired on {_utc(key.expires_us)}; ask for a new one'
        )
    if not is_current and now_us >= key.old_until_us:
        return Denied(
            "rotated",
            f'this secret of the key "{key.name}" was replaced and ended on {_utc(key.old_until_us)}; '
            "use the new one",
        )
    return None


_UNKNOWN = Denied("unknown", "this key is not known here; check that it was copied whole (ph-...)")


def key_problem(key: VirtualKey) -> None:
    """Raise `InvalidInput` for a key that cannot be meant."""
    where = f'key "{key.name}"'
    if not key.name.strip() or len(key.name) > _MOST_NAME or not key.name.isprintable():
        raise InvalidInput(f"{where}: a name is 1 to {_MOST_NAME} printable characters")
    if not key.models or not all(m.strip() for m in key.models):
        raise InvalidInput(f'{where}: name the models it may use, or "*" for all')
    if not key.scopes:
        raise InvalidInput(f"{where}: give it a scope: call, admin, or both")
    if key.expires_us is not None and key.expires_us <= key.created_us:
        raise InvalidInput(
            f"{where}: it would have expired before it was made ({_utc(key.expires_us)})"
        )
    checked(key.limits, key.budgets, where)


def rotated(key: VirtualKey, secret: Secret, now_us: int, overlap_us: int) -> VirtualKey:
    """The key with a new secret; the present one stays good for `overlap_us`, an older one ends at once.

    Raises `InvalidInput` when the key is revoked, or the overlap negative or beyond a year.
    """
    if key.revoked_us is not None:
        raise InvalidInput(
            f'the key "{key.name}" is revoked; make a new one: pilothouse keys create'
        )
    if not 0 <= overlap_us <= _LONGEST_OVERLAP_US:
        raise InvalidInput("an overlap is 0 (the old secret ends at once) to 366 days")
    return msgspec.structs.replace(
        key,
        secret_hash=secret_hash(secret.reveal()),
        last4=secret.reveal()[-4:],
        old_hash=key.secret_hash,
        old_until_us=now_us + overlap_us,
        version=key.version + 1,
    )


def revoked(key: VirtualKey, now_us: int) -> VirtualKey:
    """The key closed for good; as it is when that happened before."""
    if key.revoked_us is not None:
        return key
    return msgspec.structs.replace(key, revoked_us=now_us, version=key.version + 1)


def hashes(keys: Sequence[VirtualKey]) -> dict[str, VirtualKey]:
    """By every hash that may be presented, old ones too."""
    found = {key.old_hash: key for key in keys if key.old_hash is not None}
    return found | {key.secret_hash: key for key in keys}


def _utc(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us // 1_000_000, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"
