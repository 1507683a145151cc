"""Makes the files of src/pilothouse/data/catalog from copies of public lists.

    python tools/catalog/build.py FOLDER

FOLDER holds models.dev/, litellm/, tokencost/ and so on, at the versions that the importers name. Only lists
whose licence allows it are read. The same input gives the same bytes. What no list fills comes from ours.yaml,
each fact with its page; what nobody fills has no claim.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import yaml
from derive import derived
from doubts import doubted
from seed import GUIDE, GUIDE_SAYS, MAKERS, RESOLD, RETIRED, SAME, VENDORS

from pilothouse.catalog.catalog import CatalogFile
from pilothouse.catalog.importers.known import read_snapshot
from pilothouse.catalog.merge import Known, Merger, in_order
from pilothouse.catalog.snapshot import Snapshot
from pilothouse.catalog.trust import OURS
from pilothouse.core.model import Alias, Claim, Model, Source

TO = Path(__file__).parents[2] / "src/pilothouse/data/catalog"
TODAY = date(2026, 11, 24)
LISTS: list[tuple[str, str, dict[str, Any]]] = [
    ("models.dev", "models.dev/catalog.json", {}),
    ("litellm", "litellm/model_prices_and_context_window.json", {}),
    ("genai-prices", "genai-prices/pypi-0.2.3.json", {}),
    (
        "litellm",
        "tokencost/tokencost/model_prices.json",
        {
            "name": "litellm-2025",
            "version": "e7f7c1928084",
            "observed_on": date(2025, 9, 5),
            "url": "https://github.com/AgentOps-AI/tokencost/blob/e7f7c1928084/tokencost/model_prices.json",
        },
    ),
    ("portkey", "portkey-models/pricing", {}),
    ("llm-stats", "llm-stats/data/organizations", {}),
    ("helm", "helm/helm_meta.yaml", {}),
    ("deprecations", "deprecations/data.json", {}),
    ("epoch", "epoch/data/benchmarks_runs.csv", {}),
    ("aider", "aider/aider/website/_data/polyglot_leaderboard.yml", {}),
    ("vectara", "vectara-hallucination/README.md", {}),
]
GUIDE_SOURCE = Source(
    name="guide",
    version="2025-12-31",
    licence="facts",
    observed_on=date(2025, 12, 31),
    url="src/pilothouse/data/guide/guide.yaml#{key}",
)


def main(folder: Path) -> None:
    """Write the catalogue's two files and say what is in them."""
    ours = yaml.safe_load(Path(__file__).with_name("ours.yaml").read_text())
    moving = tuple(_moving(ours["moving"]))
    merger = Merger(
        _known(ours["models"]), vendors=VENDORS, makers=MAKERS, moving=moving, resold=RESOLD
    )
    snapshots = [read_snapshot(kind, _file(folder, path), **more) for kind, path, more in LISTS]
    for snapshot in snapshots:
        merger.add(snapshot)
    merged = merger.merged()
    by_hand = _by_hand(ours)
    models = [_finished(m, by_hand.pop(m.id, [])) for m in merged.models]
    named = {i: tuple(facts.get("aliases", ())) for i, facts in ours["models"].items()}
    models += [_finished(Model(id=i, aliases=named.get(i, ())), c) for i, c in by_hand.items()]
    models.sort(key=lambda m: m.id)
    hosts = tuple(
        Model(id=name, claims=in_order(_claims(name, facts, ours["seen"])))
        for name, facts in sorted(ours["hosts"].items())
    )
    sources = {s.source.name: s.source for s in snapshots}
    sources |= {"guide": GUIDE_SOURCE, OURS: _our_source(ours["seen"])}
    hosted = list(doubted(m for m in merged.hosted if m.claims))
    body = CatalogFile(
        version="",
        sources=dict(sorted(sources.items())),
        models=tuple(doubted(models)),
        hosts=hosts,
        moving=moving,
        served_by=tuple(sorted({m.id.partition("/")[0] for m in hosted})),
    )
    hosted_bytes = msgspec.json.encode(hosted, order="deterministic")
    digest = hashlib.sha256(msgspec.json.encode(body, order="deterministic") + hosted_bytes)
    file = msgspec.structs.replace(body, version=f"{TODAY}+{digest.hexdigest()[:12]}")
    data = msgspec.json.encode(file, order="deterministic")
    msgspec.json.decode(data, type=CatalogFile)  # YAML reads an unquoted no as False
    _write("catalog.json.gz", data)
    _write("hosted.json.gz", hosted_bytes)
    _report(file, hosted, snapshots, merged.left_over)


