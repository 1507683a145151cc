"""A folder as datasets lie on Hugging Face: `data/test-00000-of-00001.parquet`, `test.jsonl`, `main/test-*`.

Which file belongs to which split is read from the card (`configs:` in README.md), else from file and
folder names, as the hub does. Source: huggingface.co/docs/hub/datasets-file-names-and-splits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.documents.yaml_nodes import parse_yaml
from pilothouse.prove.cases.csv_cases import read_csv
from pilothouse.prove.cases.found import Found, Note
from pilothouse.prove.cases.jsonl import read_jsonl
from pilothouse.prove.cases.opening import stem_suffix, whole_text
from pilothouse.prove.cases.parquet import read_parquet

_READERS = {
    ".parquet": read_parquet,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".csv": read_csv,
    ".tsv": read_csv,
}
_SPLITS = {
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
}
_WORDS = re.compile(r"[^a-z]+")


def read_folder(
    folder: Path, split: str | None, fields: dict[str, str], note: Note
) -> Iterator[Found]:
    """The rows of one split, file after file. Raises `InvalidInput` naming the splits there are."""
    splits = splits_of(folder)
    chosen = _chosen(folder, splits, split)
    if split is None and len(splits) > 1:
        note(f"{folder}: split `{chosen}` of {', '.join(sorted(splits))} (choose with `split:`)")
    for path in splits[chosen]:
        yield from _READERS[stem_suffix(path)](path, fields, note)


def splits_of(folder: Path) -> dict[str, list[Path]]:
    """Split to its files. A folder without any file that can be read is an error."""
    named = _from_card(folder) or _from_names(folder)
    if not named:
        known = ", ".join(_READERS)
        raise InvalidInput(f"{folder}: no data file in this folder ({known}, in it or below)")
    return named


def _chosen(folder: Path, splits: dict[str, list[Path]], split: str | None) -> str:
    there = ", ".join(sorted(splits))
    if split is not None:
        if split not in splits:
            hint = did_you_mean(split, splits)
            raise InvalidInput(f'{folder}: no split "{split}".{hint} (there are: {there})')
        return split
    if len(splits) == 1:
        return next(iter(splits))
    plain = [name for name in splits if name.rpartition("/")[2] == "test"]
    if len(plain) == 1:
        return plain[0]
    raise InvalidInput(f"{folder}: say which `split:` is meant (there are: {there})")


def _from_card(folder: Path) -> dict[str, list[Path]]:
    card = folder / "README.md"
    if not card.is_file():
        return {}
    head = re.match(r"---\r?\n(.*?)\r?\n---", whole_text(card), re.DOTALL)
    if head is None:
        return {}
    value = parse_yaml(head[1], str(card)).value
    configs = cast("dict[str, Any]", value).get("configs") if isinstance(value, dict) else None
    splits: dict[str, list[Path]] = {}
    listed = cast("list[dict[str, Any]]", configs) if isinstance(configs, list) else []
    for config in listed:
        name = str(config.get("config_name", "default"))
        files: Any = config.get("data_files")
        for entry in cast("list[Any]", files) if isinstance(files, list) else []:
            if not isinstance(entry, dict):
                continue
            row = cast("dict[str, Any]", entry)
            found = _matching(folder, row.get("path"))
            if found:
                key = str(row.get("split", "train"))
                splits[key if len(listed) == 1 else f"{name}/{key}"] = found
    return splits


def _matching(folder: Path, patterns: Any) -> list[Path]:
    given = cast("list[Any]", patterns) if isinstance(patterns, list) else [patterns]
    found: set[Path] = set()
    for pattern in given:
        if isinstance(pattern, str) and not pattern.startswith("/") and ".." not in pattern:
            found.update(p for p in folder.glob(pattern) if stem_suffix(p) in _READERS)
    return sorted(found)


def _from_names(folder: Path) -> dict[str, list[Path]]:
    """By a word of the file's name or, failing that, of the folders above it; none is `train`, as on the hub."""
    splits: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if not path.is_file() or stem_suffix(path) not in _READERS or inner.name[0] in "._":
            continue
        parts = inner.parts
        split = next((s for part in reversed(parts) if (s := _split_in(part))), "train")
        above = [part for part in parts[:-1] if part != "data" and not _split_in(part)]
        splits.setdefault("/".join([*above, split]), []).append(path)
    return splits


def _split_in(name: str) -> str | None:
    return next((_SPLITS[word] for word in _WORDS.split(name.lower()) if word in _SPLITS), None)
