"""Makes src/pilothouse/data/catalog/catalog.json.gz from copies of public catalogues.

    python tools/build_catalog.py FOLDER

FOLDER holds models.dev/, litellm/, tokencost/, genai-prices/, llm-stats/, helm/ and deprecations/ at
the versions named in SOURCES below. Only sources whose licence allows it are read. The same input gives the
same bytes. Nothing is guessed: a field that no source fills has no claim.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

TO = Path(__file__).parents[1] / "src/pilothouse/data/catalog/catalog.json.gz"
TODAY = "2026-11-24"

# Lower rank wins where sources disagree: our reading of the guide only fills what nobody else says.
SOURCES: dict[str, dict[str, Any]] = {
    "genai-prices": {"version": "0.2.3", "licence": "MIT", "observed_on": "2026-10-14", "rank": 1},
    "litellm": {"version": "1.109.1", "licence": "MIT", "observed_on": "2026-10-19", "rank": 2},
    "models.dev": {
        "version": "f3fc69229967",
        "licence": "MIT",
        "observed_on": "2026-07-02",
        "rank": 3,
    },
    "tokencost": {
        "version": "e7f7c1928084",
        "licence": "MIT",
        "observed_on": "2025-09-05",
        "rank": 4,
    },
    "deprecations-rss": {
        "version": "aba3a0156999",
        "licence": "MIT",
        "observed_on": "2025-11-23",
        "rank": 2,
    },
    "llm-stats": {
        "version": "24a9ccf74023",
        "licence": "CC BY 4.0",
        "observed_on": "2025-10-16",
        "rank": 5,
    },
    "helm": {
        "version": "63754d05db6f",
        "licence": "Apache-2.0",
        "observed_on": "2026-05-27",
        "rank": 6,
    },
    "guide": {"version": "2025-12-31", "licence": "facts", "observed_on": "2025-12-31", "rank": 9},
}

VENDORS = {  # our name: (litellm provider, litellm prefix, models.dev provider, genai-prices provider)
    "openai": ("openai", "", "openai", "openai"),
    "anthropic": ("anthropic", "", "anthropic", "anthropic"),
    "google": ("gemini", "gemini/", "google", "google"),
    "mistral": ("mistral", "mistral/", "mistral", "mistral"),
    "xai": ("xai", "xai/", "xai", "x-ai"),
    "deepseek": ("deepseek", "deepseek/", "deepseek", "deepseek"),
    "cohere": ("cohere_chat", "", "cohere", "cohere"),
}

# The models the guide names: our id -> vendor, and what each source calls it (absent = not there).
GUIDE: dict[str, dict[str, Any]] = {
    "gpt-4": {
        "vendor": "openai",
        "litellm": "gpt-4",
        "stats": "openai/gpt-4-0613",
        "aliases": ["gpt-4-0613"],
    },
    "gpt-4-32k": {"vendor": "openai", "tokencost": "gpt-4-32k", "litellm": "azure/gpt-4-32k"},
    "gpt-4-turbo": {
        "vendor": "openai",
        "litellm": "gpt-4-turbo",
        "stats": "openai/gpt-4-turbo-2024-04-09",
        "aliases": ["gpt-4-turbo-2024-04-09", "gpt-4-turbo-vision"],
    },
    "gpt-4-1106-preview": {"vendor": "openai", "tokencost": "gpt-4-1106-preview"},
    "gpt-4o": {
        "vendor": "openai",
        "litellm": "gpt-4o",
        "stats": "openai/gpt-4o-2024-08-06",
        "aliases": ["gpt-4o-2024-08-06", "gpt-4o-2024-11-20"],
    },
    "gpt-4o-mini": {
        "vendor": "openai",
        "litellm": "gpt-4o-mini",
        "stats": "openai/gpt-4o-mini-2024-07-18",
        "aliases": ["gpt-4o-mini-2024-07-18"],
    },
    "gpt-3.5-turbo": {
        "vendor": "openai",
        "litellm": "gpt-3.5-turbo",
        "stats": "openai/gpt-3.5-turbo-0125",
        "aliases": ["gpt-3.5-turbo-0125"],
    },
    "gpt-4-vision-preview": {
        "vendor": "openai",
        "tokencost": "gpt-4-vision-preview",
        "aliases": ["gpt-4v"],
    },
    "claude-3-opus": {
        "vendor": "anthropic",
        "tokencost": "claude-3-opus-20240229",
        "stats": "anthropic/claude-3-opus-20240229",
        "aliases": ["claude-3-opus-20240229"],
    },
    "claude-3.5-sonnet": {
        "vendor": "anthropic",
        "tokencost": "claude-3-5-sonnet-20241022",
        "stats": "anthropic/claude-3-5-sonnet-20241022",
        "aliases": [
            "claude-3-5-sonnet",
            "claude-3-5-sonnet-20241022",
            "claude-3-5-sonnet-20240620",
        ],
    },
    "claude-3-sonnet": {
        "vendor": "anthropic",
        "tokencost": "claude-3-sonnet-20240229",
        "stats": "anthropic/claude-3-sonnet-20240229",
        "aliases": ["claude-3-sonnet-20240229"],
    },
    "claude-3-haiku": {
        "vendor": "anthropic",
        "tokencost": "claude-3-haiku-20240307",
        "stats": "anthropic/claude-3-haiku-20240307",
        "aliases": ["claude-3-haiku-20240307"],
    },
    "gemini-1.5-pro": {
        "vendor": "google",
        "tokencost": "gemini-1.5-pro-002",
        "stats": "google/gemini-1.5-pro",
        "aliases": ["gemini-1.5-pro-002"],
    },
    "gemini-1.5-flash": {
        "vendor": "google",
        "tokencost": "gemini-1.5-flash-002",
        "stats": "google/gemini-1.5-flash",
        "aliases": ["gemini-1.5-flash-002"],
    },
    "gemini-1.0-pro": {
        "vendor": "google",
        "tokencost": "gemini-1.0-pro",
        "stats": "google/gemini-1.0-pro",
        "aliases": ["gemini-pro"],
    },
    "gemini-1.0-ultra": {
        "vendor": "google",
        "tokencost": "gemini-1.0-ultra",
        "aliases": ["gemini-ultra"],
    },
    "llama-3.1-8b": {
        "vendor": "meta",
        "litellm": "meta.llama3-1-8b-instruct-v1:0",
        "stats": "meta/llama-3.1-8b-instruct",
        "aliases": ["llama-3.1-8b-instruct"],
    },
    "llama-3.1-70b": {
        "vendor": "meta",
        "litellm": "meta.llama3-1-70b-instruct-v1:0",
        "stats": "meta/llama-3.1-70b-instruct",
        "aliases": ["llama-3.1-70b-instruct"],
    },
    "llama-3.1-405b": {
        "vendor": "meta",
        "litellm": "meta.llama3-1-405b-instruct-v1:0",
        "stats": "meta/llama-3.1-405b-instruct",
        "aliases": ["llama-3.1-405b-instruct"],
    },
    "mistral-large-2": {
        "vendor": "mistral",
        "litellm": "mistral.mistral-large-2407-v1:0",
        "stats": "mistral/mistral-large-2-2407",
        "aliases": ["mistral-large-2407"],
    },
    "mixtral-8x7b": {
        "vendor": "mistral",
        "tokencost": "mistral/open-mixtral-8x7b",
        "helm": "mistralai/mixtral-8x7b-instruct-v0.1",
        "aliases": ["open-mixtral-8x7b", "mixtral-8x7b-instruct-v0.1"],
    },
    "mixtral-8x22b": {
        "vendor": "mistral",
        "tokencost": "mistral/open-mixtral-8x22b",
        "helm": "mistralai/mixtral-8x22b-instruct-v0.1",
        "aliases": ["open-mixtral-8x22b"],
    },
    "mistral-7b": {
        "vendor": "mistral",
        "tokencost": "mistral/open-mistral-7b",
        "helm": "mistralai/mistral-7b-instruct-v0.3",
        "aliases": ["open-mistral-7b"],
    },
    "codellama-34b": {
        "vendor": "meta",
        "litellm": "anyscale/codellama/CodeLlama-34b-Instruct-hf",
        "helm": "codellama/codellama-34b-instruct",
        "aliases": ["codellama"],
    },
    "starcoder2-15b": {
        "vendor": "bigcode",
        "litellm": "fireworks_ai/accounts/fireworks/models/starcoder2-15b",
        "aliases": ["starcoder2"],
    },
    "starcoder": {
        "vendor": "bigcode",
        "litellm": "fireworks_ai/accounts/fireworks/models/starcoder-16b",
        "helm": "bigcode/starcoder",
    },
    "phi-3-medium": {
        "vendor": "microsoft",
        "litellm": "azure_ai/Phi-3-medium-128k-instruct",
        "helm": "microsoft/phi-3-medium-4k-instruct",
        "aliases": ["phi-3"],
    },
    "falcon-40b": {"vendor": "tii", "helm": "tiiuae/falcon-40b", "aliases": ["falcon"]},
    "bloom": {"vendor": "bigscience", "helm": "bigscience/bloom"},
    "galactica-120b": {"vendor": "meta", "helm": "meta/galactica-120b", "aliases": ["galactica"]},
    "code-davinci-002": {
        "vendor": "openai",
        "helm": "openai/code-davinci-002",
        "aliases": ["codex"],
    },
    "dall-e-3": {"vendor": "openai", "helm": "openai/dall-e-3", "aliases": ["dall-e"]},
    "stable-diffusion-1.4": {
        "vendor": "stability",
        "helm": "huggingface/stable-diffusion-v1-4",
        "aliases": ["stable-diffusion"],
    },
}

# What the guide itself says (line numbers of the guide): speed, and the latency class it recommends them in.
GUIDE_SAYS: dict[str, list[tuple[str, Any, str]]] = {
    "gpt-3.5-turbo": [
        ("latency_class", "interactive", "lines 215-228"),
        ("speed_stars", 5, "line 513"),
    ],
    "claude-3-haiku": [
        ("latency_class", "interactive", "lines 215-228"),
        ("speed_stars", 5, "line 511"),
    ],
    "gpt-4o-mini": [("latency_class", "interactive", "lines 215-228")],
    "gpt-4": [("latency_class", "near_real_time", "lines 215-228"), ("speed_stars", 2, "line 507")],
    "claude-3.5-sonnet": [
        ("latency_class", "near_real_time", "lines 215-228"),
        ("speed_stars", 4, "line 509"),
    ],
    "gpt-4o": [("speed_stars", 4, "line 508")],
    "claude-3-opus": [("speed_stars", 3, "line 510")],
    "gemini-1.5-pro": [("speed_stars", 3, "line 512")],
    "llama-3.1-405b": [("speed_stars", 2, "line 514")],
}
RETIRED = {  # read off deprecations-rss and litellm where their rows do not carry our id
    "claude-3-sonnet": ("2025-07-21", "deprecations-rss"),
    "gemini-1.5-pro": ("2025-09-24", "tokencost"),
    "gemini-1.5-flash": ("2025-09-24", "tokencost"),
    "gemini-1.0-pro": ("2025-04-09", "tokencost"),
    "claude-3-opus": ("2026-01-05", "deprecations-rss"),
    "claude-3.5-sonnet": ("2025-10-28", "deprecations-rss"),
    "gpt-4-32k": ("2025-06-06", "deprecations-rss"),
    "gpt-4-vision-preview": ("2024-12-06", "deprecations-rss"),
    "dall-e-3": ("2026-05-12", "deprecations-rss"),
}
BENCHMARKS = {
    "mmlu": "mmlu",
    "gpqa": "gpqa",
    "humaneval": "humaneval",
    "gsm8k": "gsm8k",
    "math": "math",
    "mmlu-pro": "mmlu-pro",
}
NAMES = {
    "MMLU": "mmlu",
    "GPQA": "gpqa",
    "GPQA Diamond": "gpqa",
    "HumanEval": "humaneval",
    "MMLU-Pro": "mmlu-pro",
}
_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|\d{2}-\d{2}|\d{3})$")

Claims = list[dict[str, Any]]


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
    for model in models.values():
        model["aliases"] = sorted({a for a in model["aliases"] if a not in models})
        model["claims"] = _distinct(model["claims"])
    sources = {name: {"name": name, **facts} for name, facts in SOURCES.items()}
    out = {"version": TODAY, "sources": sources, "models": [models[i] for i in sorted(models)]}
    text = json.dumps(out, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    TO.parent.mkdir(parents=True, exist_ok=True)
    TO.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    claims = sum(len(m["claims"]) for m in models.values())
    print(f"{len(models)} models, {claims} claims, {TO.stat().st_size} bytes")


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
    }


def _guide_claims(model_id: str, row: dict[str, Any], data: dict[str, Any]) -> Claims:
    vendor = row["vendor"]
    claims: Claims = [_claim("vendor", vendor, "guide", model_id)]
    names = [model_id, *row.get("aliases", [])]
    for source in ("litellm", "tokencost"):
        if key := row.get(source):
            claims += _cost_map(
                data[source][key], source, key, has_prices="/" not in key or vendor == "mistral"
            )
    if vendor in VENDORS:
        claims += _from_dev(vendor, names, data) + _from_genai(vendor, names, data)
    if key := row.get("stats"):
        claims += _from_stats(key, data)
    if key := row.get("helm"):
        claims += _from_helm(key, data)
    if retired := RETIRED.get(model_id):
        claims = [c for c in claims if c["field"] != "retired_on"]
        claims.append(_claim("retired_on", retired[0], retired[1], model_id))
    claims += _from_deprecations(names, data)
    claims += [
        _claim(f, v, "guide", model_id, note=f"guide, {n}")
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
        undated = _DATED.sub("", name)
        owner = undated if undated in found or f"{prefix}{undated}" in data["litellm"] else name
        model = found.setdefault(owner, {"id": owner, "aliases": [], "claims": []})
        if owner != name:
            model["aliases"].append(name)
            continue
        model["claims"] = [
            _claim("vendor", vendor, "litellm", key),
            *_cost_map(row, "litellm", key, has_prices=True),
            *_from_dev(vendor, [name], data),
            *_from_genai(vendor, [name], data),
        ]
    return [m for m in found.values() if m["claims"]]


def _cost_map(row: dict[str, Any], source: str, key: str, *, has_prices: bool) -> Claims:
    """litellm's row (tokencost keeps an older copy of the same shape)."""
    out: Claims = []
    if has_prices:
        for field, theirs in (
            ("price_input_per_mtok", "input_cost_per_token"),
            ("price_output_per_mtok", "output_cost_per_token"),
            ("price_cached_input_per_mtok", "cache_read_input_token_cost"),
        ):
            if row.get(theirs):  # a zero is a free preview or a gap, not a price to plan with
                out.append(_claim(field, _per_mtok(row[theirs]), source, key))
    for field, theirs in (
        ("context_tokens", "max_input_tokens"),
        ("max_output_tokens", "max_output_tokens"),
    ):
        if isinstance(row.get(theirs), int):
            out.append(_claim(field, row[theirs], source, key))
    for field, theirs in (
        ("has_tools", "supports_function_calling"),
        ("has_structured_output", "supports_response_schema"),
        ("has_vision", "supports_vision"),
        ("has_reasoning", "supports_reasoning"),
    ):
        if isinstance(row.get(theirs), bool):
            out.append(_claim(field, row[theirs], source, key))
    if row.get("deprecation_date"):
        out.append(_claim("retired_on", row["deprecation_date"], source, key))
    return out


