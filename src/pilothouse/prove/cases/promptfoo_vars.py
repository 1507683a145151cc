"""promptfoo's variables: texts, files, and `{{name}}` in prompts and assertions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import msgspec

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.prove.cases.opening import whole_text

_PLACE = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PROMPTS = ("prompt", "question", "input", "query")
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
_TEXTS = (".txt", ".md", ".json", ".yaml", ".yml", ".html", ".csv")


def read_vars(given: dict[str, Any], folder: Path) -> tuple[dict[str, str | list[str]], list[str]]:
    """Variables as text (a list stays one), and the image files among them. Objects become JSON text."""
    variables: dict[str, str | list[str]] = {}
    images: list[str] = []
    for name, value in given.items():
        if isinstance(value, list):
            variables[name] = [_text(one) for one in cast("list[Any]", value)]
        elif isinstance(value, str) and value.startswith("file://"):
            file = value.removeprefix("file://")
            if file.lower().endswith(_IMAGES):
                images.append(file)
            elif file.lower().endswith(_TEXTS):
                variables[name] = whole_text(folder / file)
            else:
                raise InvalidInput(f'vars.{name}: "{value}" is neither a text nor an image file')
        else:
            variables[name] = _text(value)
    return variables, images


def prompt_of(variables: dict[str, str], prompt: str | None) -> str | None:
    """The config's only prompt with the variables in it, else the one variable that can only be the prompt."""
    if prompt is not None:
        return filled(prompt, variables)
    if len(variables) == 1:
        return next(iter(variables.values()))
    there = [name for name in _PROMPTS if name in variables]
    return variables[there[0]] if len(there) == 1 else None


def filled(text: str, variables: dict[str, str]) -> str:
    """`{{name}}` replaced. Raises `InvalidInput` for what else Nunjucks knows: filters, conditions, loops."""
    if "{%" in text:
        raise InvalidInput("a template with {% ... %} is not supported: only {{name}} is")

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if not _NAME.fullmatch(name):
            raise InvalidInput(f"{{{{{name}}}}}: only plain names are supported in templates")
        if name not in variables:
            hint = did_you_mean(name, variables)
            raise InvalidInput(f"{{{{{name}}}}}: no variable of this test has that name.{hint}")
        return variables[name]

    return _PLACE.sub(value, text)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
