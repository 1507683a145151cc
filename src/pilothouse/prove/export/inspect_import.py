"""An Inspect log, JSON or `.eval`, as cases and recorded answers: to grade again here, for nothing."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec

from pilothouse.core.errors import InvalidInput
from pilothouse.prove.cases.case_line import CaseLine
from pilothouse.prove.cases.inspect_dataset import sample_case
from pilothouse.prove.cases.inspect_messages import chat_messages
from pilothouse.prove.cases.opening import whole_text
from pilothouse.prove.export.imported import Imported
from pilothouse.recordings import Recorded

_FIELDS = ("input", "target", "choices", "id", "metadata")


def read_inspect_log(path: Path) -> Imported:
    """Raises `InvalidInput` with file and sample. Of several epochs the first answer of each sample is kept."""
    model, samples = _opened(path)
    cases: dict[str, CaseLine] = {}
    recorded: list[Recorded] = []
    notes: dict[str, int] = {}
    for number, sample in enumerate(samples, 1):
        try:
            case, prompt = _case(sample)
        except (InvalidInput, msgspec.ValidationError) as error:
            raise InvalidInput(f"{path}: sample {number}: {error}") from None
        if str(case.id) in cases:
            _count(
                notes, "answers of later epochs are left out: a recording has one of each question"
            )
            continue
        cases[str(case.id)] = case
        answer = _answer(sample, model, prompt)
        if answer is None:
            _count(notes, "samples have no answer (an error, or a limit)")
        else:
            recorded.append(answer)
    if not cases:
        raise InvalidInput(
            f"{path}: there is no sample in this log (was it written with log_samples?)"
        )
    return Imported(
        cases=tuple(cases.values()),
        recorded=tuple(recorded),
        notes=tuple(f"{path}: {count} {what}" for what, count in notes.items()),
    )


def _opened(path: Path) -> tuple[str, Iterator[dict[str, Any]]]:
    if path.suffix == ".eval":
        return _packed(path)
    log = _object(whole_text(path), str(path))
    return _model(log, path), iter(cast("list[dict[str, Any]]", log.get("samples") or []))


def _packed(path: Path) -> tuple[str, Iterator[dict[str, Any]]]:
    try:
        with zipfile.ZipFile(path) as file:
            header = _object(file.read("header.json").decode(), f"{path}: header.json")
            names = [name for name in file.namelist() if name.startswith("samples/")]
            samples = [_object(file.read(name).decode(), f"{path}: {name}") for name in names]
    except FileNotFoundError:
        raise InvalidInput(f"{path}: there is no such file") from None
    except (zipfile.BadZipFile, KeyError, OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path}: not a whole Inspect log: {error}") from None
    except NotImplementedError:
        raise InvalidInput(
            f"{path}: packed in a way that cannot be read here: "
            "`inspect log convert LOG --to json --output-dir .` writes one that can"
        ) from None
    return _model(header, path), iter(samples)


def _object(text: str, name: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise InvalidInput(f"{name}: not an Inspect log: {error}") from None


def _model(log: dict[str, Any], path: Path) -> str:
    spec: Any = log.get("eval")
    model: Any = cast("dict[str, Any]", spec).get("model") if isinstance(spec, dict) else None
    if not isinstance(model, str):
        raise InvalidInput(f"{path}: not an Inspect log: it has no `eval.model`")
    return model


def _case(sample: dict[str, Any]) -> tuple[CaseLine, str]:
    """The case, and the last user turn as it was sent, by which a recording is looked up."""
    case = sample_case({name: sample[name] for name in _FIELDS if name in sample})
    if isinstance(case.prompt, str):
        sent = _last_asked(sample.get("messages") or []) or case.prompt
        return msgspec.structs.replace(case, prompt=sent), sent
    return case, _last_asked(case.messages)


def _last_asked(messages: list[dict[str, Any]]) -> str:
    turns = chat_messages(messages)
    content: Any = next((m["content"] for m in reversed(turns) if m["role"] == "user"), "")
    return _text(content)


def _answer(sample: dict[str, Any], model: str, prompt: str) -> Recorded | None:
    output: dict[str, Any] = sample.get("output") or {}
    choices: list[dict[str, Any]] = output.get("choices") or []
    if not choices or sample.get("error"):
        return None
    usage: dict[str, Any] = output.get("usage") or {}
    seconds = output.get("time")
    return Recorded(
        model=model,
        prompt=prompt,
        answer=_text(choices[0].get("message", {}).get("content")),
        latency_ms=seconds * 1000 if isinstance(seconds, int | float) else None,
        input_tokens=usage.get("input_tokens"),
        output_tokens=usage.get("output_tokens"),
    )


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = cast("list[dict[str, Any]]", content or [])
    return "".join(part.get("text", "") for part in parts if part.get("type") == "text")


def _count(notes: dict[str, int], what: str) -> None:
    notes[what] = notes.get(what, 0) + 1
