"""Makes src/pilothouse/data/gsm8k/recorded.jsonl.gz from RouteLLM's published files.

    python tools/build_gsm8k.py FOLDER

FOLDER holds gsm8k_responses.csv, test.jsonl and contaminated_prompts.jsonl of
lm-sys/RouteLLM (routellm/evals/gsm8k, commit 0b64fdafe049e596a3f5657c219329f24af24198). Answers are
kept byte for byte; the same input gives the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from pathlib import Path

MODELS = ("gpt-4-1106-preview", "mistralai/Mixtral-8x7B-Instruct-v0.1")
TO = Path(__file__).parents[1] / "src/pilothouse/data/gsm8k/recorded.jsonl.gz"


def main(folder: Path) -> None:
    """Write one JSON object a question, gzipped without a timestamp."""
    lines = (folder / "test.jsonl").read_text(encoding="utf-8").splitlines()
    solutions = {row["question"]: row["answer"] for row in map(json.loads, lines)}
    listed = (folder / "contaminated_prompts.jsonl").read_text(encoding="utf-8").splitlines()
    contaminated = {json.loads(line)["eval_prompt"] for line in listed}
    with (folder / "gsm8k_responses.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            {
                "id": f"gsm8k-{number:04d}",
                "prompt": row["prompt"],
                "expected": solutions[row["prompt"]].rpartition("####")[2].strip(),
                "contaminated": row["prompt"] in contaminated,
                "answers": {m: row[f"{m}_response"] for m in MODELS},
                "labels": {m: row[m] == "True" for m in MODELS},
            }
            for number, row in enumerate(csv.DictReader(file))
        ]
    text = "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)
    TO.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    print(f"{len(rows)} questions, {TO.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
