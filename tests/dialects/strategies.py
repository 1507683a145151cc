"""Questions, answers and streams with every noun in them, for the properties of the dialects.

They come in the form that all dialects share: one assistant turn is one message, a tool message has one
result, whose name is that of the call it answers; neighbouring texts of an answer are one text.
`without` takes away what a dialect said it lost, so that the rest can be compared.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import Raw

from pilothouse.core.answer import (
    Answer,
    Begin,
    Candidate,
    End,
    Event,
    Finish,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ToolBegin,
    ToolDelta,
    Usage,
    Used,
    WholePart,
)
from pilothouse.core.request import (
    MediaPart,
    Message,
    OutputFormat,
    Part,
    RefusalPart,
    Request,
    TextPart,
    Thinking,
    ThinkingPart,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)

_some = st.none()
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_-]{0,15}", fullmatch=True)
base64s = st.binary(min_size=3, max_size=12).map(lambda b: base64.b64encode(b).decode())
caches = _some | st.sampled_from(["5m", "1h"])
json_objects = st.dictionaries(names, st.integers(-9, 9) | texts | st.booleans(), max_size=3)
arguments = json_objects.map(lambda value: msgspec.json.encode(value).decode())
schemas = st.builds(
    lambda keys: Raw(
        msgspec.json.encode(
            {
                "type": "object",
                "properties": {key: {"type": "string"} for key in keys},
                "required": keys,
                "additionalProperties": False,
            }
        )
    ),
    st.lists(names, max_size=2, unique=True),
)

text_parts = st.builds(TextPart, text=texts, cache=caches)
_MIMES = {
    "image": ["image/png", "image/jpeg", "image/webp", "image/gif"],
    "audio": ["audio/wav", "audio/mp3", "audio/ogg"],
    "video": ["video/mp4"],
    "file": ["application/pdf", "text/plain"],
}


@st.composite
def media_parts(draw: st.DrawFn) -> MediaPart:
    """By data, by address or by handle; data always says what it is."""
    kind: Any = draw(st.sampled_from(sorted(_MIMES)))
    mime = draw(st.sampled_from(_MIMES[kind]))
    where = draw(st.sampled_from(["data", "url", "file_id"]))
    value = {
        "data": base64s,
        "url": names.map(lambda name: f"https://media.example/{name}"),
        "file_id": names.map(lambda name: f"file-{name}"),
    }[where]
    return MediaPart(
        kind=kind,
        mime=mime if where == "data" else draw(st.sampled_from([None, mime])),
        name=draw(_some | names.map(lambda name: name + ".bin")),
        detail=draw(_some | st.sampled_from(["low", "high", "auto"])) if kind == "image" else None,
        cache=draw(caches),
        **{where: draw(value)},
    )


@st.composite
def thinking_parts(draw: st.DrawFn) -> ThinkingPart:
    """Shown with or without a signature, or redacted; never empty."""
    id = draw(_some | names.map(lambda name: f"rs_{name}"))
    if draw(st.booleans()):
        return ThinkingPart(redacted=draw(base64s), id=id)
    return ThinkingPart(text=draw(texts), signature=draw(_some | base64s), id=id)


refusal_parts = st.builds(RefusalPart, text=texts)


@st.composite
def _assistant_parts(draw: st.DrawFn, *, is_answer: bool, calls: list[ToolCallPart]) -> list[Part]:
    parts: list[Part] = list(draw(st.lists(thinking_parts(), max_size=2)))
    if is_answer:
        parts += draw(st.lists(st.builds(TextPart, text=texts), max_size=1))
        parts += draw(st.lists(refusal_parts, max_size=1)) if len(parts) == 0 else []
    else:
        parts += draw(st.lists(text_parts | refusal_parts, max_size=2))
    for _ in range(draw(st.integers(0 if parts else 1, 3))):
        call = ToolCallPart(
            id=f"call_{len(calls)}",
            name=draw(names),
            arguments=draw(arguments),
            signature=draw(_some | base64s),
            cache=None if is_answer else draw(caches),
        )
        calls.append(call)
        parts.append(call)
    return parts


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    """Instructions, then turns; every tool result answers a call before it."""
    name = _some | names
    found: list[Message] = []
    for role in draw(st.lists(st.sampled_from(["system", "developer"]), max_size=2)):
        parts = draw(st.lists(text_parts, min_size=1, max_size=2))
        found.append(Message(role=role, parts=tuple(parts), name=draw(name)))
    calls: list[ToolCallPart] = []
    for _ in range(draw(st.integers(1, 3))):
        mine = draw(st.lists(text_parts | media_parts(), min_size=1, max_size=3))
        found.append(Message(role="user", parts=tuple(mine), name=draw(name)))
        if not draw(st.booleans()):
            continue
        before = len(calls)
        parts = draw(_assistant_parts(is_answer=False, calls=calls))
        found.append(Message(role="assistant", parts=tuple(parts), name=draw(name)))
        found += [draw(_tool_messages(call)) for call in calls[before:]]
    return tuple(found)


@st.composite
def _tool_messages(draw: st.DrawFn, call: ToolCallPart) -> Message:
    inner = draw(st.lists(text_parts | media_parts(), min_size=1, max_size=2))
    result = ToolResultPart(
        call_id=call.id,
        name=call.name,
        parts=tuple(inner),
        is_error=draw(st.booleans()),
        cache=draw(caches),
    )
    return Message(role="tool", parts=(result,))


tools = st.builds(
    Tool,
    name=names,
    description=_some | texts,
    parameters=_some | schemas,
    strict=_some | st.booleans(),
    cache=caches,
)
tool_choices = st.builds(
    ToolChoice, mode=st.sampled_from(["auto", "none", "required"])
) | st.builds(ToolChoice, mode=st.just("required"), name=names)
output_formats = st.just(OutputFormat()) | st.builds(
    OutputFormat,
    schema=schemas,
    name=_some | names,
    description=_some | texts,
    strict=_some | st.booleans(),
)
thinkings = st.builds(
    Thinking,
    effort=_some | st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh"]),
    budget_tokens=_some | st.sampled_from([0, 1024, 10_000]),
    is_shown=_some | st.booleans(),
    is_adaptive=st.booleans(),
)
_whole = st.integers(0, 1000)

requests = st.builds(
    Request,
    model=names,
    messages=conversations(),
    stream=st.booleans(),
    max_output_tokens=_some | st.integers(1, 100_000),
    temperature=_some | st.floats(0, 2),
    top_p=_some | st.floats(0, 1),
    top_k=_some | st.integers(1, 100),
    stop=st.lists(texts, max_size=3).map(tuple),
    n=_some | st.integers(1, 3),
    seed=_some | _whole,
    frequency_penalty=_some | st.floats(-2, 2),
    presence_penalty=_some | st.floats(-2, 2),
    logprobs=_some | st.booleans(),
    top_logprobs=_some | st.integers(0, 20),
    tools=st.lists(tools, max_size=3, unique_by=lambda tool: tool.name).map(tuple),
    tool_choice=_some | tool_choices,
    parallel_tool_calls=_some | st.booleans(),
    output=_some | output_formats,
    thinking=_some | thinkings,
    subject=_some | names,
)
"""`extra` is empty: it belongs to one dialect, whose test adds it."""


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Parts never exceed their whole."""
    cached, written, heard = draw(_whole), draw(_whole), draw(_whole)
    thought, spoken = draw(_whole), draw(_whole)
    return Usage(
        input_tokens=cached + written + heard + draw(_whole),
        output_tokens=thought + spoken + draw(_whole),
        cached_input_tokens=cached,
        cache_write_tokens=written,
        cache_write_1h_tokens=draw(st.integers(0, written)),
        reasoning_tokens=thought,
        audio_input_tokens=heard,
        audio_output_tokens=spoken,
        is_estimated=draw(st.booleans()),
    )


