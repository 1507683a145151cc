"""How a provider is configured. What a kind requires is said by `kinds.problems`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

_Seconds = Annotated[float, Meta(gt=0, le=86_400)]
_Names = str | list[str]


class ProviderConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of `providers:`. Keys come from the environment or files, never from here."""

    kind: str
    """A vendor (`pilothouse providers list`), `openai_compatible`, or `replay`."""
    base_url: str | None = None
    """Instead of the vendor's own."""
    key_env: _Names | None = None
    """The variable that holds the key; several are used in turn."""
    key_file: _Names | None = None
    dialect: str | None = None
    """The only format to speak to it; else the caller's own where it can, or its best."""
    settings: dict[str, str] = {}
    """What its address needs: region, project, resource ..."""
    recording: str | None = None
    connect_s: _Seconds | None = None
    first_byte_s: _Seconds | None = None
    first_token_s: _Seconds | None = None
    between_s: _Seconds | None = None
    total_s: _Seconds | None = None

    @property
    def key_envs(self) -> list[str]:
        """The variables, one or several."""
        return _listed(self.key_env)

    @property
    def key_files(self) -> list[str]:
        """The files, one or several."""
        return _listed(self.key_file)


def anchored(config: ProviderConfig, folder: Path) -> ProviderConfig:
    """`config` with its file names relative to `folder` (where it was written) made whole."""
    recording, key_file = config.recording, config.key_file
    if recording is not None and not recording.startswith("builtin:"):
        recording = str(folder / recording)
    if isinstance(key_file, str):
        key_file = str(folder / key_file)
    elif key_file is not None:
        key_file = [str(folder / name) for name in key_file]
    return replace(config, recording=recording, key_file=key_file)


def _listed(names: _Names | None) -> list[str]:
    if names is None:
        return []
    return [names] if isinstance(names, str) else names
