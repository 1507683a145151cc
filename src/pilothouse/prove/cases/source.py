"""Where cases come from, and the stream that they are: read anew each time, one in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from pilothouse import recordings
from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput, NotFound
from pilothouse.prove.cases import sample
from pilothouse.prove.cases.case_line import read_case
from pilothouse.prove.cases.found import Found, Reader
from pilothouse.prove.cases.places import Places
from pilothouse.prove.cases.readers import Format, reader_of

SUITE = "suite:"
MAX_PROBLEMS = 20
_SCENARIO = "scenario:"


class CasesFrom(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`cases:` in `poc.yaml` when a plain string is not enough. One of `file` and `suite`."""

    file: str | None = None
    """A file or folder beside `poc.yaml`, or `builtin:gsm8k`."""
    format: Format | None = None
    """Guessed from name and content when not said."""
    fields: dict[str, str] = {}
    """Our field to the file's column or key; dots reach into nested ones."""
    split: str | None = None
    """Of a Hugging Face folder."""
    suite: str | None = None
    path: str | None = None
    """Where the suite's items are, when they are not shipped."""
    sample: Annotated[int, Meta(ge=1)] | None = None
    seed: int = 0
    tags: list[str] = []
    """Only cases with one of these."""
    exclude_tags: list[str] = []
    synthetic: bool | None = None
    """True: all of them were made, whatever the file says."""


class CaseSource:
    """Re-iterable. Each pass streams the file anew and raises `InvalidInput` with up to 20 problems."""

    def __init__(self, words: str, given: CasesFrom, read: Callable[[CaseSource], Iterator[Case]]):
        self.words = words
        """What this is, for a report."""
        self.notes: list[str] = []
        """What stops nothing and should be known, said once; full after the first pass."""
        self._given = given
        self._read = read
        self._limit: int | None = None
        self._places = Places()

    def __iter__(self) -> Iterator[Case]:
        size, seed = self._given.sample, self._given.seed
        if size is not None and self._limit is None:
            self._limit = sample.limit((case.id for case in self._kept()), size, seed)
        count = 0
        for case in self._kept():
            if self._limit is None or sample.rank(case.id, seed) <= self._limit:
                count += 1
                yield case
        if not count:
            raise InvalidInput(self._why_none())

    def place(self, case_id: str) -> str | None:
        """`file:line` of a case that a pass has seen; None for shipped ones."""
        return self._places.of(case_id)

    def note(self, text: str) -> None:
        """Keep `text` for the reader of the report, once."""
        if text not in self.notes:
            self.notes.append(text)

    def built(self, reader: Reader, folder: Path) -> Iterator[Case]:
        """Cases of what a reader found; after the first problem only further problems are looked for."""
        problems: list[str] = []
        places = self._places = Places()
        count = 0
        for found in reader(self.note):
            case = _built(found, folder, problems)
            if case is None:
                if len(problems) >= MAX_PROBLEMS:
                    problems.append("(there may be more; these are the first 20)")
                    break
                continue
            if first := places.add(case.id, found):
                problems.append(_twice(found, case, first))
                continue
            count += 1
            if not problems:
                yield case
        if problems:
            raise InvalidInput("\n".join(problems))
        if not count:
            raise InvalidInput(f"{self._given.file}: there is no case in this file")

    def _kept(self) -> Iterator[Case]:
        wanted, unwanted = set(self._given.tags), set(self._given.exclude_tags)
        for case in self._read(self):
            if wanted and wanted.isdisjoint(case.tags):
                continue
            if unwanted and not unwanted.isdisjoint(case.tags):
                continue
            is_synthetic = self._given.synthetic
            if is_synthetic is not None and is_synthetic != case.is_synthetic:
                case = msgspec.structs.replace(case, is_synthetic=is_synthetic)
            yield case

    def _why_none(self) -> str:
        name = self._given.file or f"{SUITE}{self._given.suite}"
        if self._given.tags:
            return f"{name}: no case is left that carries {_names(self._given.tags)}"
        return f"{name}: every case carries the tag {_names(self._given.exclude_tags)}, so none is left"


