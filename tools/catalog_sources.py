"""One reader a source: from its rows to claims."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from catalog_seed import BENCHMARKS, EPOCH_NAMES, NAMES, PEAK, SOURCES, VENDORS

Claims = list[dict[str, Any]]


def cost_map(row: dict[str, Any], source: str, key: str, *, has_prices: bool) -> Claims:
    """litellm's row (tokencost keeps an older copy of the same shape)."""
    out: Claims = []
    if has_prices:
        for field, theirs in (
            ("price_input_per_mtok", "input_cost_per_token"),
            ("price_output_per_mtok", "output_cost_per_token"),
            ("price_cached_input_per_mtok", "cache_read_input_token_cost"),
        ):
            if row.get(theirs):  # a zero is a free preview or a gap, not a price to plan with
                out.append(claim(field, _per_mtok(row[theirs]), source, key))
        if tiers := _cost_map_tiers(row):
            out.append(claim("price_tiers", tiers, source, key))
    for field, theirs in (
        ("context_tokens", "max_input_tokens"),
        ("max_output_tokens", "max_output_tokens"),
    ):
        if isinstance(row.get(theirs), int):
            out.append(claim(field, row[theirs], source, key))
    for field, theirs in (
        ("has_tools", "supports_function_calling"),
        ("has_structured_output", "supports_response_schema"),
        ("has_vision", "supports_vision"),
        ("has_reasoning", "supports_reasoning"),
    ):
        if isinstance(row.get(theirs), bool):
            out.append(claim(field, row[theirs], source, key))
    if row.get("deprecation_date"):
        out.append(claim("retired_on", row["deprecation_date"], source, key))
    return out


def _cost_map_tiers(row: dict[str, Any]) -> list[str]:
    out: list[str] = []
    for thousands in (100, 128, 200, 272):
        suffix = f"_above_{thousands}k_tokens"
        theirs = ("input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost")
        found = [row.get(name + suffix) for name in theirs]
        if any(found):
            prices = [None if value is None else _per_mtok(value) for value in found]
            out.append(_tier(thousands * 1000, *prices))
    return out


def from_dev(vendor: str, names: list[str], data: dict[str, Any]) -> Claims:
    provider = VENDORS[vendor][2]
    row = next((r for n in names if (r := data["models.dev"].get((provider, n)))), None)
    if row is None:
        return []
    key = f"{provider}/{row['id']}"
    out: Claims = []
    for field, value in (
        ("name", row.get("name")),
        ("family", row.get("family")),
        ("released_on", row.get("release_date")),
        ("knowledge_until", row.get("knowledge")),
        ("context_tokens", row.get("limit", {}).get("context")),
        ("max_output_tokens", row.get("limit", {}).get("output")),
        ("has_tools", row.get("tool_call")),
        ("has_structured_output", row.get("structured_output")),
        ("has_reasoning", row.get("reasoning")),
        ("is_open_weights", row.get("open_weights")),
        ("input_kinds", row.get("modalities", {}).get("input")),
    ):
        if value is not None:
            out.append(claim(field, value, "models.dev", key))
    if row.get("status") == "deprecated":
        seen = SOURCES["models.dev"]["observed_on"]
        out.append(
            claim("retired_on", seen, "models.dev", key, note="seen as deprecated; ended by then")
        )
    cost, ours = row.get("cost", {}), ("input", "output", "cache_read")
    for field, theirs in (
        ("price_input_per_mtok", "input"),
        ("price_output_per_mtok", "output"),
        ("price_cached_input_per_mtok", "cache_read"),
    ):
        if cost.get(theirs):
            out.append(claim(field, _text(cost[theirs]), "models.dev", key))
    tiers = [
        _tier(t["tier"]["size"], *(_text(t[n]) if t.get(n) else None for n in ours))
        for t in cost.get("tiers", [])
        if t.get("tier", {}).get("type") == "context"
    ]
    if tiers:
        out.append(claim("price_tiers", tiers, "models.dev", key))
    for score in row.get("benchmarks", []):
        if score["name"] in NAMES and isinstance(score.get("score"), int | float):
            note = "; ".join(
                str(score[k]) for k in ("metric", "variant", "source", "date") if score.get(k)
            )
            value = round(score["score"] / 100, 4)
            out.append(
                claim(f"benchmark:{NAMES[score['name']]}", value, "models.dev", key, note=note)
            )
    return out


