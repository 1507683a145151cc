"""Grade MMLU-Pro's published outputs with our reader, and build tests/suites/recorded/mmlu_pro.json.gz of them.

    python tools/grade_mmlu_pro.py FOLDER [--write]

FOLDER holds eval_results/*.zip of TIGER-AI-Lab/MMLU-Pro (Apache-2.0). Prints, for each model: answers, how many the
source's record (`pred`) has right, how many we have right from the text, and verdicts that differ, by why. Entries that
are no records (43 of DeepSeek-Coder-V2) are left out.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from pilothouse.scorers._benchmark_reading import letter

OUT = Path(__file__).parent.parent / "tests" / "suites" / "recorded" / "mmlu_pro.json.gz"
TEXTS = 4
"""Whole answers kept of each model, none longer than `MOST_CHARS`."""
MOST_CHARS = 1_500


def records(folder: Path) -> dict[str, dict[int, dict[str, Any]]]:
    """Model to question id to its record."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for file in sorted(folder.glob("*.zip")):
        model = file.stem.removeprefix("model_outputs_").removesuffix("_5shots")
        with zipfile.ZipFile(file) as opened:
            (name,) = [n for n in opened.namelist() if n.endswith(".json") and "MACOSX" not in n]
            rows = json.loads(opened.read(name))
        found[model] = {r["question_id"]: r for r in rows if isinstance(r, dict)}
    return found


def text_of(record: dict[str, Any]) -> str:
    """The answer as it was given."""
    return record.get("generated_text", record.get("model_outputs")) or ""


def compared(rows: dict[int, dict[str, Any]]) -> dict[str, int]:
    """Counts of one model's answers."""
    counts = Counter[str](answers=len(rows))
    for row in rows.values():
        got, pred, right = letter(text_of(row)), row["pred"], row["answer"]
        counts["source has right"] += pred == right
        counts["we have right"] += got == right
        if (got == right) != (pred == right):
            counts["differ: source read nothing" if pred is None else "differ: other letter"] += 1
    return counts


def recorded(found: dict[str, dict[int, dict[str, Any]]]) -> dict[str, Any]:
    """What the tests need: letters of all, the key, where a run had another key, and some whole answers."""
    ids = sorted({i for rows in found.values() for i in rows})
    of = {i: [rows[i] for rows in found.values() if i in rows] for i in ids}
    key = {i: Counter(r["answer"] for r in of[i]).most_common(1)[0][0] for i in ids}
    rng = random.Random(0)
    texts: list[list[Any]] = []
    for model, rows in found.items():
        short = [i for i in sorted(rows) if 0 < len(text_of(rows[i])) <= MOST_CHARS]
        for i in rng.sample(short, TEXTS):
            row = rows[i]
            texts.append([model, i, row["answer"], row["pred"], text_of(row)])
    return {
        "ranges": _ranges([(i, of[i][0]["category"]) for i in ids]),
        "key": "".join(key.values()),
        "letters": {
            model: "".join((rows[i]["pred"] or "-") if i in rows else " " for i in ids)
            for model, rows in found.items()
        },
        "other_key": [
            [model, i, rows[i]["answer"]]
            for model, rows in found.items()
            for i in ids
            if i in rows and rows[i]["answer"] != key[i]
        ],
        "texts": texts,
    }


def _ranges(pairs: list[tuple[int, str]]) -> list[list[Any]]:
    """[category, first id, last id] of neighbours that follow without a gap."""
    found: list[list[Any]] = []
    for number, category in pairs:
        if found and found[-1][0] == category and found[-1][2] == number - 1:
            found[-1][2] = number
        else:
            found.append([category, number, number])
    return found


def main() -> None:
    """Print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    found = records(given.folder)
    total = Counter[str]()
    for model, rows in found.items():
        counts = compared(rows)
        total.update(counts)
        print(model, dict(counts))
    print("all", dict(total))
    if given.write:
        made = json.dumps(recorded(found), ensure_ascii=False, separators=(",", ":"))
        OUT.write_bytes(gzip.compress(made.encode(), 9, mtime=0))
        print(OUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
