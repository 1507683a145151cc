"""promptfoo's tests: the `tests` of a config (YAML or JSON), or a file of tests (YAML, JSON, JSONL, CSV).

Variables become the case's variables, assertions its expected answers where that says the same, and every
assertion is kept in `details.promptfoo`. Source: promptfoo.dev/docs/configuration/test-cases.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.documents.yaml_nodes import parse_yaml
from pilothouse.prove.cases.case_line import CaseLine
from pilothouse.prove.cases.csv_cases import csv_rows
from pilothouse.prove.cases.found import Found, Note, Unit
from pilothouse.prove.cases.opening import lines, stem_suffix, whole_text
from pilothouse.prove.cases.promptfoo_asserts import Assertions
from pilothouse.prove.cases.promptfoo_csv import test_of_row
from pilothouse.prove.cases.promptfoo_vars import filled, prompt_of, read_vars

_KNOWN = (
    "vars",
    "assert",
    "description",
    "metadata",
    "options",
    "threshold",
    "assertScoringFunction",
)
_KNOWN_BUT_UNUSED = ("provider", "providers", "prompts", "providerOutput", "config")
_GENERATED = (".js", ".ts", ".mjs", ".cjs", ".py")
_FILE = "file://"


def read_promptfoo(path: Path, note: Note) -> Iterator[Found]:
    """One case a test (several when a variable is a list, as in promptfoo)."""
    default, prompt, tests = _config(path, note)
    asserts = Assertions()
    for file, number, unit, test in tests:
        place = partial(Found, file=str(file), number=number, unit=unit)
        if isinstance(test, str):
            yield place(problem=test)
            continue
        try:
            cases = _cases(_with_default(test, default), prompt, file.parent, asserts, note)
        except (InvalidInput, msgspec.ValidationError) as error:
            yield place(problem=str(error))
            continue
        for given in cases:
            yield place(given=given, folder=file.parent)
    for text in asserts.notes():
        note(f"{path}: {text}")


_Test = tuple[Path, int, Unit, dict[str, Any] | str]


def _config(path: Path, note: Note) -> tuple[dict[str, Any], str | None, Iterator[_Test]]:
    """The default test, the prompt if there is just one, and the tests."""
    if stem_suffix(path) not in (".yaml", ".yml", ".json"):
        return {}, None, _from_file(path)
    value = _document(path)
    if isinstance(value, list) or "tests" not in value:
        return {}, None, _from_file(path)
    for key in ("scenarios", "assertionTemplates", "derivedMetrics"):
        if value.get(key):
            note(f"{path}: `{key}` is not read: write what it holds as `tests`")
    default: Any = value.get("defaultTest") or {}
    if isinstance(default, str):
        default = _document(path.parent / default.removeprefix(_FILE))
    prompts: Any = value.get("prompts") or []
    prompts = [prompts] if isinstance(prompts, str) else prompts
    prompt = _single_prompt(path, prompts, note)
    return default, prompt, _from_tests(path, value["tests"])


def _single_prompt(path: Path, prompts: list[Any], note: Note) -> str | None:
    if len(prompts) != 1:
        if prompts:
            note(f"{path}: it has {len(prompts)} prompts: write the one to prove as `prompt:`")
        return None
    first = prompts[0]
    if isinstance(first, dict):
        first = cast("dict[str, Any]", first).get("raw")
    if isinstance(first, str) and first.startswith(_FILE) and first.endswith((".txt", ".md")):
        return whole_text(path.parent / first.removeprefix(_FILE))
    if not isinstance(first, str) or first.startswith(_FILE):
        note(
            f"{path}: its prompt is a program or a chat file: write it as `prompt:` or `messages:`"
        )
        return None
    return first


def _from_tests(path: Path, tests: Any) -> Iterator[_Test]:
    listed = cast("list[Any]", tests) if isinstance(tests, list) else [tests]
    for number, test in enumerate(listed, 1):
        if isinstance(test, dict):
            yield path, number, "test", cast("dict[str, Any]", test)
        elif isinstance(test, str):
            yield from _from_reference(path, number, test)
        else:
            yield path, number, "test", "not a test: a mapping with `vars`"


def _from_reference(path: Path, number: int, reference: str) -> Iterator[_Test]:
    name = reference.removeprefix(_FILE)
    if "://" in name or name.partition(":")[0].endswith(_GENERATED):
        yield (
            path,
            number,
            "test",
            f'"{reference}" is made by a program or fetched: save it as a file',
        )
        return
    files = sorted(path.parent.glob(name)) if "*" in name else [path.parent / name]
    if not files:
        yield path, number, "test", f'"{reference}": no file fits this pattern'
    for file in files:
        yield from _from_file(file)


def _from_file(path: Path) -> Iterator[_Test]:
    match stem_suffix(path):
        case ".csv" | ".tsv":
            for number, row in csv_rows(path):
                yield path, number, "line", row if isinstance(row, str) else test_of_row(row)
        case ".jsonl":
            for number, line in lines(path):
                try:
                    yield path, number, "line", msgspec.json.decode(line, type=dict)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    yield path, number, "line", f"not a test: {error}"
        case ".yaml" | ".yml" | ".json":
            value = _document(path)
            if isinstance(value, dict):
                value = cast("dict[str, Any]", value).get("tests", cast("Any", value))
            yield from _from_tests(path, value)
        case suffix:
            raise InvalidInput(
                f"{path}: promptfoo tests in {suffix or 'such'} files cannot be read"
            )


def _document(path: Path) -> Any:
    text = whole_text(path)
    if stem_suffix(path) == ".json":
        try:
            value: Any = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise InvalidInput(f"{path}: not JSON: {error}") from None
    else:
        value = parse_yaml(text, str(path)).value
    if value is None:
        raise InvalidInput(f"{path}: there is no case in this file")
    if not isinstance(value, dict | list):
        raise InvalidInput(f"{path}: neither a promptfoo config nor a list of tests")
    return cast("Any", value)


def _with_default(test: dict[str, Any], default: dict[str, Any]) -> dict[str, Any]:
    for key in test:
        if key not in _KNOWN and key not in _KNOWN_BUT_UNUSED:
            raise InvalidInput(f"unknown key `{key}` of a test.{did_you_mean(key, _KNOWN)}")
    merged = {**default, **test}
    for key in ("vars", "options", "metadata"):
        ours, theirs = default.get(key), test.get(key)
        if isinstance(ours, dict) and isinstance(theirs, dict):
            merged[key] = {**cast("dict[str, Any]", ours), **cast("dict[str, Any]", theirs)}
    merged["assert"] = [*(default.get("assert") or []), *(test.get("assert") or [])]
    return merged


def _cases(
    test: dict[str, Any], prompt: str | None, folder: Path, asserts: Assertions, note: Note
) -> list[CaseLine]:
    options: dict[str, Any] = test.get("options") or {}
    given: Any = test.get("vars") or {}
    if not isinstance(given, dict):
        raise InvalidInput("vars: not a mapping of names to values")
    variables, images = read_vars(cast("dict[str, Any]", given), folder)
    found: list[CaseLine] = []
    for combined in _combinations(variables, is_off=bool(options.get("disableVarExpansion"))):
        text = prompt_of(combined, prompt)
        if text is not None:
            text = f"{options.get('prefix') or ''}{text}{options.get('suffix') or ''}"
        elif options.get("prefix") or options.get("suffix"):
            note("a prefix or suffix is only kept where the prompt is known: add it to `prompt:`")
        row: dict[str, Any] = {
            "prompt": text or "",
            "variables": combined,
            "images": images,
            "tags": _tags(test.get("metadata")),
            **asserts.read(test["assert"], lambda value, seen=combined: filled(value, seen)),
        }
        found.append(msgspec.convert(row, CaseLine))
    return found


def _combinations(
    variables: dict[str, str | list[str]], *, is_off: bool
) -> Iterator[dict[str, str]]:
    """A variable that is a list makes a case of each of its values."""
    lists = [
        [", ".join(v)] if is_off and isinstance(v, list) else v if isinstance(v, list) else [v]
        for v in variables.values()
    ]
    for values in itertools.product(*lists):
        yield dict(zip(variables, values, strict=True))


def _tags(metadata: Any) -> list[str]:
    """`category: math` becomes the tag `category:math`; a list `tags` gives its own."""
    if not isinstance(metadata, dict):
        return []
    tags: list[str] = []
    for key, value in cast("dict[str, Any]", metadata).items():
        if isinstance(value, list):
            listed = cast("list[Any]", value)
            tags += [str(one) if key == "tags" else f"{key}:{one}" for one in listed]
        elif isinstance(value, str | int | float):
            tags.append(f"{key}:{value}")
    return tags