def from_genai(vendor: str, names: list[str], data: dict[str, Any]) -> Claims:
    for row in data["genai-prices"].get(VENDORS[vendor][3], []):
        if not any(row["id"] == n or _matches(row["match"], n) for n in names[:2]):
            continue
        key = f"{VENDORS[vendor][3]}/{row['id']}"
        return [c for prices in _dated_prices(row["prices"]) for c in _genai_prices(key, *prices)]
    return []


def _dated_prices(prices: Any) -> list[tuple[dict[str, Any], str | None, str | None]]:
    """(prices, valid from, note). Of prices by time of day the dearest stands for all."""
    if not isinstance(prices, list):
        return [(prices, None, None)]
    by_day: dict[str | None, tuple[dict[str, Any], str | None, str | None]] = {}
    for entry in prices:
        limits = entry.get("constraint") or {}
        start = limits.get("start_date")
        note = "at its dearest time of day" if "start_time" in limits else None
        before = by_day.get(start)
        if before is None or _rate(entry["prices"]) > _rate(before[0]):
            by_day[start] = (entry["prices"], start, note or (before and PEAK) or None)
        else:
            by_day[start] = (before[0], start, PEAK)
    return list(by_day.values())


def _rate(prices: dict[str, Any]) -> float:
    value = prices.get("input_mtok", 0)
    return float(value["base"] if isinstance(value, dict) else value)


def _genai_prices(key: str, prices: dict[str, Any], since: str | None, note: str | None) -> Claims:
    out: Claims = []
    tiers: dict[int, dict[str, str]] = {}
    for field, theirs in (
        ("price_input_per_mtok", "input_mtok"),
        ("price_output_per_mtok", "output_mtok"),
        ("price_cached_input_per_mtok", "cache_read_mtok"),
    ):
        value = prices.get(theirs)
        if isinstance(value, dict):
            for tier in value["tiers"]:
                tiers.setdefault(tier["start"], {})[theirs] = _text(tier["price"])
            value = value["base"]
        if value:
            out.append(claim(field, _text(value), "genai-prices", key, since=since, note=note))
    if tiers:
        value = [
            _tier(
                start,
                at.get("input_mtok"),
                at.get("output_mtok"),
                at.get("cache_read_mtok"),
            )
            for start, at in sorted(tiers.items())
        ]
        out.append(claim("price_tiers", value, "genai-prices", key, since=since))
    return out


def _tier(start: int, per_input: str | None, per_output: str | None, cached: str | None) -> str:
    """`START INPUT OUTPUT CACHED`: from more than START input tokens on; - = as below it."""
    return f"{start} {per_input or '-'} {per_output or '-'} {cached or '-'}"


def _matches(rule: dict[str, Any], name: str) -> bool:
    if "or_" in rule:
        return any(_matches(r, name) for r in rule["or_"])
    if "and" in rule:
        return all(_matches(r, name) for r in rule["and"])
    return rule.get("equals") == name