def _from_dev(vendor: str, names: list[str], data: dict[str, Any]) -> Claims:
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
            out.append(_claim(field, value, "models.dev", key))
    if row.get("status") == "deprecated":
        seen = SOURCES["models.dev"]["observed_on"]
        out.append(
            _claim("retired_on", seen, "models.dev", key, note="seen as deprecated; ended by then")
        )
    cost = row.get("cost", {})
    for field, theirs in (
        ("price_input_per_mtok", "input"),
        ("price_output_per_mtok", "output"),
        ("price_cached_input_per_mtok", "cache_read"),
    ):
        if cost.get(theirs):
            out.append(_claim(field, _text(cost[theirs]), "models.dev", key))
    for score in row.get("benchmarks", []):
        if score["name"] in NAMES and isinstance(score.get("score"), int | float):
            note = "; ".join(
                str(score[k]) for k in ("metric", "variant", "source", "date") if score.get(k)
            )
            value = round(score["score"] / 100, 4)
            out.append(
                _claim(f"benchmark:{NAMES[score['name']]}", value, "models.dev", key, note=note)
            )
    return out


def _from_genai(vendor: str, names: list[str], data: dict[str, Any]) -> Claims:
    for row in data["genai-prices"].get(VENDORS[vendor][3], []):
        if not any(row["id"] == n or _matches(row["match"], n) for n in names[:2]):
            continue
        out: Claims = []
        prices, start = row["prices"], None
        if isinstance(prices, list):  # dated: the last one is in force
            last = prices[-1]
            prices, start = last["prices"], last.get("constraint", {}).get("start_date")
        key = f"{VENDORS[vendor][3]}/{row['id']}"
        for field, theirs in (
            ("price_input_per_mtok", "input_mtok"),
            ("price_output_per_mtok", "output_mtok"),
            ("price_cached_input_per_mtok", "cache_read_mtok"),
        ):
            value = prices.get(theirs)
            if isinstance(value, dict):
                out.append(
                    _claim(
                        field,
                        _text(value["base"]),
                        "genai-prices",
                        key,
                        since=start,
                        note="base tier",
                    )
                )
            elif value:
                out.append(_claim(field, _text(value), "genai-prices", key, since=start))
        return out
    return []


