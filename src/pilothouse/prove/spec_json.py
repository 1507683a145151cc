"""`poc.yaml` as a run keeps it, so that other machines can work on it and reports can be made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from pilothouse.core.errors import InvalidInput
from pilothouse.core.proof_store import RunRow
from pilothouse.documents.strict import parse
from pilothouse.prove.spec import Poc, PocFile, resolved


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