@st.composite
def candidates(draw: st.DrawFn) -> Candidate:
    """One answer, its reason fitting what it says."""
    calls: list[ToolCallPart] = []
    parts = draw(_assistant_parts(is_answer=True, calls=calls))
    reason = draw(st.sampled_from(["stop", "stop_sequence", "length", "content_filter"]))
    if calls and reason in ("stop", "stop_sequence"):
        reason = "tool_calls"
    return Candidate(
        parts=tuple(parts),
        finish_reason=reason,
        stop_sequence=draw(texts) if reason == "stop_sequence" else None,
    )


answers = st.builds(
    Answer,
    candidates=candidates().map(lambda one: (one,)),
    usage=_some | usages(),
    id=_some | names,
    model=names,
)


@st.composite
def streams(draw: st.DrawFn) -> tuple[Event, ...]:
    """An answer in pieces, cut anywhere, calls side by side; `told` gives the answer back."""
    answer = draw(answers)
    only = answer.candidates[0]
    found: list[Event] = [Begin(id=answer.id, model=answer.model)]
    waiting: list[list[Event]] = []
    for part in only.parts:
        pieces = _pieces(part, len(waiting), draw)
        if isinstance(part, ToolCallPart):
            waiting.append(pieces)
        else:
            found += pieces
    for begin in [pieces.pop(0) for pieces in waiting] if draw(st.booleans()) else []:
        found.append(begin)
    while any(waiting) and draw(st.booleans()):  # side by side only once all have begun
        first = next(pieces for pieces in waiting if pieces)
        found.append(first.pop(0))
    found += [event for pieces in waiting for event in pieces]
    found.append(Finish(only.finish_reason or "stop", stop_sequence=only.stop_sequence))
    if answer.usage is not None:
        found.append(Used(answer.usage))
    return (*found, End())