def from_stats(key: str, data: dict[str, Any]) -> Claims:
    organisation, name = key.split("/")
    folder = data["stats"] / organisation / "models" / name
    if not folder.exists():
        return []
    out: Claims = []
    row = json.loads((folder / "model.json").read_text())
    for field, theirs in (
        ("licence", "license_id"),
        ("name", "name"),
        ("released_on", "release_date"),
    ):
        if row.get(theirs):
            out.append(claim(field, row[theirs], "llm-stats", key))
    if row.get("param_count"):
        out.append(claim("parameters_b", round(row["param_count"] / 1e9, 2), "llm-stats", key))
    scores = folder / "benchmarks.json"
    for score in json.loads(scores.read_text()) if scores.exists() else []:
        name = BENCHMARKS.get(score["benchmark_id"])
        if name and isinstance(score.get("score"), int | float):
            who = "self-reported" if score.get("is_self_reported") else "measured by llm-stats"
            note = "; ".join(
                filter(
                    None,
                    [score.get("analysis_method"), who, score.get("self_reported_source_link")],
                )
            )
            out.append(
                claim(f"benchmark:{name}", round(score["score"], 4), "llm-stats", key, note=note)
            )
    return out


def from_epoch(names: list[str], data: dict[str, Any]) -> Claims:
    """The best finished run; the effort that gave it and its standard error are in the note."""
    runs = [r for n in names for r in data["epoch"].get(n.lower(), [])]
    if not runs:
        return []
    run = max(runs, key=lambda r: (float(r["Best score (across scorers)"]), r["model"]))
    score = Decimal(run["Best score (across scorers)"])
    error = max((s.partition("\u00b1")[2] for s in run["Scores"].split(",")), default="")
    effort = f"; effort {run['effort']}" if run["effort"] else ""
    note = f"measured by Epoch AI, standard error {error}{effort}; best of {len(runs)} runs"
    return [claim("benchmark:gpqa-diamond", float(score), "epoch", run["model"], note=note)]


def from_helm(key: str, data: dict[str, Any]) -> Claims:
    row = data["helm"].get(key)
    if row is None:
        return []
    out: Claims = [claim("name", row["display_name"], "helm", key)]
    if row.get("release_date"):
        out.append(claim("released_on", str(row["release_date"]), "helm", key))
    if row.get("access"):
        out.append(claim("is_open_weights", row["access"] == "open", "helm", key))
    if row.get("num_parameters"):
        out.append(claim("parameters_b", round(row["num_parameters"] / 1e9, 2), "helm", key))
    return out


def from_deprecations(names: list[str], data: dict[str, Any]) -> Claims:
    out: Claims = []
    for row in data["deprecations"]:
        if row.get("model_id") in names and row.get("shutdown_date"):
            out.append(
                claim(
                    "retired_on",
                    row["shutdown_date"][:10],
                    "deprecations-rss",
                    row["model_id"],
                    note=row.get("url"),
                )
            )
            if row.get("replacement_model"):
                out.append(
                    claim(
                        "successor",
                        _tidy(row["replacement_model"]),
                        "deprecations-rss",
                        row["model_id"],
                    )
                )
    return out


def _tidy(names: str) -> str:
    """The feed glues alternatives together: `gpt-5orgpt-4.1*`."""
    return re.sub(r"(?<=\w)or(?=gpt|claude|gemini)", " or ", names).rstrip("*")


def claim(
    field: str,
    value: Any,
    source: str,
    key: str,
    *,
    since: str | None = None,
    note: str | None = None,
) -> dict[str, Any]:
    claim = {"field": field, "value": value, "source": source, "key": key}
    if since:
        claim["valid_from"] = date.fromisoformat(since).isoformat()
    if note:
        claim["note"] = note
    return claim


def _per_mtok(per_token: float) -> str:
    return _text((Decimal(str(per_token)) * 1_000_000).normalize())


def _text(value: Any) -> str:
    return f"{Decimal(str(value)).normalize():f}"


def epoch(path: Path) -> dict[str, list[dict[str, str]]]:
    """Finished runs of GPQA diamond by the model's name, cut of its effort or budget suffix."""
    runs: dict[str, list[dict[str, str]]] = {}
    with path.open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            if row["task"] == "GPQA diamond" and row["Best score (across scorers)"]:
                name, _, effort = row["model"].partition("_")
                name = EPOCH_NAMES.get(name, name)
                runs.setdefault(name.lower(), []).append({**row, "effort": effort})
    return runs
