"""The public tables that routing is measured on, as `Table`s. Costs where there are none: list prices x tokens (characters / 4)."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _recorded_prompts import DEFECTIVE, mmlu_rows, own_pair
from pilothouse.route.table import Table

_WEAK, _STRONG = "mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"
_PRO = {
    "gemini-1.5-pro-002": (1.25, 5.0),
    "gemini-1.5-flash-002": (0.075, 0.3),
    "Meta-Llama-3_1-70B-Instruct": (0.88, 0.88),
    "Meta-Llama-3_1-8B-Instruct": (0.18, 0.18),
    "Mixtral-8x7B-Instruct-v0.1": (0.6, 0.6),
    "Qwen1.5-72B-Chat": (0.9, 0.9),
    "Phi-3-mini-4k-instruct": (0.1, 0.1),
    "Mistral-7B-Instruct-v0.2": (0.2, 0.2),
    "Yi-34B": (0.8, 0.8),
    "c4ai-command-r-v01": (0.5, 1.5),
    "jamba-1.5-large": (2.0, 8.0),
}
"""USD for a million tokens in and out, when these answers were made."""
_ANSWER_TOKENS = 200
_FLAT = (0.0002, 0.008)
"""USD an answer of Mixtral-8x7B and of gpt-4-1106, where no lengths were recorded."""


def gsm8k() -> Table:
    """GSM8K's test set, Mixtral and GPT-4; shipped."""
    pair = own_pair()
    scores = list(zip(pair.weak, pair.strong, strict=True))
    return table("GSM8K", ("mixtral", "gpt-4"), pair.prompts, scores)


def mmlu(folder: Path, *, without_defects: bool = False) -> Table:
    """RouteLLM's MMLU, the subject as tag."""
    rows = [r for r in mmlu_rows(folder) if not (without_defects and r[0] in DEFECTIVE)]
    return table(
        "MMLU without 2 defective subjects" if without_defects else "MMLU",
        ("mixtral", "gpt-4"),
        [row["prompt"] for _, row in rows],
        [tuple(float(row[m] == "True") for m in (_WEAK, _STRONG)) for _, row in rows],
        [subject for subject, _ in rows],
    )


def fourteen_tasks(folder: Path) -> Table:
    """LLMRouter-ulab: nine models, the task as tag."""
    rows = [
        row
        for part in ("train", "test")
        for row in json.loads((folder / f"LLMRouter-ulab/{part}.json").read_bytes())
    ]
    task: dict[str, str] = {}
    for part in ("train", "test"):
        with (folder / f"LLMRouter-ulab/default_query_{part}.jsonl").open(encoding="utf-8") as file:
            task.update({q["query"]: q["task_name"] for q in map(json.loads, file)})
    prices = json.loads((folder / "LLMRouter-ulab/default_llm.json").read_bytes())
    models = sorted(rows[0]["scores"])
    prompts = [row["question"] for row in rows]
    costs = [
        tuple(
            (len(p) / 4 * prices[m]["input_price"] + _ANSWER_TOKENS * prices[m]["output_price"])
            / 1e6
            for m in models
        )
        for p in prompts
    ]
    scores = [tuple(min(1.0, max(0.0, row["scores"][m])) for m in models) for row in rows]
    return table("LLMRouter, 9 models", models, prompts, scores, [task[p] for p in prompts], costs)


def mmlu_pro(folder: Path) -> Table:
    """MMLU-Pro: eleven models, lengths of their real answers, the category as tag."""
    at = folder / "MMLU-Pro"
    with gzip.open(at / "mmlu_pro_prompts.jsonl.gz", "rt", encoding="utf-8") as file:
        asked = {str(p["question_id"]): p for p in map(json.loads, file)}
    with gzip.open(at / "mmlu_pro_matrix.csv.gz", "rt", encoding="utf-8") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["question_id"] in asked and all(row[m] != "-1" for m in _PRO)
        ]
    prompts = [_with_options(asked[row["question_id"]]) for row in rows]
    costs = [
        tuple(
            (len(p) / 4 * into + float(row[f"{m}|out_chars"]) / 4 * out) / 1e6
            for m, (into, out) in _PRO.items()
        )
        for p, row in zip(prompts, rows, strict=True)
    ]
    scores = [tuple(float(row[m]) for m in _PRO) for row in rows]
    tags = [row["category"] for row in rows]
    return table("MMLU-Pro, 11 models", list(_PRO), prompts, scores, tags, costs)


def _with_options(asked: Mapping[str, Any]) -> str:
    options: list[str] = asked["options"]
    return "\n".join(
        [str(asked["question"]), *(f"{chr(65 + i)}. {o}" for i, o in enumerate(options))]
    )


def table(
    name: str,
    models: Sequence[str],
    prompts: Sequence[str],
    scores: Sequence[tuple[float, ...]],
    tags: Sequence[str] | None = None,
    costs: Sequence[tuple[float, ...]] | None = None,
) -> Table:
    """Equal prompts are one group."""
    none = (None,) * len(models)
    flat = (_FLAT,) * len(prompts) if len(models) == len(_FLAT) else (none,) * len(prompts)
    return Table(
        name=name,
        models=tuple(models),
        ids=tuple(map(str, range(len(prompts)))),
        prompts=tuple(prompts),
        tags=tuple(tags) if tags is not None else (None,) * len(prompts),
        groups=tuple(prompts),
        score=tuple(scores),
        cost_usd=tuple(costs) if costs is not None else flat,
        latency_ms=(none,) * len(prompts),
    )
