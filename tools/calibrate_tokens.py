"""Fits the token estimates of vendors that publish no vocabulary, and keeps the rows that were held out.

    python tools/calibrate_tokens.py FILE

FILE is JSON lines of recorded answers: family, text, tokens (as the vendor's usage or the vendor's own published
vocabulary counted them), source, how (`usage` or `vocabulary`). Half of them (by a hash of their source) fit
src/pilothouse/data/tokens/families.json; the numbers of the other half, never the texts, go to
tests/catalog/recorded_usage.csv.gz. The same input gives the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
import zlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pilothouse.catalog.text_shape import Shape, shape
from pilothouse.catalog.token_families import Band, Family, spread

ROOT = Path(__file__).parents[1]
KEPT_A_FAMILY = 400
ENOUGH = 200  # fewer rows than this widen the interval

Row = tuple[Shape, int, str, str]  # shape, tokens, source, how


def main(path: Path) -> None:
    """Write the families and the held-out numbers; print the coverage."""
    fitted: dict[str, list[Row]] = defaultdict(list)
    held: dict[str, list[Row]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        key = f"{row['source']} {len(row['text'])}" if "BFCL" in row["source"] else row["source"]
        if row["how"] == "vocabulary":
            key += row["text"]
        half = fitted if zlib.crc32(key.encode()) % 2 else held
        half[row["family"]].append((shape(row["text"]), row["tokens"], row["source"], row["how"]))
    families = {name: _fit(rows) for name, rows in sorted(fitted.items())}
    text = json.dumps(families, indent=1, sort_keys=True) + "\n"
    (ROOT / "src/pilothouse/data/tokens/families.json").write_text(text, encoding="utf-8")
    _keep(held)
    for name, rows in sorted(held.items()):
        _print_coverage(name, families[name], rows)


def _fit(rows: list[Row]) -> dict[str, Any]:
    ascii_rows = [r for r in rows if not r[0].is_other]
    other_rows = [r for r in rows if r[0].is_other]
    usage = [r for r in ascii_rows if r[3] == "usage"]
    factors = _least_squares(_balanced(ascii_rows), full=len(ascii_rows) >= 60)
    fit = dict(zip(("base", "per_token", "per_digit", "per_sign"), factors, strict=True))
    misses = sorted(
        (tokens - _predict(factors, s)) / spread(s.tokens) for s, tokens, _, _ in ascii_rows
    )
    usage_misses = sorted(
        (tokens - _predict(factors, s)) / spread(s.tokens) for s, tokens, _, _ in usage
    )
    low, high = _ends(misses)
    low_u, high_u = _ends(usage_misses)
    return {
        **{key: round(value, 4) for key, value in fit.items()},
        "low": round(min(low, low_u), 4),
        "high": round(max(high, high_u), 4),
        "other": _ratios(other_rows),
        "rows": len(usage),
        "sources": sorted({r[2].partition(":")[0] for r in usage}),
        "vocabulary_rows": sum(r[3] == "vocabulary" for r in rows),
    }


def _balanced(rows: list[Row]) -> list[Row]:
    """No single source counts more than five times all others together."""
    bulk = [r for r in rows if "BFCL" in r[2]]
    rest = [r for r in rows if "BFCL" not in r[2]]
    step = max(1, len(bulk) // max(300, 5 * len(rest)))
    return rest + bulk[::step]


def _least_squares(rows: list[Row], *, full: bool) -> list[float]:
    """Factors of (1, tokens, digits, signs), every row weighed by its spread, outliers less."""
    width = 4 if full else 2
    weights = [1.0 / spread(s.tokens) for s, _, _, _ in rows]
    factors = [0.0, 1.0, 0.0, 0.0]
    for _ in range(8):
        matrix = [[1e-6 * (i == j) for j in range(width)] for i in range(width)]
        right = [0.0] * width
        for (s, tokens, _, _), weight in zip(rows, weights, strict=True):
            x = (1.0, float(s.tokens), float(s.digits), float(s.signs))[:width]
            for i in range(width):
                right[i] += weight * weight * x[i] * tokens
                for j in range(width):
                    matrix[i][j] += weight * weight * x[i] * x[j]
        factors = _solve(matrix, right) + [0.0] * (4 - width)
        misses = [abs(t - _predict(factors, s)) / spread(s.tokens) for s, t, _, _ in rows]
        typical = sorted(misses)[len(misses) // 2] or 1e-3
        weights = [
            min(1.0, (3 * typical / miss) ** 0.5 if miss else 1.0) / spread(s.tokens)
            for miss, (s, _, _, _) in zip(misses, rows, strict=True)
        ]
    return factors


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for pivot in range(size):
        best = max(range(pivot, size), key=lambda i: abs(rows[i][pivot]))
        rows[pivot], rows[best] = rows[best], rows[pivot]
        for i in range(size):
            if i != pivot:
                factor = rows[i][pivot] / rows[pivot][pivot]
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[pivot], strict=True)]
    return [rows[i][size] / rows[i][i] for i in range(size)]


def _predict(factors: Sequence[float], s: Shape) -> float:
    return factors[0] + factors[1] * s.tokens + factors[2] * s.digits + factors[3] * s.signs


def _ends(misses: list[float]) -> tuple[float, float]:
    """Nearly all of the misses, widened; the fewer rows there are the wider."""
    if not misses:
        return 0.0, 0.0
    if len(misses) >= ENOUGH:
        tail = round(0.0125 * len(misses))
        low, high = 1.1 * misses[tail], 1.1 * misses[-1 - tail]
    else:
        low, high = 1.8 * misses[0], 1.8 * misses[-1]
    floor = 0.12 if len(misses) >= ENOUGH else 0.3
    return min(low, -floor), max(high, floor)


def _ratios(rows: list[Row]) -> list[float] | None:
    """Tokens by ours in texts that are not plain English or code: low, middle, high."""
    found = sorted(tokens / s.tokens for s, tokens, _, _ in rows if s.tokens >= 10)
    if len(found) < 50:
        return None
    tail = round(0.0125 * len(found))
    ends = (found[tail] / 1.1, found[len(found) // 2], found[-1 - tail] * 1.1)
    return [round(value, 3) for value in ends]


def _keep(held: dict[str, list[Row]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["family", "how", "tokens", "digits", "signs", "is_other", "counted", "source"])
    for name, rows in sorted(held.items()):
        for how in ("usage", "vocabulary"):
            of = [r for r in rows if r[3] == how]
            for s, tokens, source, _ in of[:: max(1, -(-len(of) // KEPT_A_FAMILY))]:
                repository = source.partition(":")[0]
                numbers = [s.tokens, s.digits, s.signs, int(s.is_other), tokens]
                writer.writerow([name, how, *numbers, repository])
    packed = gzip.compress(out.getvalue().encode(), compresslevel=9, mtime=0)
    (ROOT / "tests/catalog/recorded_usage.csv.gz").write_bytes(packed)


def _print_coverage(name: str, fit: dict[str, Any], rows: list[Row]) -> None:
    known = {k: fit[k] for k in ("base", "per_token", "per_digit", "per_sign", "low", "high")}
    band = Band(**known, other=tuple(fit["other"]) if fit["other"] else None)
    family = Family(name=name, vendor="", band=band, basis="", request_tokens=(0, 0, 0))
    for how in ("usage", "vocabulary"):
        for is_other in (False, True):
            of = [r for r in rows if r[3] == how and r[0].is_other == is_other]
            if not of:
                continue
            results = [(family.estimate(s), tokens) for s, tokens, _, _ in of]
            inside = sum(e[1] <= tokens <= e[2] for e, tokens in results) / len(of)
            error = sorted(abs(e[0] - t) / t for e, t in results)[len(of) // 2]
            at_500 = family.estimate(Shape(tokens=500, digits=0, signs=0, is_other=is_other))
            print(
                f"{name:15} {how:10} {'other' if is_other else 'ascii':5} {len(of):5} "
                f"covered {inside:6.1%} median error {error:5.1%} at 500 of ours: {at_500}"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
