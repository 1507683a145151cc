"""Inspect's samples, as JSON, JSON lines or CSV: input, target, choices, id, metadata.

What we cannot give a model (a sandbox with files and a set-up script) is named, never dropped in silence.
Source: inspect.aisi.org.uk/datasets.html, and `inspect_ai.dataset` for how cells are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.prove.cases.case_line import CaseLine
from pilothouse.prove.cases.csv_cases import csv_rows
from pilothouse.prove.cases.found import Found, Note, Unit
from pilothouse.prove.cases.inspect_messages import chat_messages
from pilothouse.prove.cases.opening import lines, stem_suffix, whole_text

_KNOWN = ("input", "target", "choices", "id", "metadata", "sandbox", "files", "setup", "checkpoint")
_UNSUPPORTED = ("sandbox", "files", "setup", "checkpoint")


def read_inspect(path: Path, note: Note) -> Iterator[Found]:
    """One case a sample; the first target is expected and the others are accepted."""
    dropped: Counter[str] = Counter()
    first: dict[str, int] = {}
    for number, unit, record in _records(path):
        if isinstance(record, str):
            yield Found(file=str(path), number=number, unit=unit, problem=record)
            continue
        for name in _UNSUPPORTED:
            if record.get(name):
                dropped[name] += 1
                first.setdefault(name, number)
        try:
            given = sample_case(record)
        except (InvalidInput, msgspec.ValidationError) as error:
            yield Found(file=str(path), number=number, unit=unit, problem=str(error))
        else:
            yield Found(file=str(path), number=number, unit=unit, given=given)
    for name, count in dropped.items():
        note(
            f"{path}: {count} samples have `{name}` (first {first[name]}), which is not supported: "
            "they are asked without it"
        )


def sample_case(record: dict[str, Any]) -> CaseLine:
    """Raises `InvalidInput` without a place."""
    for name in record:
        if name not in _KNOWN:
            hint = did_you_mean(name, _KNOWN)
            raise InvalidInput(f"unknown field `{name}`.{hint} (Put it under `metadata`.)")
    asked = record.get("input")
    if not asked:
        raise InvalidInput("a sample without `input`")
    targets = _targets(record.get("target"))
    metadata = _metadata(record.get("metadata"))
    is_text = isinstance(asked, str)
    given: dict[str, Any] = {
        "id": record.get("id") if record.get("id") != "" else None,
        **({"prompt": asked} if is_text else {"messages": chat_messages(asked)}),
        "expected": targets[0] if targets else None,
        "accepted": targets[1:],
        "choices": _choices(record.get("choices")),
        "variables": {k: v for k, v in metadata.items() if isinstance(v, str | int | float)},
        "details": {"metadata": metadata} if metadata else {},
    }
    return msgspec.convert(given, CaseLine)


def _records(path: Path) -> Iterator[tuple[int, Unit, dict[str, Any] | str]]:
    suffix = stem_suffix(path)
    if suffix in (".csv", ".tsv"):
        for number, row in csv_rows(path):
            yield number, "line", row
    elif suffix == ".json":
        try:
            value: Any = msgspec.json.decode(whole_text(path))
        except msgspec.DecodeError as error:
            raise InvalidInput(f"{path}: not JSON: {error}") from None
        listed = cast("list[Any]", value) if isinstance(value, list) else [value]
        for number, record in enumerate(listed, 1):
            yield number, "sample", record if isinstance(record, dict) else "not an object"
    else:
        for number, line in lines(path):
            try:
                yield number, "line", msgspec.json.decode(line, type=dict)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                yield number, "line", f"not a sample: {error}"


def _targets(target: Any) -> list[str]:
    """Texts, as Inspect makes them; an empty one is none."""
    listed = cast("list[Any]", target) if isinstance(target, list) else [target]
    return [str(one) for one in listed if one is not None and str(one).strip()]


def _choices(choices: Any) -> list[str]:
    if choices is None:
        return []
    if isinstance(choices, list):
        return [str(one) for one in cast("list[Any]", choices) if str(one).strip()]
    text = str(choices)
    parts = text.split(",") if "," in text else text.split()
    return [part.strip() for part in parts if part.strip()]


def _metadata(metadata: Any) -> dict[str, Any]:
    if metadata in (None, ""):
        return {}
    if isinstance(metadata, str):
        try:
            return msgspec.json.decode(metadata, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise InvalidInput(f"metadata: not a JSON object: {error}") from None
    if not isinstance(metadata, dict):
        raise InvalidInput("metadata: not an object")
    return cast("dict[str, Any]", metadata)
