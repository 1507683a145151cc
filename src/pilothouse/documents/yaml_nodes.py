"""YAML text to plain values, with the line of every key and value.

The YAML 1.2 core schema: only `true` and `false` are booleans (`no` and `off` are words), `1:30`
is text, dates stay text until a type asks for them. Duplicate keys are errors. Anchors and tags
are refused: nothing here needs them, and they are how a small file becomes a huge one.
"""

from __future__ import annotations

import re
from typing import Any, cast

import yaml
from msgspec import Struct

from pilothouse.core.errors import InvalidInput


class Parsed(Struct, frozen=True):
    """Plain values (dict, list, str, int, float, bool, None), and where each of them stands."""

    value: Any
    lines: dict[str, int]
    """Key path, e.g. `routes.support.targets[1]`, to its 1-based line."""
    texts: dict[str, str]
    """Key path of a scalar to its text as written (so that money is never a float)."""


def parse_yaml(text: str, name: str) -> Parsed:
    """`name` is the file's name for messages. Raises `InvalidInput` with file and line."""
    lines: dict[str, int] = {}
    texts: dict[str, str] = {}
    try:
        node = yaml.compose(text, Loader=_Core)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = error.problem or error.context or "not valid YAML"
        raise InvalidInput(f"{name}:{line}: not valid YAML: {problem}") from None
    except yaml.YAMLError as error:
        raise InvalidInput(f"{name}:1: not valid YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise InvalidInput(f"{name}:1: nested too deeply") from None
    if node is None:
        raise InvalidInput(f"{name}:1: the file is empty")
    value = _plain(node, "", name, lines, texts)
    return Parsed(value, lines, texts)


def join(path: str, key: str | int) -> str:
    """`a.b` + `c` = `a.b.c`; `a` + 1 = `a[1]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


class _Core(yaml.SafeLoader):
    """A loader whose plain words are words, but for the few patterns below."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = cast("Any", self.peek_event())  # pyright: ignore[reportUnknownMemberType]
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise _unsupported("anchors and aliases are", event)
        if getattr(event, "tag", None):
            raise _unsupported("tags are", event)
        return super().compose_node(parent, index)  # type: ignore[no-untyped-call]


def _unsupported(what: str, event: Any) -> yaml.MarkedYAMLError:
    problem = f"{what} not supported here: write the value out"
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


_Core.yaml_implicit_resolvers = {}
_NULL = "tag:yaml.org,2002:null"
_BOOL = "tag:yaml.org,2002:bool"
_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"
for _tag, _pattern, _first in (
    (_NULL, r"^(?:~|null|)$", ["~", "n", ""]),
    (_BOOL, r"^(?:true|false)$", list("tf")),
    (_INT, r"^[-+]?[0-9][0-9_]*$", list("-+0123456789")),
    (
        _FLOAT,
        r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?$",
        list("-+.0123456789"),
    ),
):
    _Core.add_implicit_resolver(_tag, re.compile(_pattern), _first)  # type: ignore[no-untyped-call]


def _plain(
    node: yaml.Node, path: str, name: str, lines: dict[str, int], texts: dict[str, str]
) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, name, lines, texts)
    if isinstance(node, yaml.SequenceNode):
        return [
            _plain(item, join(path, i), name, lines, texts) for i, item in enumerate(node.value)
        ]
    return _scalar(node, path, texts)


def _mapping(
    node: yaml.MappingNode, path: str, name: str, lines: dict[str, int], texts: dict[str, str]
) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise InvalidInput(f"{name}:{line}: a key must be plain text")
        key = str(key_node.value)
        here = join(path, key)
        if key in value:
            raise InvalidInput(
                f"{name}:{line}: {here}: written twice (first on line {lines[here]})"
            )
        lines[here] = line
        value[key] = _plain(value_node, here, name, lines, texts)
    return value


def _scalar(node: yaml.Node, path: str, texts: dict[str, str]) -> Any:
    text = str(node.value)
    texts[path] = text
    match node.tag:
        case "tag:yaml.org,2002:null":
            return None
        case "tag:yaml.org,2002:bool":
            return text == "true"
        case "tag:yaml.org,2002:int":
            return int(text.replace("_", ""))
        case "tag:yaml.org,2002:float":
            return float(text)
        case _:
            return text
