"""What routing is learned from: prompts, and how each model did on each of them."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec import Struct

from pilothouse.core.errors import InvalidInput

Row = tuple[float | None, ...]


class Table(Struct, frozen=True, kw_only=True):
    """`score`, `cost_usd` and `latency_ms` are by case, then by model; None = not known.

    Scores are 0-1 (means over repeats). Costs are for statistics, hence floats.
    """

    name: str
    models: tuple[str, ...]
    ids: tuple[str, ...]
    prompts: tuple[str, ...]
    tags: tuple[str | None, ...]
    groups: tuple[str, ...]
    """Cases of one source (a document, a template) share one, and are never on two sides of a split."""
    score: tuple[Row, ...]
    cost_usd: tuple[Row, ...]
    latency_ms: tuple[Row, ...]
    answers: tuple[tuple[str | None, ...], ...] = ()
    """What each model said, for checks by agreement; empty when no case tells."""

    def __len__(self) -> int:
        return len(self.prompts)

    def at(self, rows: Iterable[int]) -> Table:
        """Only these cases, in this order."""
        picked = list(rows)
        names = ("ids", "prompts", "tags", "groups", "score", "cost_usd", "latency_ms")
        names += ("answers",) if self.answers else ()
        parts = {name: tuple([getattr(self, name)[i] for i in picked]) for name in names}
        return msgspec.structs.replace(self, **parts)

    def of_models(self, models: Sequence[str]) -> Table:
        """Only these models. Raises `ValueError` for one that is not there."""
        at = [self.models.index(m) for m in models]

        def picked(rows: Sequence[Row]) -> tuple[Row, ...]:
            return tuple([tuple([row[k] for k in at]) for row in rows])

        return msgspec.structs.replace(
            self,
            models=tuple(models),
            score=picked(self.score),
            cost_usd=picked(self.cost_usd),
            latency_ms=picked(self.latency_ms),
            answers=tuple([tuple([row[k] for k in at]) for row in self.answers]),
        )

    def complete(self) -> Table:
        """Only cases that every model has a score for."""
        return self.at(i for i, row in enumerate(self.score) if None not in row)


class _Line(Struct, kw_only=True, forbid_unknown_fields=True):
    prompt: str
    scores: dict[str, float | None]
    id: str | None = None
    tag: str | None = None
    group: str | None = None
    cost_usd: dict[str, float | None] = {}
    latency_ms: dict[str, float | None] = {}
    answers: dict[str, str | None] = {}


_FIXED = frozenset({"id", "prompt", "tag", "group"})


def read_table(path: Path) -> Table:
    """JSONL (`{"prompt", "tag", "scores": {model: 0-1}, "cost_usd": {...}, "latency_ms": {...},
    "answers": {model: text}}`) or CSV.

    CSV columns: prompt, tag, group, id, a column a model (0-1), `MODEL|cost_usd`, `MODEL|latency_ms`,
    `MODEL|answer`. Either may be gzipped. Raises `InvalidInput` with the line.
    """
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: not UTF-8 (byte {error.start})") from None
    is_csv = path.name.removesuffix(".gz").endswith(".csv")
    return table_of(path.stem, _csv(path, text) if is_csv else _jsonl(path, text), str(path))


def table_of(name: str, lines: Sequence[_Line], where: str) -> Table:
    """Raises `InvalidInput`: no case, a score outside 0-1, a name that is there twice."""
    models = tuple(dict.fromkeys(m for line in lines for m in line.scores))
    if not lines or not models:
        raise InvalidInput(f"{where}: no case with a score")
    ids = tuple([line.id or str(i) for i, line in enumerate(lines, 1)])
    for number, (line, case) in enumerate(zip(lines, ids, strict=True), 1):
        for model, score in line.scores.items():
            if score is not None and not 0 <= score <= 1:
                raise InvalidInput(
                    f"{where}: case {number} ({case}): the score of {model} is {score:g}, not within 0-1"
                )

    def rows(of: Iterable[Mapping[str, float | None]]) -> tuple[Row, ...]:
        return tuple([tuple([values.get(m) for m in models]) for values in of])

    return Table(
        name=name,
        models=models,
        ids=ids,
        prompts=tuple([line.prompt for line in lines]),
        tags=tuple([line.tag for line in lines]),
        groups=tuple([line.group or case for line, case in zip(lines, ids, strict=True)]),
        score=rows(line.scores for line in lines),
        cost_usd=rows(line.cost_usd for line in lines),
        latency_ms=rows(line.latency_ms for line in lines),
        answers=(
            tuple([tuple([line.answers.get(m) for m in models]) for line in lines])
            if any(line.answers for line in lines)
            else ()
        ),
    )


def _jsonl(path: Path, text: str) -> list[_Line]:
    decoder = msgspec.json.Decoder(_Line)
    found: list[_Line] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                found.append(decoder.decode(line))
            except msgspec.DecodeError as error:
                raise InvalidInput(f"{path}:{number}: {error}") from None
    return found


def _csv(path: Path, text: str) -> list[_Line]:
    reader = csv.DictReader(io.StringIO(text))
    columns = list(reader.fieldnames or ())
    if "prompt" not in columns:
        raise InvalidInput(
            f"{path}:1: there is no column `prompt` (there are: {', '.join(columns)})"
        )
    models = [c for c in columns if c not in _FIXED and "|" not in c]
    found: list[_Line] = []
    for row in cast("Iterable[dict[str, Any]]", reader):

        def numbers(suffix: str, row: dict[str, Any] = row) -> dict[str, float | None]:
            return {m: _number(path, reader.line_num, row, m + suffix) for m in models}

        found.append(
            _Line(
                prompt=row["prompt"] or "",
                id=row.get("id") or None,
                tag=row.get("tag") or None,
                group=row.get("group") or None,
                scores=numbers(""),
                cost_usd=numbers("|cost_usd"),
                latency_ms=numbers("|latency_ms"),
                answers={m: row[c] for m in models if row.get(c := f"{m}|answer")},
            )
        )
    return found


def _number(path: Path, line: int, row: Mapping[str, str | None], column: str) -> float | None:
    text = row.get(column)
    if text is None or not text.strip():
        return None
    if text in ("True", "False"):
        return float(text == "True")
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f'{path}:{line}: column {column}: "{text}" is not a number') from None