def _file(folder: Path, path: str) -> Path:
    """tokencost's copy lies wherever its repository puts it."""
    if (folder / path).exists():
        return folder / path
    return next((folder / path.partition("/")[0]).rglob("*.json"))


def _known(ours: dict[str, Any]) -> Iterable[Known]:
    for model_id, row in GUIDE.items():
        rows = {k: v for k, v in row.items() if k not in ("vendor", "aliases")}
        has_prices = row["vendor"] in ("meta", "bigcode", "microsoft", "tii", "mistral") or (
            model_id == "gemini-1.0-ultra"  # the placeholder: kept, doubted, shown by conflicts
        )
        yield Known(
            id=model_id,
            vendor=row["vendor"],
            aliases=tuple(row.get("aliases", ())),
            rows=rows,
            has_prices_of=tuple(rows) if has_prices else (),
        )
    for model_id, (vendor, names) in SAME.items():
        yield Known(id=model_id, vendor=vendor, aliases=names)
    for model_id, facts in ours.items():
        yield Known(id=model_id, vendor=facts["vendor"], aliases=tuple(facts.get("aliases", ())))


def _by_hand(ours: dict[str, Any]) -> dict[str, list[Claim]]:
    found: dict[str, list[Claim]] = {}
    for model_id, facts in ours["models"].items():
        rest = {k: v for k, v in facts.items() if k not in ("vendor", "aliases")}
        page = next(iter(rest.values()))["url"]
        vendor = {"vendor": {"value": facts["vendor"], "url": page}}
        found[model_id] = _claims(model_id, vendor | rest, ours["seen"])
    for model_id, facts in ours["corrections"].items():
        for fact in facts:
            claim = _claim(model_id, fact["field"], fact, ours["seen"])
            found.setdefault(model_id, []).append(claim)
    for model_id, row in GUIDE.items():
        vendor = Claim(field="vendor", value=row["vendor"], source="guide", key=model_id)
        found.setdefault(model_id, []).append(vendor)
    for model_id, said in GUIDE_SAYS.items():
        found.setdefault(model_id, []).extend(
            Claim(field=f, value=v, source="guide", key=model_id, note=f"guide, {lines}")
            for f, v, lines in said
        )
    for model_id, (day, source) in RETIRED.items():
        found.setdefault(model_id, []).append(
            Claim(field="retired_on", value=day, source=source, key=model_id)
        )
    return found


def _claims(key: str, facts: dict[str, Any], seen: date) -> list[Claim]:
    return [_claim(key, field, fact, seen) for field, fact in facts.items()]


def _claim(key: str, field: str, fact: dict[str, Any], seen: date) -> Claim:
    return Claim(
        field=field,
        value=fact["value"],
        source=OURS,
        key=key,
        url=fact["url"],
        note=fact.get("note"),
        protocol=fact.get("protocol"),
        confidence=fact.get("confidence"),
        valid_from=fact.get("since"),
        valid_to=fact.get("until"),
    )


def _moving(names: dict[str, list[dict[str, Any]]]) -> Iterable[Alias]:
    for name, spans in names.items():
        for span in spans:
            yield Alias(
                name=name,
                model=span["model"],
                valid_from=span.get("since"),
                valid_to=span.get("until"),
                url=span.get("url"),
            )


def _finished(model: Model, more: list[Claim]) -> Model:
    """With what we say ourselves, and what follows from the rest."""
    retired_by_hand = model.id in RETIRED
    claims = [c for c in model.claims if not (retired_by_hand and c.field == "retired_on")] + more
    return Model(
        id=model.id,
        aliases=tuple(a for a in model.aliases if a != model.id),
        claims=in_order([*claims, *derived(model.id, claims)]),
    )


def _our_source(seen: date) -> Source:
    return Source(
        name=OURS,
        version=str(seen),
        licence="Apache-2.0",
        observed_on=seen,
        confidence="ours",
        url="tools/catalog/ours.yaml#{key}",
    )


def _write(name: str, data: bytes) -> None:
    (TO / name).write_bytes(gzip.compress(data, compresslevel=9, mtime=0))


def _report(
    file: CatalogFile, hosted: list[Model], snapshots: list[Snapshot], left_over: Iterable[str]
) -> None:
    for s in snapshots:
        claims = sum(len(r.claims) for r in s.rows)
        print(f"{s.source.name}: {len(s.rows)} rows, {claims} claims, {len(s.skipped)} skipped")
    counts = Counter(name.partition(":")[0] for name in left_over)
    print(f"fitted no model: {dict(counts)}")
    for name, models in (("catalog.json.gz", file.models), ("hosted.json.gz", hosted)):
        claims = sum(len(m.claims) for m in models)
        print(f"{name}: {len(models)} cards, {claims} claims, {(TO / name).stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
