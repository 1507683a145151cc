"""Case files: JSON lines with `id`, `prompt` and, where wanted, `expected` and `tags`."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from pilothouse import recordings
from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput


class _Line(Struct, forbid_unknown_fields=True):
    id: str | int
    prompt: str
    expected: str | float | None = None
    tags: list[str] = []


def load_cases(source: str, folder: Path, *, exclude_tag: str | None = None) -> list[Case]:
    """Cases of `builtin:NAME` or of a file relative to `folder`.

    Raises `InvalidInput` with file and line: broken line, missing prompt, id used twice, nothing left.
    """
    is_builtin = source.startswith(recordings.BUILTIN)
    found = recordings.cases(source) if is_builtin else _from_file(folder / source)
    kept = [case for case in found if exclude_tag is None or exclude_tag not in case.tags]
    if not kept:
        raise InvalidInput(f'{source}: every case carries the tag "{exclude_tag}", so none is left')
    return kept


def _from_file(path: Path) -> list[Case]:
    decoder = msgspec.json.Decoder(_Line)
    seen: dict[str, int] = {}
    found: list[Case] = []
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        raise InvalidInput(f"{path}: there is no such file") from None
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            given = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{path}:{number}: not a case: {error}") from None
        case_id = str(given.id)
        if case_id in seen:
            raise InvalidInput(
                f'{path}:{number}: the id "{case_id}" is used twice (first on line {seen[case_id]})'
            )
        if not given.prompt.strip():
            raise InvalidInput(f'{path}:{number}: the prompt of case "{case_id}" is empty')
        seen[case_id] = number
        found.append(_case(case_id, given))
    if not found:
        raise InvalidInput(f"{path}: there is no case in this file")
    return found


def _case(case_id: str, given: _Line) -> Case:
    expected = given.expected
    if isinstance(expected, float | int):
        expected = str(int(expected)) if float(expected).is_integer() else repr(expected)
    return Case(id=case_id, prompt=given.prompt, expected=expected, tags=tuple(given.tags))
