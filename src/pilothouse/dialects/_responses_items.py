"""Items of the Responses API (messages, calls, results, reasoning) to our parts.

Items and content that have no noun become `OpaquePart`. An item is decoded twice: its kind, then the
fields of that kind, because the vendor's own tools use the same names for values of other types.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Raw, Struct, structs

from pilothouse.core.errors import BadRequest
from pilothouse.core.request import (
    CacheTtl,
    MediaPart,
    Message,
    OpaquePart,
    Part,
    RefusalPart,
    Role,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from pilothouse.dialects._bad_body import bad_request
from pilothouse.dialects._data_url import split_url
from pilothouse.dialects._raw import ABSENT

NAME = "openai_responses"
SIGNATURE_ID = "rs_sig_"
"""A reasoning item with this and a call's id carries that call's signature (another vendor's, which
has no field of its own here) to the client and back."""


class _Kind(Struct):
    type: str = "message"


class _Audio(Struct):
    data: str
    format: str = "wav"


class _Breakpoint(Struct):
    ttl: str | None = None


class PartIn(Struct):
    """Content of a message, of a tool's result, or of reasoning."""

    type: str
    text: str = ""
    refusal: str = ""
    image_url: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    file_data: str | None = None
    filename: str | None = None
    detail: str | None = None
    input_audio: _Audio | None = None
    prompt_cache_breakpoint: _Breakpoint | None = None
    logprobs: Raw = ABSENT


class MessageItem(Struct):
    role: str = "user"
    content: str | list[PartIn] | None = None
    id: str | None = None


class CallItem(Struct):
    call_id: str
    name: str
    arguments: str = ""


class ResultItem(Struct):
    call_id: str | None = None
    output: str | list[PartIn] = ""
    name: str | None = None


class ReasoningItem(Struct):
    id: str | None = None
    summary: list[PartIn] | None = None
    content: list[PartIn] | None = None
    encrypted_content: str | None = None


class _ImageItem(Struct):
    result: str | None = None
    output_format: str | None = None


_kind = msgspec.json.Decoder(_Kind)
_message = msgspec.json.Decoder(MessageItem)
_call = msgspec.json.Decoder(CallItem)
_result = msgspec.json.Decoder(ResultItem)
_reasoning = msgspec.json.Decoder(ReasoningItem)
_image = msgspec.json.Decoder(_ImageItem)
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "developer",
    "assistant": "assistant",
    "user": "user",
}


def messages_in(items: Sequence[Raw]) -> list[Message]:
    """A request's items as turns: what the model did until somebody else speaks is one message.

    Raises `BadRequest` with the item at fault.
    """
    found: list[Message] = []
    turn: list[Part] = []
    names: dict[str, str] = {}

    def end_turn() -> None:
        if turn:
            found.append(Message(role="assistant", parts=with_signatures(turn)))
            turn.clear()

    for i, raw in enumerate(items):
        try:
            role, parts = _item(raw, names)
        except msgspec.ValidationError as error:
            at = bad_request(error)
            inner = f".{at.param}" if at.param else ""
            raise BadRequest(str(at), param=f"input[{i}]{inner}") from None
        if role != "assistant":
            end_turn()
            found.append(Message(role=role, parts=tuple(parts)))
            continue
        if turn and parts and is_said(turn[-1]) and is_said(parts[0]):
            end_turn()  # two messages in a row stay two
        turn += parts
    end_turn()
    return found


def output_in(items: Iterable[Raw]) -> tuple[Part, ...]:
    """An answer's items. Raises `msgspec.ValidationError`."""
    parts: list[Part] = []
    for raw in items:
        if _kind.decode(raw).type == "image_generation_call":
            parts.append(image_in(raw))
        else:
            parts += _item(raw, {})[1]
    return with_signatures(parts)


