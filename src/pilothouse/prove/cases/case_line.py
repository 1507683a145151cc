"""A case as a file writes it, and the `Case` that it means."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.prove.cases.conversation import read_conversation, read_images, read_tools

Scalar = str | int | float | bool


class CaseLine(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The fields of a JSON line. All but `prompt` or `messages` may be left out."""

    id: str | int | None = None
    prompt: str | UnsetType = UNSET
    expected: Scalar | None = None
    accepted: list[Scalar] = []
    choices: list[Scalar] = []
    context: str | list[str] = []
    variables: dict[str, Scalar] = {}
    messages: list[dict[str, Any]] = []
    """OpenAI's chat form."""
    then: list[str] = []
    tools: list[dict[str, Any]] = []
    """OpenAI's chat form."""
    images: list[str] = []
    """Files beside the case file, or addresses."""
    tags: list[str] = []
    cluster: str | int | None = None
    synthetic: bool = False
    details: dict[str, Any] = {}


FIELDS = CaseLine.__struct_fields__


def read_case(given: CaseLine, folder: Path) -> Case:
    """Raises `InvalidInput` without a place: the caller knows it. No id becomes the hash of the content."""
    named = "" if given.id is None else f' of case "{given.id}"'
    messages, prompt = (), None if given.prompt is UNSET else given.prompt
    if given.messages:
        messages, prompt = read_conversation(given.messages, prompt, folder)
    elif prompt is None:
        raise InvalidInput("not a case: Object missing required field `prompt` (or `messages`)")
    if given.images:
        messages = (*messages, read_images(given.images, folder))
    if not (prompt and prompt.strip()) and not messages and not given.variables:
        raise InvalidInput(f"the prompt{named} is empty")
    case = Case(
        id="" if given.id is None else str(given.id),
        prompt=prompt or "",
        expected=_expected(given, named),
        accepted=tuple(_text(value) for value in given.accepted),
        choices=tuple(_text(value) for value in given.choices),
        context=(given.context,) if isinstance(given.context, str) else tuple(given.context),
        variables={name: _text(value) for name, value in given.variables.items()},
        messages=messages,
        then=tuple(given.then),
        tools=read_tools(given.tools) if given.tools else (),
        tags=tuple(given.tags),
        cluster=None if given.cluster is None else str(given.cluster),
        is_synthetic=given.synthetic,
        details=given.details,
    )
    if given.id is None:
        return msgspec.structs.replace(case, id=content_id(case))
    if not case.id.strip():
        raise InvalidInput("the id is empty: leave it out, and the case is named by its content")
    return case


def content_id(case: Case) -> str:
    """16 hex digits of what is asked and wanted; tags and clusters may change without a new name."""
    bare = msgspec.structs.replace(case, id="", tags=(), cluster=None, is_synthetic=False)
    return hashlib.sha256(msgspec.json.encode(bare)).hexdigest()[:16]


def _expected(given: CaseLine, named: str) -> str | None:
    expected = given.expected
    if expected is None:
        return None
    text = _text(expected)
    if not text.strip():
        raise InvalidInput(
            f"`expected`{named} is empty: leave it out where no one answer is expected"
        )
    return text


def _text(value: Scalar) -> str:
    """Numbers as people write them (4, not 4.0), truth as JSON writes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return str(int(value)) if value.is_integer() else repr(value)
