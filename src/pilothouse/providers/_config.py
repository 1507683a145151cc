"""How a provider is configured. Which keys a kind requires is said by the plugin's `needs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

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


def anchored(config: ProviderConfig, folder: Path) -> ProviderConfig:
    """`config` with its file names relative to `folder` (where it was written) made whole."""
    recording, key_file = config.recording, config.key_file
    if recording is not None and not recording.startswith("builtin:"):
        recording = str(folder / recording)
    if key_file is not None:
        key_file = str(folder / key_file)
    return replace(config, recording=recording, key_file=key_file)