def _pieces(part: Part, index: int, draw: st.DrawFn) -> list[Event]:
    match part:
        case TextPart():
            return [TextDelta(text) for text in _cut(part.text, draw)]
        case RefusalPart():
            return [RefusalDelta(text) for text in _cut(part.text, draw)]
        case ThinkingPart(redacted=None):
            shown: list[Event] = [ThinkingDelta(text) for text in _cut(part.text, draw)]
            return [*shown, ThinkingDelta(signature=part.signature or "sig")]
        case ToolCallPart():
            begin = ToolBegin(index, part.id, part.name, signature=part.signature)
            return [begin, *[ToolDelta(index, text) for text in _cut(part.arguments, draw)]]
        case _:
            return [WholePart(part)]


def _cut(text: str, draw: st.DrawFn) -> list[str]:
    at = draw(st.integers(0, len(text)))
    return [piece for piece in (text[:at], text[at:]) if piece]


def told(events: Iterable[Event], choice: int = 0) -> Answer:
    """The answer that a stream tells. Handles of thinking blocks are not in streams."""
    parts: list[Part] = []
    calls: dict[int, int] = {}
    begin, finish, usage, is_open = Begin(), None, None, False
    for event in events:
        match event:
            case Begin():
                begin = event
            case Used():
                usage = event.usage
            case End():
                pass
            case Finish(choice=mine):
                finish = event if mine == choice else finish
            case _ if event.choice == choice:
                _absorb(parts, event, calls, is_open=is_open)
                is_open = isinstance(event, ThinkingDelta) and event.signature is None
            case _:
                pass
    only = Candidate(
        parts=tuple(parts),
        finish_reason=finish.reason if finish else None,
        stop_sequence=finish.stop_sequence if finish else None,
    )
    return Answer(candidates=(only,), usage=usage, id=begin.id, model=begin.model)


def _absorb(parts: list[Part], event: Event, calls: dict[int, int], *, is_open: bool) -> None:
    match event:
        case TextDelta():
            parts[:] = _more(parts, TextPart(event.text))
        case RefusalDelta():
            parts[:] = _more(parts, RefusalPart(event.text))
        case ThinkingDelta():
            piece = ThinkingPart(text=event.text, signature=event.signature)
            parts[:] = _more(parts, piece) if is_open else [*parts, piece]
        case ToolBegin(index, id, name):
            calls[index] = len(parts)
            call = ToolCallPart(id=id, name=name, arguments="", signature=event.signature)
            parts.append(call)
        case ToolDelta(index, arguments):
            piece = ToolCallPart(id="", name="", arguments=arguments)
            parts[calls[index]] = _more([parts[calls[index]]], piece)[0]
        case WholePart(part):
            parts.append(part)
        case _:
            raise AssertionError(f"no piece of an answer: {event}")


def _more(parts: Sequence[Part], piece: Part) -> list[Part]:
    last = parts[-1] if parts else None
    match last, piece:
        case (TextPart(), TextPart()) | (RefusalPart(), RefusalPart()):
            return [*parts[:-1], msgspec.structs.replace(last, text=last.text + piece.text)]
        case ThinkingPart(redacted=None), ThinkingPart():
            both = ThinkingPart(text=last.text + piece.text, signature=piece.signature)
            return [*parts[:-1], both]
        case ToolCallPart(), ToolCallPart():
            arguments = last.arguments + piece.arguments
            return [*parts[:-1], msgspec.structs.replace(last, arguments=arguments)]
        case _:
            return [*parts, piece]


_GONE: Any = object()
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def without(request: Request, lost: Iterable[str]) -> Request:
    """`request` with the fields at these paths at their defaults, lost parts and empty messages gone."""
    for path in lost:
        steps = [
            int(number) if number else name
            for name, number in _STEP.findall(path.partition(":")[0])
        ]
        request = _take(request, steps)
    return _swept(request)


def _take(value: Any, steps: list[Any]) -> Any:
    if not steps or value is _GONE:
        return _GONE
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        inner = _take(value[step], rest)
        return (*value[:step], inner, *value[step + 1 :])
    if isinstance(value, dict):
        return {key: inner for key, inner in value.items() if key != step}
    inner = _take(getattr(value, step), rest)
    if inner is _GONE:
        field = next(f for f in msgspec.structs.fields(value) if f.name == step)
        inner = field.default if field.default is not msgspec.NODEFAULT else ()
    return msgspec.structs.replace(value, **{step: inner})


def _swept(value: Any) -> Any:
    if isinstance(value, tuple):
        kept = [_swept(inner) for inner in value if inner is not _GONE]
        return tuple([v for v in kept if not (isinstance(v, Message) and not v.parts)])
    if isinstance(value, msgspec.Struct) and not isinstance(value, Raw):
        changed = {name: _swept(getattr(value, name)) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **changed)
    return value
