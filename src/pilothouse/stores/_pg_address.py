"""Where a PostgreSQL store is: a URL whose password is never shown, and a schema in that database."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from msgspec import Struct

from pilothouse.core.errors import InvalidInput
from pilothouse.core.secret import Secret

SCHEMA = "pilothouse"
"""The schema when none is named."""
_SCHEMES = ("postgresql", "postgres")
_HOSTS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.%-]*)(:\d+)?(,(\[[0-9a-fA-F:.]+\]|[\w.%-]*)(:\d+)?)*")
_NOT_A_URL = (
    "this is not the URL of a PostgreSQL database: write postgresql://USER@HOST:PORT/DATABASE, with / : @ ? # % "
    "inside a name or a password as %2F %3A %40 %3F %23 %25. (It is not shown here: it may hold a password.)"
)


class PgAddress(Struct, frozen=True, kw_only=True):
    """A database and a schema in it. `str` gives the label, never the password."""

    url: Secret
    """As libpq reads it."""
    password: Secret
    """Empty where the URL has none; for taking it out of others' messages."""
    options: frozenset[str]
    """What the URL's query sets, so that our defaults stay away from it."""
    label: str
    schema: str = SCHEMA
    spill_folder: Path = Path()
    """Where calls are put while the database is away."""

    def __str__(self) -> str:
        return self.label

    @property
    def spill_path(self) -> Path:
        """What the names of spilt files start with: the same for every process on this database."""
        place = f"{self.label.rpartition('@')[2]} {self.schema}"
        digest = sha256(place.removeprefix("postgresql://").encode()).hexdigest()
        return self.spill_folder / f"pilothouse-{digest[:12]}"


def is_url(text: str) -> bool:
    """Whether `text` means a PostgreSQL database rather than a file."""
    return text.partition("://")[0] in _SCHEMES and "://" in text


def address_from_url(
    url: str, *, schema: str | None = None, spill_folder: Path = Path()
) -> PgAddress:
    """The address. The URL's `schema=` names the schema, unless `schema` does.

    Raises `InvalidInput`, without a word of the URL: where a password was not quoted, any part may hold
    some of it.
    """
    try:
        parts = urlsplit(url)
        query = (
            dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
            if parts.query
            else {}
        )
    except ValueError:
        raise InvalidInput(_NOT_A_URL) from None
    userinfo, _, hosts = parts.netloc.rpartition("@")
    is_odd = "@" in userinfo or "@" in parts.path or "#" in url or parts.path.count("/") > 1
    if not is_url(url) or is_odd or not _HOSTS.fullmatch(hosts):
        raise InvalidInput(_NOT_A_URL)
    user, _, password = userinfo.partition(":")
    named = query.pop("schema", None)
    chosen = schema or named or SCHEMA
    if not re.fullmatch(r"(?!pg_)[a-z_][a-z0-9_]{0,62}", chosen):
        raise InvalidInput(
            f'"{chosen}" is no name for a schema: use a-z, 0-9 and _, not beginning with pg_ or a digit'
        )
    base = f"postgresql://{parts.netloc}{parts.path}"
    shown = f"{user}@" if user else ""
    suffix = f"?schema={chosen}" if chosen != SCHEMA else ""
    return PgAddress(
        url=Secret(f"{base}?{urlencode(query)}" if query else base),
        password=Secret(unquote(password) or query.get("password", "")),
        options=frozenset(query),
        label=f"postgresql://{shown}{hosts}{parts.path}{suffix}",
        schema=chosen,
        spill_folder=spill_folder,
    )
