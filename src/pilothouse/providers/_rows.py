"""A provider as a row of data: its addresses, its key, its formats and its peculiarities.

One file for each in `data/providers`, read when it is asked for (all of them together would cost a start
tenths of a second). What is code in a provider is its signer and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from pilothouse.core.error_class import VendorWord
from pilothouse.core.errors import NotFound, did_you_mean
from pilothouse.core.rate_headers import RateHeaders
from pilothouse.documents.strict import parse

DialectName = Literal[
    "openai_chat",
    "openai_responses",
    "anthropic_messages",
    "gemini",
    "bedrock_converse",
    "openai_embeddings",
    "gemini_embeddings",
]
AuthKind = Literal[
    "bearer", "x-api-key", "x-goog-api-key", "api-key", "sigv4", "google_oauth", "none"
]
Ability = bool | Annotated[str, Meta(min_length=1)]
"""Yes, no, or partly: then the text says how far."""


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page that says so."""

    url: Annotated[str, Meta(pattern="^https://")]
    about: str = field(name="for")
    looked_at: date | None = None
    """The day it was read; None = its own page for this, not opened when the row was written."""


class ErrorBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a vendor puts message and code of an error: dotted paths, the first that is there counts."""

    message: tuple[str, ...] = ("error.message",)
    code: tuple[str, ...] = ("error.code", "error.type", "error.status")
    code_header: str | None = None
    """A header that has the code when the body has none."""


class ModelIds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model's id looks like there."""

    strip: str | None = None
    """Taken off when it stands in front."""
    prefix: str | None = None
    """Put in front of an id that has no slash."""
    example: str | None = None


class Endpoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One format at one provider. Paths stand below `base_url`, `{placeholders}` are filled."""

    path: str
    stream_path: str | None = None
    """None = the same."""
    single_path: str | None = None
    """For one input that is asked for alone (embeddings); None = the same."""
    count_path: str | None = None
    """Counts tokens of a request; None = cannot."""
    dated_path: str | None = None
    """Instead of `path` when the setting `api_version` is given (Azure)."""
    base_url: str | None = None
    """None = the row's."""
    auth: AuthKind | None = None
    """None = the row's."""
    headers: dict[str, str] = {}
    """Sent as they are, besides the row's."""
    adds: dict[str, str] = {}
    """Top-level fields put into each request unless it has them."""
    renames: dict[str, str] = {}
    """Top-level fields under another name."""
    drops: tuple[str, ...] = ()
    """Fields it refuses or ignores; `messages[].name` is one in each message. Whoever asked is told."""
    omits: tuple[str, ...] = ()
    """Fields that it has elsewhere (the model in the path) or does without: nobody need be told."""
    framing: Literal["sse", "aws_event_stream", "aws_event_stream_of_bytes"] = "sse"
    """How a stream comes: server-sent events, AWS's binary frames, or those with base64 JSON inside."""
    has_include_usage: bool = True
    """Whether `stream_options.include_usage` is understood."""
    usage_in: tuple[Literal["own_chunk", "last_chunk", "x_groq"], ...] = ("own_chunk",)
    """Where the tokens of a stream stand: a chunk without choices, the last one, or in its `x_groq`."""


class Abilities(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a provider does in one format. Each is said; nothing is taken for granted."""

    streaming: Ability
    tools: Ability
    parallel_tools: Ability
    vision: Ability
    audio_in: Ability
    files: Ability
    json_schema: Ability
    json_object: Ability
    reasoning: Ability
    prompt_caching: Ability
    logprobs: Ability
    n: Ability
    seed: Ability
    stop: Ability
    batch: Ability


class ProviderRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One vendor or server. `endpoints` are in order of preference."""

    title: str
    docs: Annotated[tuple[Source, ...], Meta(min_length=1)]
    memory: tuple[str, ...] = ()
    """What stands here without a page that was read."""
    base_url: str | None
    """None = the configuration must give one."""
    at_location: dict[str, str] = {}
    """Another `base_url` for some values of the setting `location`."""
    auth: AuthKind
    other_auth: tuple[AuthKind, ...] = ()
    key_env: tuple[str, ...]
    """Environment variables that usually hold the key, the usual one first."""
    settings_env: dict[str, str] = {}
    """Environment variables that usually hold a placeholder's value."""
    defaults: dict[str, str] = {}
    """Placeholders' values when nobody says."""
    headers: dict[str, str] = {}
    models_path: str | None = None
    """Lists models; answers cheaply whether a key works."""
    model_ids: ModelIds = ModelIds()
    is_key_optional: bool = False
    is_own_machine: bool = False
    """Runs on the team's own machines: no vendor sees the data."""
    rate: RateHeaders = RateHeaders()
    error_body: ErrorBody = ErrorBody()
    errors: tuple[VendorWord, ...] = ()
    endpoints: Annotated[dict[DialectName, Endpoint], Meta(min_length=1)]
    capabilities: dict[DialectName, Abilities]
    """For each endpoint but the ones of embeddings."""

    def model_id(self, model: str) -> str:
        """`model` as the provider wants it."""
        ids = self.model_ids
        if ids.strip is not None:
            model = model.removeprefix(ids.strip)
        if ids.prefix is not None and "/" not in model:
            model = ids.prefix + model
        return model

    def auth_of(self, dialect: DialectName) -> AuthKind:
        """How a request in this format is signed."""
        return self.endpoints[dialect].auth or self.auth


@cache
def row_names() -> tuple[str, ...]:
    """All rows' names, sorted; no file is read."""
    files = (file.name for file in _folder().iterdir())
    return tuple(sorted(file[:-5] for file in files if file.endswith(".yaml")))


@cache
def row(name: str) -> ProviderRow:
    """The row of that name. Raises `NotFound` with the nearest one."""
    if name not in row_names():
        known = ", ".join(row_names())
        hint = did_you_mean(name, row_names())
        raise NotFound(f'unknown provider "{name}".{hint} (there are: {known})')
    text = _folder().joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return parse(text, ProviderRow, name=f"providers/{name}.yaml").value


def all_rows() -> Mapping[str, ProviderRow]:
    """Every row by name."""
    return {name: row(name) for name in row_names()}


def _folder() -> Traversable:
    return resources.files("pilothouse.data").joinpath("providers")
