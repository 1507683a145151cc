"""Makes bench/recorded/output_lengths.json.gz: how long recorded answers of several models to several tasks are.

    python tools/build_output_lengths.py FOLDER

FOLDER holds gsm.csv.gz, math-l5.csv.gz and crux.csv.gz (WildEval/ZeroEval, result_dirs, commit
8c1485edf12c6efb5f69135a562927c5ad484059), and mmlu_pro_matrix.csv.gz and mmlu_pro_prompts.jsonl.gz
(TIGER-AI-Lab/MMLU-Pro, eval_results, commit f418b116db00b065c2aea046518d8fcf74d39872): a row a question, with the
characters of each model's answer in `MODEL|out_chars`. Up to 500 questions of each task, drawn by a fixed seed; models
that the catalogue knows by name and that answered all of them. The same input gives the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import sys
from pathlib import Path
from typing import Any

MOST = 500
MODELS = {
    "Llama-3.1-405B-Instruct-Turbo": "llama-3.1-405b",
    "Meta-Llama-3.1-70B-Instruct": "llama-3.1-70b",
    "Meta-Llama-3_1-70B-Instruct": "llama-3.1-70b",
    "Meta-Llama-3.1-8B-Instruct": "llama-3.1-8b",
    "Meta-Llama-3_1-8B-Instruct": "llama-3.1-8b",
    "Mistral-Large-2": "mistral-large-2",
    "Mixtral-8x7B-Instruct-v0.1": "mixtral-8x7b",
    "c4ai-command-r-v01": "command-r",
    "claude-3-5-haiku-20241022": "claude-3.5-haiku",
    "claude-3-5-sonnet-20241022": "claude-3.5-sonnet",
    "claude-3-haiku-20240307": "claude-3-haiku",
    "claude-3-opus-20240229": "claude-3-opus",
    "command-r": "command-r",
    "deepseek-chat": "deepseek-chat",
    "gemini-1.5-flash": "gemini-1.5-flash",
    "gemini-1.5-flash-002": "gemini-1.5-flash",
    "gemini-1.5-pro": "gemini-1.5-pro",
    "gemini-1.5-pro-002": "gemini-1.5-pro",
    "gpt-3.5-turbo-0125": "gpt-3.5-turbo",
    "gpt-4-turbo-2024-04-09": "gpt-4-turbo",
    "gpt-4o-2024-08-06": "gpt-4o",
    "gpt-4o-mini-2024-07-18": "gpt-4o-mini",
    "grok-2-1212": "grok-2",
    "jamba-1.5-large": "jamba-1.5-large",
}
TO = Path(__file__).parents[1] / "bench/recorded/output_lengths.json.gz"


def main(folder: Path) -> None:
    """Write characters of prompts and of answers, by task and model."""
    with gzip.open(folder / "mmlu_pro_prompts.jsonl.gz", "rt", encoding="utf-8") as file:
        asked = [json.loads(line) for line in file]
    prompts = {str(a["question_id"]): len(" ".join([a["question"], *a["options"]])) for a in asked}
    tasks = {
        task: lengths(folder / f"{name}.csv.gz", prompts)
        for task, name in {
            "gsm8k": "gsm",
            "math-l5": "math-l5",
            "crux": "crux",
            "mmlu-pro": "mmlu_pro_matrix",
        }.items()
    }
    text = json.dumps(tasks, sort_keys=True, separators=(",", ":"))
    TO.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    print(
        {task: len(found["answers"]) for task, found in tasks.items()}, TO.stat().st_size, "bytes"
    )


def lengths(path: Path, prompts: dict[str, int]) -> dict[str, Any]:
    """Of one task, all in the same order."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows = random.Random(6).sample(rows, min(MOST, len(rows)))
    models = {theirs: ours for theirs, ours in MODELS.items() if f"{theirs}|out_chars" in rows[0]}
    answers = {
        ours: [int(row[f"{theirs}|out_chars"] or 0) for row in rows]
        for theirs, ours in models.items()
    }
    return {
        "prompts": [
            int(row["prompt_chars"]) if "prompt_chars" in row else prompts[row["question_id"]]
            for row in rows
        ],
        "answers": {model: found for model, found in answers.items() if min(found) > 0},
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
