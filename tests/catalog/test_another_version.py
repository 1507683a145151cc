from __future__ import annotations

from datetime import date

from pilothouse.catalog.another_version import with_version
from pilothouse.catalog.catalog import Catalog, CatalogFile
from pilothouse.catalog.snapshot import Row, Snapshot
from pilothouse.core.model import Claim, FactValue, Model, Source

DAY = date(2026, 1, 1)


def source(name: str) -> Source:
    return Source(name=name, version="1", licence="MIT", observed_on=DAY)


def said(field: str, value: FactValue, by: str, key: str = "k") -> Claim:
    return Claim(field=field, value=value, source=by, key=key)


def test_only_the_claims_of_that_list_are_exchanged_by_its_keys() -> None:
    own = said("price_input_per_mtok", "1", "litellm", "k")
    elsewhere = said("context_tokens", 5, "litellm", "azure/k")
    old_copy = said("context_tokens", 4, "litellm-2025")
    kept = said("has_tools", True, "helm")
    vendor = said("vendor", "v", "litellm")
    model = Model(id="m", claims=(own, elsewhere, old_copy, kept, vendor))
    sources = {n: source(n) for n in ("litellm", "litellm-2025", "helm")}
    catalog = Catalog(CatalogFile(version="t", sources=sources, models=(model,)))
    rows = (
        Row(key="k", host="h", name="k", claims=(said("price_input_per_mtok", "2", "litellm"),)),
        Row(key="azure/k", host="a", name="k", claims=(said("price_input_per_mtok", "9", "litellm"),)),
        Row(key="new", host="h", name="new", claims=(said("price_input_per_mtok", "7", "litellm"),)),
    )  # fmt: skip
    [changed] = with_version(catalog, Snapshot(source=source("litellm"), rows=rows)).models
    assert {(c.field, c.value) for c in changed.claims} == {
        ("price_input_per_mtok", "2"),
        ("has_tools", True),
        ("vendor", "v"),
    }
