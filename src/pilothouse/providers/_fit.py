"""Makes a request's body fit a provider: fields added, renamed, left out, as its row says.

Only the top level (and each message's) is read; every other byte of the values is kept.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from pilothouse.core.errors import BadRequest
from pilothouse.providers._rows import Endpoint

_IN_MESSAGES = "messages[]."
_Object = dict[str, Raw]
_object = msgspec.json.Decoder(_Object)
_objects = msgspec.json.Decoder(list[_Object])


def fitted(body: bytes, endpoint: Endpoint) -> tuple[bytes, tuple[str, ...]]:
    """The body to send, and what was left out of it because the provider does not take it.

    A renamed field gives way to one that has the new name already. Raises `BadRequest` when `body` is not
    a JSON object.
    """
    if not (endpoint.adds or endpoint.renames or endpoint.drops or endpoint.omits):
        return body, ()
    fields = _read(body)
    for name in endpoint.omits:
        fields.pop(name, None)
    dropped: list[str] = []
    for name in endpoint.drops:
        if name.startswith(_IN_MESSAGES):
            if _drop_in_messages(fields, name.removeprefix(_IN_MESSAGES)):
                dropped.append(name)
        elif fields.pop(name, None) is not None:
            dropped.append(name)
    for old, new in endpoint.renames.items():
        value = fields.pop(old, None)
        if value is not None:
            fields.setdefault(new, value)
    for name, text in endpoint.adds.items():
        fields.setdefault(name, Raw(msgspec.json.encode(text)))
    return msgspec.json.encode(fields), tuple(dropped)


def _read(body: bytes) -> _Object:
    try:
        return _object.decode(body)
    except msgspec.DecodeError:
        raise BadRequest("the body is not a JSON object") from None


def _drop_in_messages(fields: _Object, name: str) -> bool:
    raw = fields.get("messages")
    quoted = f'"{name}"'.encode()
    if raw is None or quoted not in bytes(raw):
        return False
    try:
        messages = _objects.decode(raw)
    except msgspec.DecodeError:
        return False
    found = [message.pop(name, None) is not None for message in messages]
    if any(found):
        fields["messages"] = Raw(msgspec.json.encode(messages))
    return any(found)