def with_signatures(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Signatures that came as reasoning items, back on the calls they belong to."""
    found: list[Part] = []
    held: dict[str, str] = {}
    for part in parts:
        if isinstance(part, ThinkingPart) and part.redacted and is_signature(part.id):
            held[(part.id or "").removeprefix(SIGNATURE_ID)] = part.redacted
        elif isinstance(part, ToolCallPart) and part.id in held:
            found.append(structs.replace(part, signature=held.pop(part.id)))
        else:
            found.append(part)
    return tuple(found)


def is_signature(id: str | None) -> bool:
    """Whether a reasoning item is not reasoning but carries a call's signature."""
    return id is not None and id.startswith(SIGNATURE_ID)


def is_said(part: Part) -> bool:
    """Whether it is content of a message item."""
    return isinstance(part, (TextPart, RefusalPart, MediaPart))


def image_in(raw: Raw | bytes) -> Part:
    """An image that the model made."""
    given = _image.decode(raw)
    if given.result is None:
        return opaque(raw)
    mime = f"image/{given.output_format or 'png'}"
    return MediaPart(kind="image", mime=mime, data=given.result)


def thinking_in(item: ReasoningItem) -> ThinkingPart:
    """Summaries are paragraphs; the full text counts where there is no summary."""
    blocks = item.summary or item.content
    if not blocks and item.encrypted_content is not None:
        return ThinkingPart(redacted=item.encrypted_content, id=item.id)
    text = "\n\n".join([block.text for block in blocks or ()])
    return ThinkingPart(text=text, signature=item.encrypted_content, id=item.id)


def opaque(raw: Raw | bytes) -> OpaquePart:
    """An item as it stands, in memory of its own."""
    return OpaquePart(raw=Raw(bytes(raw)), dialect=NAME)


def _item(raw: Raw, names: dict[str, str]) -> tuple[Role, list[Part]]:
    kind = _kind.decode(raw).type
    match kind:
        case "message":
            item = _message.decode(raw)
            role = _ROLES.get(item.role)
            if role is None:
                raise BadRequest(f'unknown role "{item.role}"', param="input")
            return role, content_in(item.content)
        case "function_call":
            call = _call.decode(raw)
            names[call.call_id] = call.name
            part = ToolCallPart(id=call.call_id, name=call.name, arguments=call.arguments)
            return "assistant", [part]
        case "function_call_output":
            return "tool", [_result_in(_result.decode(raw), names)]
        case "reasoning":
            return "assistant", [thinking_in(_reasoning.decode(raw))]
        case _:
            role = "tool" if kind.endswith(("_output", "_response")) else "assistant"
            return role, [opaque(raw)]


def _result_in(given: ResultItem, names: dict[str, str]) -> ToolResultPart:
    call_id = given.call_id or ""
    parts = content_in(given.output) if given.output else []
    return ToolResultPart(
        call_id=call_id,
        name=given.name or names.get(call_id),
        parts=tuple([part for part in parts if isinstance(part, (TextPart, MediaPart))]),
    )


def content_in(content: str | list[PartIn] | None) -> list[Part]:
    """A string is one text."""
    if isinstance(content, str):
        return [TextPart(content)]
    return [_part_in(part) for part in content or ()]


def _part_in(part: PartIn) -> Part:
    match part.type:
        case "input_text" | "output_text" | "text":
            return TextPart(part.text, _cache(part))
        case "refusal":
            return RefusalPart(part.refusal)
        case "input_image":
            return _image_in(part)
        case "input_file":
            return _file(part)
        case "input_audio" if part.input_audio is not None:
            mime = f"audio/{part.input_audio.format}"
            return MediaPart(kind="audio", mime=mime, data=part.input_audio.data)
        case _ if part.text:
            return TextPart(part.text)
        case other:
            raise BadRequest(f'unknown content type "{other}"', param="input")


def _image_in(part: PartIn) -> MediaPart:
    mime, data, url = split_url(part.image_url or "")
    return MediaPart(
        kind="image",
        mime=mime,
        data=data,
        url=url or None,
        file_id=part.file_id,
        name=part.filename,
        detail=part.detail,
        cache=_cache(part),
    )


def _file(part: PartIn) -> MediaPart:
    mime, data, bare = split_url(part.file_data or "")
    return MediaPart(
        kind="file",
        mime=mime,
        data=data or bare or None,  # some send base64 without the prefix
        url=part.file_url,
        file_id=part.file_id,
        name=part.filename,
        detail=part.detail,
        cache=_cache(part),
    )


def _cache(part: PartIn) -> CacheTtl | None:
    mark = part.prompt_cache_breakpoint
    if mark is None:
        return None
    return "1h" if mark.ttl == "12h" else "5m"
