"""Four models' recorded answers to 6,042 questions of MMLU-Pro, with list prices of October 2024."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

RECORDED = Path(__file__).parent / "recorded/mmlu_pro_four.csv.gz"
PRICES = {  # USD per million tokens: input, output
    "gemini-1.5-pro": (1.25, 5.0),
    "gemini-1.5-flash": (0.075, 0.30),
    "llama-3.1-70b": (0.88, 0.88),
    "llama-3.1-8b": (0.18, 0.18),
}
PRO, FLASH, LLAMA_70B, LLAMA_8B = PRICES
CHARS_PER_TOKEN = 4


def as_table_file(to: Path) -> Path:
    """A CSV for `read_table`. Input is the question with its options; what wrapped it is not recorded."""
    with gzip.open(RECORDED, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = [f"{m}{part}" for m in PRICES for part in ("", "|cost_usd", "|answer")]
    with to.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "tag", "prompt", *columns])
        for row in rows:
            cells = [row["id"], row["tag"], ""]
            for model, (per_in, per_out) in PRICES.items():
                chars = (
                    int(row["input_chars"]) * per_in + int(row[f"{model}|output_chars"]) * per_out
                )
                usd = chars / CHARS_PER_TOKEN / 1e6
                cells += [row[f"{model}|score"], f"{usd:.9f}", row[f"{model}|answer"]]
            writer.writerow(cells)
    return to
