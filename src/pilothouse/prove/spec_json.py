"""`poc.yaml` as a run keeps it, so that other machines can work on it and reports can be made again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from pilothouse.core.errors import InvalidInput
from pilothouse.core.proof_store import RunRow
from pilothouse.documents.strict import parse
from pilothouse.prove.spec import Poc, PocFile, resolved

_LENGTH_BY = ("cases", "prompt", "messages", "tools", "thinking", "max_output_tokens")
"""What the length of answers depends on, beside the model."""


class _Kept(Struct):
    """`file` is the document; its files are found from `folder`, or stand whole in it."""

    folder: str
    file: dict[str, Any]


def spec_to_json(poc: Poc) -> bytes:
    """With the files of providers made whole; never a key, since `poc.yaml` has none."""
    providers = {name: _plain(config) for name, config in poc.providers.items()}
    file = _plain(poc.file) | {"providers": providers}
    kept = _Kept(folder=str(poc.folder.absolute()), file=file)
    return msgspec.json.encode(kept)


def poc_from_run(run: RunRow) -> Poc:
    """The proof of a run that is there. Raises `InvalidInput`: a file it needs is gone, an older version."""
    try:
        kept = msgspec.json.decode(run.spec_json, type=_Kept)
    except msgspec.DecodeError:
        raise InvalidInput(
            f"run {run.id} was made by an older Pilothouse: its answers are kept, but not its cases. "
            "Run `pilothouse prove` again."
        ) from None
    text = msgspec.json.encode(kept.file).decode()
    return resolved(parse(text, PocFile, name=f"run {run.id}"), Path(kept.folder))


def runs_of_task(runs: Sequence[RunRow], run_id: str) -> list[str]:
    """That run and those whose answers are about as long: the same prompt to cases from the same place. It is first."""
    tasks = {run.id: _task(run) for run in runs}
    same = [run.id for run in runs if run.id != run_id and tasks[run.id] == tasks[run_id]]
    return [run_id, *same]


def _task(run: RunRow) -> tuple[Any, ...]:
    try:
        kept = msgspec.json.decode(run.spec_json, type=_Kept)
    except msgspec.DecodeError:  # of an older version
        return (run.id,)
    return (kept.folder, *(kept.file.get(name) for name in _LENGTH_BY))


def _plain(value: Any) -> dict[str, Any]:
    """As written: what was left out is left out."""
    found: dict[str, Any] = msgspec.to_builtins(value, str_keys=True)
    return _without_none(found)


def _without_none(value: Any) -> Any:
    match value:
        case dict():
            items: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
            return {k: _without_none(v) for k, v in items.items() if v is not None}
        case list():
            listed: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
            return [_without_none(v) for v in listed]
        case _:
            return value
