"""How a provider is configured. Which keys a kind requires is said by the plugin's `needs`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

_Seconds = Annotated[float, Meta(gt=0, le=86_400)]


class ProviderConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of `providers:`. A key comes from the environment or a file, never from here."""

    kind: str
    base_url: str | None = None
    key_env: str | None = None
    key_file: str | None = None
    recording: str | None = None
    connect_s: _Seconds | None = None
    first_byte_s: _Seconds | None = None
    between_s: _Seconds | None = None
    total_s: _Seconds | None = None
