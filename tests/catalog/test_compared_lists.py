"""Differences, conflicts and ages of facts."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from pilothouse.catalog.catalog import Catalog, CatalogFile, load_bundled
from pilothouse.catalog.conflicts import conflicts
from pilothouse.catalog.difference import of_snapshots
from pilothouse.catalog.importers.known import read_snapshot
from pilothouse.catalog.snapshot import Row, Snapshot
from pilothouse.catalog.staleness import grades, kind_of
from pilothouse.core.model import Claim, FactValue, Model, Source

TODAY = date(2026, 11, 24)
CATALOG = load_bundled()


def source(name: str, seen: date = TODAY) -> Source:
    return Source(name=name, version="1", licence="MIT", observed_on=seen)


def said(field: str, value: FactValue, by: str = "litellm") -> Claim:
    return Claim(field=field, value=value, source=by, key="m")


def snapshot(**rows: dict[str, FactValue]) -> Snapshot:
    return Snapshot(
        source=source("litellm"),
        rows=tuple(
            Row(key=k, host="h", name=k, claims=tuple(said(f, v) for f, v in facts.items()))
            for k, facts in rows.items()
        ),
    )


def test_a_difference_counts_what_came_went_and_changed() -> None:
    before = snapshot(
        gone={"context_tokens": 1},
        same={"context_tokens": 1},
        dearer={"price_input_per_mtok": "1", "context_tokens": 5},
    )
    after = snapshot(
        new={"context_tokens": 1},
        same={"context_tokens": 1},
        dearer={"price_input_per_mtok": "2", "context_tokens": 6, "retired_on": "2027-01-01"},
    )
    found = of_snapshots(before, after)
    assert (found.added, found.removed) == (("new",), ("gone",))
    assert (found.prices, found.contexts) == (("dearer",), ("dearer",))
    assert [c.after for c in found.retired] == ["2027-01-01"]


@pytest.mark.skipif(
    "PILOTHOUSE_CATALOG_DATA" not in os.environ,
    reason="LOUD: the whole litellm lists are not here; set PILOTHOUSE_CATALOG_DATA to their folder",
)
def test_fourteen_months_of_litellm() -> None:
    folder = Path(os.environ["PILOTHOUSE_CATALOG_DATA"])
    old = read_snapshot("litellm", next((folder / "tokencost").rglob("*.json")))
    new = read_snapshot("litellm", folder / "litellm/model_prices_and_context_window.json")
    found = of_snapshots(old, new)
    assert (len(found.removed), len(found.added)) == (658, 3509)
    assert (len(found.prices), len(found.contexts)) == (118, 58)


def of(*claims: Claim) -> list[tuple[str, str | None]]:
    model = Model(id="m", claims=claims)
    names = {c.source for c in claims}
    file = CatalogFile(version="t", sources={n: source(n) for n in names}, models=(model,))
    return [(c.field, c.cause) for c in conflicts(Catalog(file), [model], TODAY)]


@pytest.mark.parametrize(
    ("field", "a", "b", "cause"),
    [
        ("price_input_per_mtok", "2", "1", "exactly half"),
        ("price_input_per_mtok", "2", "2000", "a factor of 1000"),
        ("context_tokens", 1_000_000, 2**20, "counted in tens and in twos"),
        ("context_tokens", 400_000, 272_000, None),
        ("retired_on", "2026-01-01", "2026-02-01", None),
    ],
)
def test_a_conflict_names_its_likely_cause(
    field: str, a: FactValue, b: FactValue, cause: str | None
) -> None:
    ((named, why),) = of(said(field, a), said(field, b, "models.dev"))
    assert named == field
    assert (cause is None) or (why is not None and cause in why)


def test_agreement_and_rounding_are_no_conflict() -> None:
    assert of(said("context_tokens", 128_000), said("context_tokens", 131_072, "x")) == []
    assert of(said("price_input_per_mtok", "2"), said("price_input_per_mtok", "2.0", "x")) == []


def test_the_known_errors_of_the_lists_are_found() -> None:
    found = conflicts(CATALOG, CATALOG.models, TODAY, fields=["price_"])
    causes = {(c.model, c.field): c.cause or "" for c in found}
    assert "reading the cache" in causes["claude-3-sonnet", "price_cache_write_per_mtok"]
    assert "stands in for it" in causes["gemini-1.0-ultra", "price_input_per_mtok"]
    assert (
        "for which mistral-large-latest stands now"
        in causes["mistral-large-2411", "price_input_per_mtok"]
    )


def test_first_party_lists_disagree_at_least_as_often_as_measured_elsewhere() -> None:
    prices = conflicts(CATALOG, CATALOG.models, TODAY, fields=["price_input", "price_output"])
    contexts = conflicts(CATALOG, CATALOG.models, TODAY, fields=["context_tokens"])
    assert len({c.model for c in prices}) >= 24 + 8 + 8
    assert len(contexts) >= 67


def test_facts_age_by_what_they_say() -> None:
    old, new = date(2026, 1, 1), date(2026, 11, 1)
    claims = (said("price_input_per_mtok", "1", "old"), said("licence", "mit", "old"))
    model = Model(id="m", claims=(*claims, said("context_tokens", 1, "new")))
    file = CatalogFile(
        version="t", sources={"old": source("old", old), "new": source("new", new)}, models=(model,)
    )
    found = {s.field: s.grade for s in grades(Catalog(file), [model], TODAY)}
    assert found == {"price_input_per_mtok": "stale", "licence": "fresh", "context_tokens": "fresh"}
    assert kind_of("benchmark:mmlu") == "benchmark"


def test_a_past_meaning_given_the_price_of_the_present_one_is_named() -> None:
    found = conflicts(CATALOG, [CATALOG.find("mistral-large-2411")], TODAY, fields=["price_input"])
    assert [c.cause for c in found] == [
        "the value of mistral-large-2512, for which mistral-large-latest stands now"
    ]


def test_a_doubted_claim_that_says_the_same_is_no_conflict() -> None:
    doubted = Claim(field="context_tokens", value=5, source="x", key="m", doubt="a moving name")
    assert of(said("context_tokens", 5), doubted) == []
    assert of(said("context_tokens", 6), doubted) == [("context_tokens", "a moving name")]
