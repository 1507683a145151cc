"""Protobuf's two spellings of a field in JSON: `camelCase` as written, `snake_case` also read.

Source: https://protobuf.dev/programming-guides/json/.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

_raw_object = msgspec.json.Decoder(dict[str, Raw])
_encode = msgspec.json.Encoder().encode


def camel(name: str) -> str:
    """`max_output_tokens` to `maxOutputTokens`; anything else as it is."""
    if "_" not in name or name.startswith("_"):
        return name
    head, *rest = name.split("_")
    return head + "".join([word[:1].upper() + word[1:] for word in rest])


def first_byte(data: Raw) -> bytes:
    """What kind of JSON it is: an object, a list, a string or something else."""
    return bytes(memoryview(data)[:1])


def camel_fields(data: bytes | Raw) -> dict[str, Raw]:
    """The fields of a JSON object by their camelCase names."""
    return {camel(name): value for name, value in _raw_object.decode(data).items()}


def camel_object(data: Raw, depth: int) -> bytes:
    """An object with the names of its fields, and of objects in it down to `depth`, in camelCase.

    What is deeper is somebody's data: its names stay.
    """
    fields = camel_fields(data)
    if depth > 1:
        for name, value in fields.items():
            if first_byte(value) == b"{":
                fields[name] = Raw(camel_object(value, depth - 1))
    return _encode(fields)
