"""Makes src/pilothouse/data/catalog/catalog.json.gz from copies of public catalogues.

    python tools/build_catalog.py FOLDER

FOLDER holds models.dev/, litellm/, tokencost/, genai-prices/, llm-stats/, helm/, epoch/ and deprecations/ at
the versions named in SOURCES below. Only sources whose licence allows it are read. The same input gives the
same bytes. Nothing is guessed: a field that no source fills has no claim.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from catalog_seed import DATED, GUIDE, GUIDE_SAYS, NOT_CHAT, RETIRED, SOURCES, VENDORS
from catalog_sources import (
    Claims,
    claim,
    cost_map,
    epoch,
    from_deprecations,
    from_dev,
    from_epoch,
    from_genai,
    from_helm,
    from_stats,
)

TO = Path(__file__).parents[1] / "src/pilothouse/data/catalog/catalog.json.gz"
TODAY = "2026-11-24"


def main(folder: Path) -> None:
    """Write the catalogue."""
    data = _read(folder)
    models: dict[str, dict[str, Any]] = {}
    for model_id, row in GUIDE.items():
        models[model_id] = {
            "id": model_id,
            "aliases": row.get("aliases", []),
            "claims": _guide_claims(model_id, row, data),
        }
    taken = set(models) | {a for m in models.values() for a in m["aliases"]}
    for vendor in VENDORS:
        for model in _current(vendor, data):
            if model["id"] not in taken:
                models[model["id"]] = model
                taken |= {model["id"], *model["aliases"]}
    models = _one_of_each_spelling(models)
    for model in models.values():
        model["claims"] += _end_of_snapshots(model, data)
        model["claims"] += from_epoch([model["id"], *model["aliases"]], data)
        model["aliases"] = sorted({a for a in model["aliases"] if a not in models})
        model["claims"] = _distinct(model["claims"])
    sources = {name: {"name": name, **facts} for name, facts in SOURCES.items()}
    out = {"sources": sources, "models": [models[i] for i in sorted(models)]}
    digest = hashlib.sha256(_text(out).encode()).hexdigest()
    text = _text({"version": f"{TODAY}+{digest[:12]}", **out})
    TO.parent.mkdir(parents=True, exist_ok=True)
    TO.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    claims = sum(len(m["claims"]) for m in models.values())
    print(f"{len(models)} models, {claims} claims, {TO.stat().st_size} bytes")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _read(folder: Path) -> dict[str, Any]:
    import yaml

    dev = json.loads((folder / "models.dev/catalog.json").read_text())
    return {
        "litellm": json.loads(
            (folder / "litellm/model_prices_and_context_window.json").read_text()
        ),
        "tokencost": json.loads(next((folder / "tokencost").rglob("*.json")).read_text()),
        "models.dev": {(m["provider"], m["id"]): m for m in dev["provider_models"]},
        "genai-prices": {
            p["id"]: p["models"]
            for p in json.loads((folder / "genai-prices/pypi-0.2.3.json").read_text())
        },
        "stats": folder / "llm-stats/data/organizations",
        "helm": {
            m["name"]: m
            for m in yaml.safe_load((folder / "helm/helm_meta.yaml").read_text())["models"]
        },
        "deprecations": json.loads((folder / "deprecations/data.json").read_text()),
        "epoch": epoch(folder / "epoch/data/benchmarks_runs.csv"),
    }


def _guide_claims(model_id: str, row: dict[str, Any], data: dict[str, Any]) -> Claims:
    vendor = row["vendor"]
    claims: Claims = [claim("vendor", vendor, "guide", model_id)]
    names = [model_id, *row.get("aliases", [])]
    for source in ("litellm", "tokencost"):
        if key := row.get(source):
            claims += cost_map(
                data[source][key], source, key, has_prices="/" not in key or vendor == "mistral"
            )
    if vendor in VENDORS:
        claims += from_dev(vendor, names, data) + from_genai(vendor, names, data)
    if key := row.get("stats"):
        claims += from_stats(key, data)
    if key := row.get("helm"):
        claims += from_helm(key, data)
    if retired := RETIRED.get(model_id):
        claims = [c for c in claims if c["field"] != "retired_on"]
        claims.append(claim("retired_on", retired[0], retired[1], model_id))
    claims += from_deprecations(names, data)
    claims += [
        claim(f, v, "guide", model_id, note=f"guide, {n}")
        for f, v, n in GUIDE_SAYS.get(model_id, [])
    ]
    return claims


def _current(vendor: str, data: dict[str, Any]) -> list[dict[str, Any]]:
    provider, prefix, _, _ = VENDORS[vendor]
    found: dict[str, dict[str, Any]] = {}
    for key, row in sorted(data["litellm"].items()):
        if row.get("litellm_provider") != provider or row.get("mode") not in ("chat", "responses"):
            continue
        name = key.removeprefix(prefix)
        if "/" in name or name.startswith("ft:") or (prefix and not key.startswith(prefix)):
            continue
        undated = DATED.sub("", name)
        base = data["litellm"].get(f"{prefix}{undated}")
        is_same = base is not None and _cost(base) == _cost(row)  # a snapshot with its own price
        owner = undated if is_same else name  # is a model of its own
        model = found.setdefault(owner, {"id": owner, "aliases": [], "claims": []})
        if owner != name:
            model["aliases"].append(name)
            continue
        model["claims"] = [
            claim("vendor", vendor, "litellm", key),
            *cost_map(row, "litellm", key, has_prices=True),
            *from_dev(vendor, [name], data),
            *from_genai(vendor, [name], data),
        ]
    _add_from_dev(vendor, found, data)
    return [m for m in found.values() if m["claims"]]


def _cost(row: dict[str, Any]) -> tuple[Any, Any]:
    return row.get("input_cost_per_token"), row.get("output_cost_per_token")


def _add_from_dev(vendor: str, found: dict[str, dict[str, Any]], data: dict[str, Any]) -> None:
    """Chat models that only models.dev still knows: a catalogue that forgets cannot look back."""
    ids = sorted(i for p, i in data["models.dev"] if p == VENDORS[vendor][2])
    for name in ids:
        row = data["models.dev"][VENDORS[vendor][2], name]
        is_chat = row["modalities"]["output"] == ["text"] and not NOT_CHAT.search(name)
        undated = DATED.sub("", name)
        owner = undated if undated in found or undated in ids else name
        if not is_chat or name in found:
            continue
        if owner != name:
            model = found.setdefault(owner, {"id": owner, "aliases": [], "claims": []})
            model["aliases"].append(name)
            continue
        claims = from_dev(vendor, [name], data) + from_genai(vendor, [name], data)
        row_of = from_deprecations([name], data)
        key = f"{VENDORS[vendor][2]}/{name}"
        model = found.setdefault(name, {"id": name, "aliases": [], "claims": []})
        model["claims"] += [claim("vendor", vendor, "models.dev", key), *claims, *row_of]


def _one_of_each_spelling(models: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """`x-3.5` and `x-3-5` are one model; the first in order keeps the card."""
    kept: dict[str, dict[str, Any]] = {}
    for model_id in sorted(models):
        model = models[model_id]
        first = kept.setdefault(model_id.replace(".", "-"), model)
        if first is not model:
            first["aliases"] += [model_id, *model["aliases"]]
            first["claims"] += model["claims"]
    return {m["id"]: m for m in kept.values()}


def _end_of_snapshots(model: dict[str, Any], data: dict[str, Any]) -> Claims:
    """An undated id lives as long as the last of its snapshots, when nobody gives it an end."""
    if any(c["field"] == "retired_on" for c in model["claims"]):
        return []
    rows = [(a, data["litellm"][a]) for a in model["aliases"] if a in data["litellm"]]
    ends = sorted((row["deprecation_date"], a) for a, row in rows if row.get("deprecation_date"))
    if not ends or len(ends) < len(rows):
        return []
    end, key = ends[-1]
    return [claim("retired_on", end, "litellm", key, note="the end of its last dated snapshot")]


def _distinct(claims: Claims) -> Claims:
    seen: dict[str, dict[str, Any]] = {}
    for one in claims:
        seen.setdefault(json.dumps(one, sort_keys=True), one)
    return sorted(
        seen.values(),
        key=lambda c: (
            c["field"],
            SOURCES[c["source"]]["rank"],
            c["source"],
            c["key"],
            c.get("valid_from", ""),
        ),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
