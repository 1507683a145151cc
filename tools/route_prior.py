"""Make the shipped routing prior: how hard a prompt looks, from public tables whose licence allows it.

    python tools/route_prior.py FOLDER

FOLDER holds ZeroEval, MMLU-Pro and LLMRouter-ulab as published. Left out, because routing is tested on them: MMLU, GSM8K and
their relatives (MGSM, the questions that MMLU-Pro took from MMLU, the tasks mmlu and gsm8k of LLMRouter-ulab). Within each
set difficulty is 1 - the mean score over models that are right on 25 to 97 % of it, centred and scaled; all sets weigh alike.
Weights are found by non-negative least squares with a ridge: of prompts that say more, none may look easier for it.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from pilothouse.learned.surface import PRIOR, SURFACE, surface
from pilothouse.learned.words import read_part, words_of

OUT = Path(__file__).parents[1] / "src/pilothouse/data/route/prior.json"
RIDGE = 2.0
RELATIVES = frozenset({"mmlu", "gsm8k", "agentverse-mgsm"})
Floats = NDArray[np.float64]


def sets(folder: Path) -> Iterator[tuple[list[str], Floats]]:
    """Prompts, and scores by prompt and model; not answered is nan."""
    for name in ("math-l5", "crux"):
        with gzip.open(folder / f"ZeroEval/{name}.csv.gz", "rt", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        models = [c for c in rows[0] if c not in ("id", "question") and "|" not in c]
        yield [row["question"] for row in rows], scores(rows, models)
    yield mmlu_pro(folder / "MMLU-Pro")
    tasks: dict[str, list[dict[str, object]]] = {}
    for prompt, task, by_model in ulab(folder / "LLMRouter-ulab"):
        tasks.setdefault(task, []).append({"prompt": prompt, **by_model})
    for task in sorted(tasks.keys() - RELATIVES):
        rows_of = tasks[task]
        models = sorted(rows_of[0].keys() - {"prompt"})
        yield (
            [str(r["prompt"]) for r in rows_of],
            np.array([[r[m] for m in models] for r in rows_of], float),
        )


def scores(rows: list[dict[str, str]], models: list[str]) -> Floats:
    found = np.array([[float(row[m]) for m in models] for row in rows])
    return np.where(found < 0, np.nan, found)


def mmlu_pro(folder: Path) -> tuple[list[str], Floats]:
    with gzip.open(folder / "mmlu_pro_prompts.jsonl.gz", "rt", encoding="utf-8") as file:
        asked = {str(p["question_id"]): p for p in map(json.loads, file)}
    with gzip.open(folder / "mmlu_pro_matrix.csv.gz", "rt", encoding="utf-8") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["question_id"] in asked
            and not asked[row["question_id"]]["src"].startswith("ori_mmlu")
        ]
    models = [c for c in rows[0] if c not in ("question_id", "category") and "|" not in c]
    prompts: list[str] = []
    for row in rows:
        p = asked[row["question_id"]]
        options = [f"{chr(65 + i)}. {o}" for i, o in enumerate(p["options"])]
        prompts.append("\n".join([p["question"], *options]))
    return prompts, scores(rows, models)


def ulab(folder: Path) -> Iterator[tuple[str, str, dict[str, float]]]:
    task: dict[str, str] = {}
    for part in ("train", "test"):
        with (folder / f"default_query_{part}.jsonl").open(encoding="utf-8") as file:
            task.update({q["query"]: q["task_name"] for q in map(json.loads, file)})
    for part in ("train", "test"):
        for row in json.loads((folder / f"{part}.json").read_bytes()):
            yield row["question"], task[row["question"]], row["scores"]


def main() -> None:
    """Write the weights."""
    at = [SURFACE.index(name) for name in PRIOR]
    looks: list[Floats] = []
    hard: list[Floats] = []
    for prompts, scored in sets(Path(sys.argv[1])):
        means = np.nanmean(scored, 0)
        telling = (means > 0.25) & (means < 0.97)
        if telling.sum() < 2:
            continue
        difficulty = -np.nanmean((scored - means)[:, telling], 1)
        raw = np.array([surface(read_part(p), words_of(read_part(p))) for p in prompts])[:, at]
        size = np.sqrt(len(raw))
        looks.append((raw - raw.mean(0)) / size)
        hard.append(difficulty / (difficulty.std() + 1e-9) / size)
    scale = np.sqrt(sum((x**2).sum(0) for x in looks) / len(looks)) + 1e-9
    ridge = np.eye(len(at)) * np.sqrt(RIDGE * len(looks))
    rows = np.vstack([*[x / scale for x in looks], ridge])
    weights = nnls(rows, np.concatenate([*hard, np.zeros(len(at))]))[0] / scale
    document = json.loads(OUT.read_bytes())
    document["weights"] = {n: round(float(w), 4) for n, w in zip(PRIOR, weights, strict=True)}
    OUT.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(document["weights"])


if __name__ == "__main__":
    main()
