"""Which database: a SQLite file or PostgreSQL, as configuration or `--store` names it; and opens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from pilothouse import registry
from pilothouse.core.call import Call, Score
from pilothouse.core.errors import InvalidInput, StoreError
from pilothouse.core.job_store import BatchStore, JobStore
from pilothouse.core.keys import KeyStore
from pilothouse.core.limits import BudgetStore
from pilothouse.core.ports import CallStore, RolloutStore
from pilothouse.core.proof_store import ProofStore
from pilothouse.core.review_store import ReviewStore
from pilothouse.core.sample_store import SampleStore
from pilothouse.core.secret import not_set
from pilothouse.stores._pg_address import PgAddress, address_from_url, is_url

StoreAddress = Path | PgAddress
"""A file, or a PostgreSQL database. `str` never shows a password."""
_PASSWORD = (
    "it holds a password, and this file is no place for one: put the URL into an environment variable and "
    "name that in url_env, or leave the password to PGPASSWORD or ~/.pgpass"
)


class Store(CallStore, RolloutStore, Protocol):
    """Everything that is kept, in whichever database. Raises `StoreError`."""

    @property
    def keys(self) -> KeyStore:
        """Virtual keys."""
        ...

    @property
    def budgets(self) -> BudgetStore:
        """What was spent, and what running processes have drawn."""
        ...

    @property
    def jobs(self) -> JobStore:
        """Requests that may wait."""
        ...

    @property
    def batches(self) -> BatchStore:
        """Uploaded files and batches of jobs."""
        ...

    @property
    def proofs(self) -> ProofStore:
        """Proofs of concept and what they paid for."""
        ...

    @property
    def samples(self) -> SampleStore:
        """Live questions kept for proofs."""
        ...

    @property
    def reviews(self) -> ReviewStore:
        """What people said of proofs."""
        ...

    @property
    def spill_path(self) -> Path:
        """What the names of files with calls that could not be written start with."""
        ...

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of one SELECT, `?` for parameters."""
        ...

    def write_scored(self, scored: Sequence[tuple[Call, tuple[Score, ...]]]) -> None:
        """Append calls with their scores in one transaction."""
        ...

    def close(self) -> None:
        """Let it go. Idempotent."""
        ...


class StoreConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where calls, runs, rollouts, keys and budgets are kept: a SQLite file, or PostgreSQL by its URL."""

    path: str = "pilothouse.db"
    """The SQLite file, where no URL is given."""
    url: str | None = None
    """`postgresql://user@host:port/database`, without a password: PGPASSWORD and ~/.pgpass have it."""
    url_env: str | None = None
    """The environment variable that holds the URL, with a password or without."""
    schema: str | None = None
    """In that database; `pilothouse` when nothing is said."""
    spill_folder: str = "."
    """Where calls wait on disk while PostgreSQL is away; a SQLite file has them beside it."""


def store_problems(
    config: StoreConfig, environ: Mapping[str, str] | None = None
) -> list[tuple[str, str]]:
    """(key, message) of what the shape alone cannot say. With `environ`, the URL must be in it."""
    if config.url is not None and config.url_env is not None:
        return [("store.url_env", "give url or url_env, not both")]
    if config.url is None and config.url_env is None:
        if config.schema is not None:
            return [
                ("store.schema", "a SQLite file has no schema; name a PostgreSQL database in url")
            ]
        return []
    if config.url_env is not None and environ is None:
        return []
    key = "store.url" if config.url is not None else "store.url_env"
    try:
        address = address_of(config, Path(), environ or {})
    except InvalidInput as error:
        return [(key, str(error))]
    if config.url is not None and isinstance(address, PgAddress) and address.password.reveal():
        return [(key, _PASSWORD)]
    return []


def address_of(config: StoreConfig, folder: Path, environ: Mapping[str, str]) -> StoreAddress:
    """Where the store is; relative paths are relative to `folder`. Raises `InvalidInput`."""
    url = config.url
    if config.url_env is not None:
        url = environ.get(config.url_env)
        if not url:
            raise InvalidInput(not_set(config.url_env))
    if url is None:
        return folder / config.path
    return address_from_url(url, schema=config.schema, spill_folder=folder / config.spill_folder)


def store_address(text: str) -> StoreAddress:
    """What `--store` and PILOTHOUSE_STORE give: a URL, or the path of a file. Raises `InvalidInput`."""
    return address_from_url(text) if is_url(text) else Path(text)


def open_store_at(
    config: StoreConfig, folder: Path, environ: Mapping[str, str], *, must_exist: bool = False
) -> Store:
    """The configured store, upgraded if it is older. Raises `InvalidInput`, `StoreError`."""
    return open_store(address_of(config, folder, environ), must_exist=must_exist)


def open_store(at: StoreAddress, *, must_exist: bool = False) -> Store:
    """The store at `at`, upgraded if it is older; with `must_exist`, none is made.

    Raises `StoreError`; `InvalidInput` when the PostgreSQL driver is not installed.
    """
    if isinstance(at, PgAddress):
        return _postgres()(at, must_exist=must_exist)
    if must_exist and not at.exists():
        raise StoreError(
            f"{at}: there is no database here yet. `pilothouse serve` or `pilothouse prove` makes "
            "one; --store or PILOTHOUSE_STORE names another."
        )
    return registry.plugin("stores", "sqlite")(at)


def _postgres() -> Any:
    try:
        return registry.plugin("stores", "postgres")
    except ImportError:  # an extra: who does not use it neither has nor loads it
        raise InvalidInput(
            "PostgreSQL's driver is not installed. Install it: pip install 'pilothouse[postgres]'"
        ) from None
