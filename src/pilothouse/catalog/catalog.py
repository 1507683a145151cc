"""The catalogue: models by any of their names, and which claim of a field wins as of a date.

Nothing is deleted: a retired model is still found, still priced, and says when it ended.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from importlib import resources

import msgspec
from msgspec import Struct

from pilothouse.core.errors import NotFound, did_you_mean
from pilothouse.core.model import Claim, FactValue, Model, Source

_DATED = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|00\d)$")
_VERSION = re.compile(r"-v\d+:\d+$")  # Bedrock's
_VENDOR = re.compile(r"^([a-z]{2,5}\.)?(amazon|anthropic|cohere|deepseek|meta|mistral)\.")


class CatalogFile(Struct, frozen=True, kw_only=True):
    """The file as shipped."""

    version: str
    sources: dict[str, Source]
    models: tuple[Model, ...]


class Catalog:
    """Looks up models and resolves their claims."""

    def __init__(self, file: CatalogFile) -> None:
        self.version = file.version
        self.sources = file.sources
        self.models: Sequence[Model] = file.models
        self._by_name: dict[str, Model] = {}
        for model in file.models:
            for name in (model.id, *model.aliases):
                self._by_name.setdefault(_normal(name), model)

    def find(self, name: str) -> Model:
        """By id, alias, provider spelling or dated id. Raises `NotFound` with the nearest name."""
        for candidate in _spellings(name):
            found = self._by_name.get(candidate)
            if found is not None:
                return found
        names = [n for m in self.models for n in (m.id, *m.aliases)]
        hint = did_you_mean(name.strip().lower(), names)
        raise NotFound(
            f'the catalogue has no model "{name}".{hint} (list them: pilothouse models list)'
        )

    def claims(
        self, model: Model, field: str | None = None, as_of: date | None = None
    ) -> list[Claim]:
        """Claims in the order of trust: what wins stands first of its field."""
        kept = [
            c
            for c in model.claims
            if (field is None or c.field == field)
            and (as_of is None or c.valid_from is None or c.valid_from <= as_of)
        ]
        return sorted(kept, key=self._trust)

    def fact(self, model: Model, field: str, as_of: date | None = None) -> Claim | None:
        """The claim that wins, or None: what nobody says stays unknown."""
        return min((c for c in self.claims(model, field, as_of)), key=self._trust, default=None)

    def value(self, model: Model, field: str, as_of: date | None = None) -> FactValue | None:
        """The winning value."""
        claim = self.fact(model, field, as_of)
        return None if claim is None else claim.value

    def retired_on(self, model: Model) -> date | None:
        """The day the model ended or will end."""
        value = self.value(model, "retired_on")
        return None if value is None else date.fromisoformat(str(value))

    def why(self, claim: Claim, among: Iterable[Claim]) -> str:
        """Why this claim wins over the others of its field."""
        others = [c for c in among if c is not claim]
        source = self.sources[claim.source]
        if not others:
            return f"only {claim.source} says so (observed {source.observed_on})"
        agree = sum(c.value == claim.value for c in others)
        return (
            f"{claim.source} (observed {source.observed_on}) is trusted before "
            f"{', '.join(sorted({c.source for c in others} - {claim.source})) or 'its other rows'}; "
            f"{agree} of {len(others)} others agree"
        )

    def _trust(self, claim: Claim) -> tuple[str, int, int, str, int]:
        return (claim.field, *trust(claim, self.sources[claim.source]))


def trust(claim: Claim, source: Source) -> tuple[int, int, str, int]:
    """Orders the claims of one field: the least wins. Of one source's own, the latest in force."""
    since = claim.valid_from.toordinal() if claim.valid_from else 0
    return (source.rank, -source.observed_on.toordinal(), claim.key, -since)


@cache
def load_bundled() -> Catalog:
    """The catalogue that ships with the package."""
    file = resources.files("pilothouse.data").joinpath("catalog", "catalog.json.gz")
    data = gzip.decompress(file.read_bytes())
    return Catalog(msgspec.json.decode(data, type=CatalogFile))


def _spellings(name: str) -> list[str]:
    """From exact to loose: as written, without the provider's prefix, version, date, `-latest`."""
    plain = _normal(name)
    short = _VERSION.sub("", plain.rpartition("/")[2])
    unprefixed = _VENDOR.sub("", _VERSION.sub("", name.strip().lower()))
    tail = _normal(unprefixed.rpartition("/")[2])
    undated = _DATED.sub("", tail)
    bare = undated.removesuffix("-latest").removesuffix("-instruct")
    return [plain, short, tail, undated, bare]


def _normal(name: str) -> str:
    return name.strip().lower().replace(".", "-").replace("_", "-")
