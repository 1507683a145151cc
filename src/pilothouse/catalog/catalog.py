"""The catalogue: models by any of their names, and which claim of a field wins as of a date.

Nothing is deleted: a retired model is still found, still priced, and says when it ended. Two dates can be
asked for: `as_of`, the day on which it was true, and `known_at`, the day by which somebody had said so.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cache
from importlib import resources

import msgspec
from msgspec import Struct

from pilothouse.catalog.names import normal, spellings
from pilothouse.catalog.trust import source_rank, trust
from pilothouse.core.errors import NotFound, did_you_mean
from pilothouse.core.model import Alias, Claim, FactValue, Model, Source


class CatalogFile(Struct, frozen=True, kw_only=True):
    """The file as shipped."""

    version: str
    sources: dict[str, Source]
    models: tuple[Model, ...]
    hosts: tuple[Model, ...] = ()
    """What holds of everything one host serves: its certifications, residency, limits."""
    moving: tuple[Alias, ...] = ()
    """Names that stood for one model after another."""
    served_by: tuple[str, ...] = ()
    """Hosts that serve models of others: theirs are in the second file."""


class Catalog:
    """Looks up models and resolves their claims."""

    def __init__(
        self, file: CatalogFile, load_hosted: Callable[[], Sequence[Model]] | None = None
    ) -> None:
        self.version = file.version
        self.sources = file.sources
        self.models: Sequence[Model] = file.models
        self.moving: Sequence[Alias] = file.moving
        self.hosts = file.hosts
        self.served_by = file.served_by
        self._hosts = {host.id: host for host in file.hosts}
        self._served_by = frozenset(file.served_by)
        self._load_hosted = load_hosted
        self._hosted: Sequence[Model] | None = None
        self._by_name = _index(file.models)
        self._hosted_by_name: dict[str, Model] = {}
        self._moving: dict[str, list[Alias]] = {}
        for alias in file.moving:
            self._moving.setdefault(normal(alias.name), []).append(alias)

    def find(self, name: str, as_of: date | None = None) -> Model:
        """By id, alias, provider spelling, dated id, or a moving name as of a day (None = now).

        Raises `NotFound` with the nearest name.
        """
        found = self._known(name, as_of)
        if found is not None:
            return found
        if spans := self.history(name):
            raise NotFound(
                f'"{name}" stood for nothing on {as_of}: it exists since {spans[0].valid_from}'
            )
        name = "".join(c if c.isprintable() else "?" for c in name[:80])
        names = [n for m in self.models for n in (m.id, *m.aliases)]
        hint = did_you_mean(name.strip().lower(), names)
        told = f" Served by others: {', '.join(served)}." if (served := self._served(name)) else ""
        raise NotFound(
            f'the catalogue has no model "{name}".{told or hint} (list them: pilothouse models list)'
        )

    def _served(self, name: str) -> list[str]:
        """Offers whose host calls a model so, which no card describes."""
        tail = "/" + name.strip().lower()
        return [m.id for m in self.hosted() if m.id.endswith(tail)][:3]

    def _known(self, name: str, as_of: date | None) -> Model | None:
        plain = normal(name)
        exact = self._by_name.get(plain)
        if exact is not None:
            return exact
        host, _, rest = plain.partition("/")
        if rest and host in self._served_by:
            self.hosted()
            if plain in self._hosted_by_name:
                return self._hosted_by_name[plain]
        for candidate in spellings(name):
            found = self._by_name.get(candidate)
            if found is not None:
                return found
            if candidate in self._moving:
                span = self._span(candidate, as_of)
                if span is None:
                    return None
                return self._by_name.get(normal(span.model)) or self._known(span.model, None)
        return None

    def _span(self, name: str, as_of: date | None) -> Alias | None:
        spans = self._moving.get(name, [])
        if as_of is None:
            return spans[-1] if spans else None
        return next((s for s in spans if _holds(s.valid_from, s.valid_to, as_of)), None)

    def history(self, name: str) -> Sequence[Alias]:
        """What a moving name stood for, in order; empty for other names."""
        for spelling in spellings(name):
            if spelling in self._moving:
                return self._moving[spelling]
        return ()

    def hosted(self) -> Sequence[Model]:
        """Models as served by others than their vendors (`azure/gpt-4o`); read when first asked for."""
        if self._hosted is None:
            self._hosted = self._load_hosted() if self._load_hosted else ()
            self._hosted_by_name = _index(self._hosted)
        return self._hosted

    def host(self, model: Model) -> Model | None:
        """The card of whoever serves it."""
        return self._hosts.get(self._host_id(model))

    def _host_id(self, model: Model) -> str:
        if model.of is not None:
            return model.id.partition("/")[0]
        return next((str(c.value) for c in model.claims if c.field == "vendor"), "")

    def claims(
        self,
        model: Model,
        field: str | None = None,
        as_of: date | None = None,
        known_at: date | None = None,
    ) -> list[Claim]:
        """Claims in the order of trust: what wins stands first of its field.

        What holds of a whole host counts for a model of which nobody says otherwise.
        """
        own = self._own_claims(model, field, as_of, known_at)
        host = self.host(model)
        if host is not None and host is not model:
            said = {c.field for c in own}
            shared = self._own_claims(host, field, as_of, known_at)
            own += [c for c in shared if c.field not in said]
        return sorted(own, key=lambda c: (c.field, *trust(c, self.sources[c.source], as_of)))

    def _own_claims(
        self, model: Model, field: str | None, as_of: date | None, known_at: date | None
    ) -> list[Claim]:
        return [
            c
            for c in model.claims
            if (field is None or c.field == field)
            and (as_of is None or _holds(c.valid_from, c.valid_to, as_of))
            and (known_at is None or self.observed_on(c) <= known_at)
        ]

    def observed_on(self, claim: Claim) -> date:
        """The day on which it was seen."""
        return claim.observed_on or self.sources[claim.source].observed_on

    def fact(
        self,
        model: Model,
        field: str,
        as_of: date | None = None,
        known_at: date | None = None,
    ) -> Claim | None:
        """The claim that wins, or None: what nobody says stays unknown."""
        claims = self.claims(model, field, as_of, known_at)
        return claims[0] if claims else None

    def value(
        self,
        model: Model,
        field: str,
        as_of: date | None = None,
        known_at: date | None = None,
    ) -> FactValue | None:
        """The winning value."""
        claim = self.fact(model, field, as_of, known_at)
        return None if claim is None else claim.value

    def retired_on(self, model: Model) -> date | None:
        """The day the model ended or will end."""
        value = self.value(model, "retired_on")
        return None if value is None else first_day(str(value))

    def url(self, claim: Claim) -> str | None:
        """Where the claim can be looked up."""
        template = self.sources[claim.source].url
        return claim.url or (template and template.replace("{key}", claim.key))

    def aside(
        self, model: Model, field: str, as_of: date, known_at: date | None = None
    ) -> list[Claim]:
        """Claims of a field that do not hold on the day: they hold earlier or later. Oldest first."""
        said = self.claims(model, field, known_at=known_at)
        return sorted(
            (c for c in said if not _holds(c.valid_from, c.valid_to, as_of)),
            key=lambda c: (c.valid_from or date.min, c.valid_to or date.max, c.source, c.key),
        )

    def why(self, claim: Claim, among: Iterable[Claim]) -> str:
        """Why this claim wins over the others of its field."""
        others = [c for c in among if c is not claim]
        seen = self.observed_on(claim)
        if not others:
            doubt = f", and it is doubted: {claim.doubt}" if claim.doubt else ""
            return f"only {claim.source} says so (observed {seen}){doubt}"
        trusted = [c for c in others if not c.doubt]
        if all(c.value == claim.value for c in trusted) and trusted:
            return f"all {len(trusted) + 1} claims that are not in doubt agree{_doubts(others)}"
        behind = sorted({c.source for c in trusted} - {claim.source})
        own_rank = source_rank(claim.field, claim.source)
        same = [s for s in behind if source_rank(claim.field, s) == own_rank]
        parts: list[str] = []
        if before := [s for s in behind if s not in same]:
            parts.append(f"is trusted before {', '.join(before)} on this")
        if same:
            parts.append(f"looked at a day nearer to the one asked than {', '.join(same)}")
        if not parts and trusted:
            parts.append("says it of the latest time in force")
        if claim.doubt:
            parts.append(f"is in doubt itself: {claim.doubt}")
        elif not parts:
            parts.append("is the only one not in doubt")
        agree = sum(c.value == claim.value for c in trusted)
        told = f"{claim.source} (observed {seen}) {' and '.join(parts)}"
        if not trusted:
            return told
        return f"{told}; {agree} of {len(trusted)} others agree{_doubts(others)}"


def _doubts(claims: Iterable[Claim]) -> str:
    count = sum(c.doubt is not None for c in claims)
    return f"; {count} doubted" if count else ""


def first_day(text: str) -> date:
    """Of a day, a month or a year as sources give them. Raises `ValueError`."""
    year, month, day, *_ = [*(int(p) for p in text[:10].split("-")), 1, 1]
    return date(year, month, day)


@cache
def load_bundled() -> Catalog:
    """The catalogue that ships with the package."""
    file = msgspec.json.decode(_bundled("catalog.json.gz"), type=CatalogFile)
    return Catalog(file, _load_hosted)


def _load_hosted() -> Sequence[Model]:
    return msgspec.json.decode(_bundled("hosted.json.gz"), type=tuple[Model, ...])


def _bundled(name: str) -> bytes:
    file = resources.files("pilothouse.data").joinpath("catalog", name)
    return gzip.decompress(file.read_bytes())


def _index(models: Iterable[Model]) -> dict[str, Model]:
    by_name: dict[str, Model] = {}
    for model in models:
        for name in (model.id, *model.aliases):
            by_name.setdefault(normal(name), model)
    return by_name


def _holds(since: date | None, until: date | None, day: date) -> bool:
    return (since is None or since <= day) and (until is None or day < until)