def _matches(rule: dict[str, Any], name: str) -> bool:
    if "or_" in rule:
        return any(_matches(r, name) for r in rule["or_"])
    if "and" in rule:
        return all(_matches(r, name) for r in rule["and"])
    return rule.get("equals") == name


def _from_stats(key: str, data: dict[str, Any]) -> Claims:
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
            out.append(_claim(field, row[theirs], "llm-stats", key))
    if row.get("param_count"):
        out.append(_claim("parameters_b", round(row["param_count"] / 1e9, 2), "llm-stats", key))
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
                _claim(f"benchmark:{name}", round(score["score"], 4), "llm-stats", key, note=note)
            )
    return out


def _from_helm(key: str, data: dict[str, Any]) -> Claims:
    row = data["helm"].get(key)
    if row is None:
        return []
    out: Claims = [_claim("name", row["display_name"], "helm", key)]
    if row.get("release_date"):
        out.append(_claim("released_on", str(row["release_date"]), "helm", key))
    if row.get("access"):
        out.append(_claim("is_open_weights", row["access"] == "open", "helm", key))
    if row.get("num_parameters"):
        out.append(_claim("parameters_b", round(row["num_parameters"] / 1e9, 2), "helm", key))
    return out


def _from_deprecations(names: list[str], data: dict[str, Any]) -> Claims:
    out: Claims = []
    for row in data["deprecations"]:
        if row.get("model_id") in names and row.get("shutdown_date"):
            out.append(
                _claim(
                    "retired_on",
                    row["shutdown_date"][:10],
                    "deprecations-rss",
                    row["model_id"],
                    note=row.get("url"),
                )
            )
            if row.get("replacement_model"):
                out.append(
                    _claim(
                        "successor", row["replacement_model"], "deprecations-rss", row["model_id"]
                    )
                )
    return out


def _claim(
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


def _distinct(claims: Claims) -> Claims:
    seen: dict[str, dict[str, Any]] = {}
    for claim in claims:
        seen.setdefault(json.dumps(claim, sort_keys=True), claim)
    return sorted(
        seen.values(),
        key=lambda c: (c["field"], SOURCES[c["source"]]["rank"], c["source"], c["key"]),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