def open_cases(
    given: str | CasesFrom, folder: Path, *, exclude_tag: str | None = None
) -> CaseSource:
    """`builtin:gsm8k`, `suite:NAME`, or a file or folder relative to `folder`.

    Raises `InvalidInput` when nothing can be there; what is wrong inside is said by the first pass.
    """
    asked = _asked(given)
    if exclude_tag is not None:
        asked = msgspec.structs.replace(asked, exclude_tags=[*asked.exclude_tags, exclude_tag])
    if asked.suite is not None:
        return _suite(asked, asked.suite, folder)
    name = asked.file or ""
    if name.startswith(recordings.BUILTIN):
        return CaseSource(_words(name, asked), asked, lambda _: iter(recordings.cases(name)))
    path = folder / name
    reader = reader_of(path, asked.format, asked.fields, asked.split)
    beside = path if path.is_dir() else path.parent
    return CaseSource(
        _words(name, asked),
        msgspec.structs.replace(asked, file=str(path)),
        lambda source: source.built(reader, beside),
    )


def is_benchmark(given: str | CasesFrom) -> bool:
    """The cases are a published benchmark's, by name: a suite that is no scenario of yours, or a recording."""
    asked = given if isinstance(given, CasesFrom) else _asked(given)
    if asked.suite is not None:
        return not asked.suite.startswith(_SCENARIO)
    return (asked.file or "").startswith(recordings.BUILTIN)


def load_cases(
    source: str | CasesFrom, folder: Path, *, exclude_tag: str | None = None
) -> list[Case]:
    """All of them at once, for few. Raises `InvalidInput` as the stream does."""
    return list(open_cases(source, folder, exclude_tag=exclude_tag))


def _asked(given: str | CasesFrom) -> CasesFrom:
    if isinstance(given, CasesFrom):
        if (given.file is None) == (given.suite is None):
            raise InvalidInput("cases: give either `file` or `suite`")
        if given.path is not None and given.suite is None:
            raise InvalidInput(
                "cases.path: is where a suite's items are; a file is named by `file`"
            )
        only_files: list[tuple[Literal["format", "fields", "split"], object]] = [
            ("format", given.format),
            ("fields", given.fields),
            ("split", given.split),
        ]
        is_plain = given.suite is not None or (given.file or "").startswith(recordings.BUILTIN)
        for key, value in only_files:
            if value and is_plain:
                raise InvalidInput(f"cases.{key}: only files have it, not suites and recordings")
        return given
    if given.startswith(SUITE):
        return CasesFrom(suite=given.removeprefix(SUITE))
    if not given.strip():
        raise InvalidInput("cases: name a file, a folder, `builtin:gsm8k` or `suite:NAME`")
    return CasesFrom(file=given)


def _suite(asked: CasesFrom, name: str, folder: Path) -> CaseSource:
    try:
        suites = import_module("pilothouse.suites._open")
    except ImportError:
        raise InvalidInput(f'suite "{name}": this install has no suites') from None
    path = None if asked.path is None else folder / asked.path
    opened: Any = suites.open_suite(name, path)
    words = _words(f"{SUITE}{name}", asked)
    return CaseSource(words, asked, lambda _: iter(opened.cases()))


def _words(name: str, asked: CasesFrom) -> str:
    words = [name]
    if asked.split:
        words.append(f"split {asked.split}")
    if asked.tags:
        words.append(f"with {_names(asked.tags)}")
    if asked.exclude_tags:
        words.append(f"without {_names(asked.exclude_tags)}")
    if asked.sample:
        words.append(f"a sample of {asked.sample} (seed {asked.seed})")
    return ", ".join(words)


def _names(tags: list[str]) -> str:
    return " or ".join(f'"{tag}"' for tag in tags)


def _built(found: Found, folder: Path, problems: list[str]) -> Case | None:
    if found.given is None:
        problems.append(f"{found.place}: {found.problem}")
        return None
    try:
        return read_case(found.given, found.folder or folder)
    except (InvalidInput, NotFound) as error:
        problems.append(f"{found.place}: {error}")
        return None


def _twice(found: Found, case: Case, first: str) -> str:
    if found.given is not None and found.given.id is None:
        return f"{found.place}: the same case stands {first}; give both an `id` if both are meant"
    return f'{found.place}: the id "{case.id}" is used twice (first {first})'
