"""promptfoo's results file (versions 2 and 3) as cases and recorded answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import msgspec

from pilothouse.core.errors import InvalidInput
from pilothouse.prove.cases.case_line import CaseLine
from pilothouse.prove.cases.opening import whole_text
from pilothouse.prove.cases.promptfoo_asserts import Assertions
from pilothouse.prove.export.imported import Imported
from pilothouse.recordings import Recorded


def read_promptfoo_json(path: Path) -> Imported:
    """Raises `InvalidInput` with file and result. A case is a prompt as it was sent; providers are models."""
    cases: dict[str, CaseLine] = {}
    recorded: dict[tuple[str, str], Recorded] = {}
    asserts = Assertions()
    failed = again = 0
    for number, result in enumerate(_results(path), 1):
        try:
            prompt, model = _sent(result)
            if prompt not in cases:
                cases[prompt] = _case(result, prompt, asserts)
            answer = _answer(result, model, prompt)
        except (InvalidInput, msgspec.ValidationError, AttributeError, TypeError) as error:
            raise InvalidInput(f"{path}: result {number}: {error}") from None
        if answer is None:
            failed += 1
        elif (model, prompt) in recorded:
            again += 1
        else:
            recorded[model, prompt] = answer
    if not cases:
        raise InvalidInput(f"{path}: there is no result in this file")
    notes = [f"{failed} results have no answer"] if failed else []
    if again:
        notes.append(f"{again} repeats are left out: a recording has one answer of each question")
    return Imported(
        cases=tuple(cases.values()),
        recorded=tuple(recorded.values()),
        notes=tuple(f"{path}: {note}" for note in [*notes, *asserts.notes()]),
    )


def _results(path: Path) -> list[dict[str, Any]]:
    try:
        file = msgspec.json.decode(whole_text(path), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise InvalidInput(f"{path}: not a promptfoo result: {error}") from None
    summary: Any = file.get("results")
    inner: Any = (
        cast("dict[str, Any]", summary).get("results") if isinstance(summary, dict) else None
    )
    if not isinstance(inner, list):
        raise InvalidInput(f"{path}: not a promptfoo result: it has no `results.results`")
    return cast("list[dict[str, Any]]", inner)


def _sent(result: dict[str, Any]) -> tuple[str, str]:
    asked: dict[str, Any] = result.get("prompt") or {}
    prompt = asked.get("raw")
    provider: Any = result.get("provider")
    model: Any = provider.get("id") if isinstance(provider, dict) else provider  # pyright: ignore
    if not isinstance(prompt, str) or not isinstance(model, str):
        raise InvalidInput("it has no `prompt.raw` or no `provider.id`")
    return prompt, model


def _case(result: dict[str, Any], prompt: str, asserts: Assertions) -> CaseLine:
    test: dict[str, Any] = result.get("testCase") or {}
    metadata: dict[str, Any] = test.get("metadata") or {}
    read = asserts.read(test.get("assert") or [], str)
    if isinstance(metadata.get("accepted"), list):
        read["accepted"] = [*read.get("accepted", []), *metadata["accepted"]]
    tags: list[Any] = metadata.get("tags") or []
    given: dict[str, Any] = result.get("vars") or test.get("vars") or {}
    row: dict[str, Any] = {
        "id": metadata.get("id"),
        "prompt": prompt,
        "variables": {
            k: v for k, v in given.items() if k != "prompt" and isinstance(v, str | int | float)
        },
        "tags": [tag for tag in tags if isinstance(tag, str)],
        **read,
    }
    return msgspec.convert(row, CaseLine)


def _answer(result: dict[str, Any], model: str, prompt: str) -> Recorded | None:
    response: dict[str, Any] = result.get("response") or {}
    output: Any = response.get("output")
    if output is None:
        return None
    usage: dict[str, Any] = response.get("tokenUsage") or result.get("tokenUsage") or {}
    return Recorded(
        model=model,
        prompt=prompt,
        answer=output if isinstance(output, str) else msgspec.json.encode(output).decode(),
        latency_ms=result.get("latencyMs") or None,
        input_tokens=usage.get("prompt"),
        output_tokens=usage.get("completion"),
    )
