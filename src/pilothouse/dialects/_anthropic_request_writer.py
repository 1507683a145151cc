"""A question written in Anthropic's Messages format, and what of it the format cannot say.

Decisions a caller of another dialect may want to know:
- `max_tokens` is required here. Without a limit of the caller's it is `DEFAULT_MAX_TOKENS` (above the
  thinking budget, where there is one); a client that knows the model's own limit sets it instead.
- Instructions before the first turn become `system`; later ones stay where they are as a user's words
  (`messages[i].role` is lost), because most models refuse a system turn in the middle. A question that
  was read from this dialect keeps its system turns. Instructions with no turn after them are one.
- Turns of the same side in a row become one; tool results come first in theirs, as the vendor demands.
- A temperature over 1 is 1, stop sequences of white space only are left out: the vendor refuses both.
- Not counted as lost: what `_anthropic_parts` says, and `output.name`, which is only a label.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from pilothouse.core.dialect import Written
from pilothouse.core.request import (
    MediaPart,
    Message,
    Request,
    Thinking,
    ThinkingPart,
    Tool,
    ToolCallPart,
)
from pilothouse.dialects._anthropic_blocks import NAME, BlockOut, Text, ToolResult, mark, with_extra
from pilothouse.dialects._anthropic_parts import Losses, write_part, write_parts

DEFAULT_MAX_TOKENS = 8192
"""What every model since the 3.5 generation can write in one answer."""

_LEAST_BUDGET = 1024
"""The vendor's lower bound of a thinking budget."""

_ANY_OBJECT = Raw(b'{"type":"object","properties":{}}')
_EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max"})

_fields = msgspec.json.Decoder(dict[str, Raw])
_list = msgspec.json.Decoder(list[Raw])
_encode = msgspec.json.Encoder().encode
_Body = dict[str, Any]


class _ToolOut(msgspec.Struct, omit_defaults=True):
    name: str
    input_schema: Raw
    description: str | None = None
    strict: bool | None = None
    cache_control: msgspec.Struct | None = None


def write_request(request: Request) -> Written:
    """The body that asks `request`."""
    lost = Losses()
    body: _Body = {"model": request.model, "max_tokens": request.max_output_tokens}
    start = _system(request, body, lost)
    body["messages"] = _turns(request, start, lost)
    _tools(request, body, lost)
    _thinking(request, body, lost)
    _output(request, body, lost)
    _sampling(request, body, lost)
    if request.stream:
        body["stream"] = True
    if request.subject is not None:
        body["metadata"] = {"user_id": request.subject}
    _extras(request, body, lost)
    return Written(_encode(body), tuple(lost))


def _system(request: Request, body: _Body, lost: Losses) -> int:
    """Writes the instructions before the first turn; returns where the turns start.

    The last message is never one of them, as there must be a turn to answer.
    """
    blocks: list[BlockOut] = []
    messages, start = request.messages, 0
    while start < len(messages) - 1 and messages[start].role in ("system", "developer"):
        blocks += _instructions(messages[start], f"messages[{start}]", lost)
        start += 1
    if blocks:
        body["system"] = _content(blocks)
    return start


def _instructions(message: Message, at: str, lost: Losses) -> list[BlockOut]:
    if message.name is not None:
        lost.add(f"{at}.name")
    found: list[BlockOut] = []
    for i, part in enumerate(message.parts):
        block = write_part(part, f"{at}.parts[{i}]", lost)
        if isinstance(block, (Text, Raw)):
            found.append(block)
        elif block is not None:
            lost.add(f"{at}.parts[{i}]", "only text can instruct")
    return found


def _turns(request: Request, start: int, lost: Losses) -> list[dict[str, Any]]:
    turns: list[tuple[str, list[BlockOut]]] = []
    is_own = request.dialect == NAME
    for i in range(start, len(request.messages)):
        message, at = request.messages[i], f"messages[{i}]"
        role = "assistant" if message.role == "assistant" else "user"
        if message.role in ("system", "developer"):
            role = "system" if is_own else "user"
            blocks = _instructions(message, at, lost)
            if not is_own:
                lost.add(f"{at}.role", f"{message.role} in the middle, said as the user")
        else:
            blocks = _turn(message, at, lost)
        if not blocks:
            continue
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(blocks)
        else:
            turns.append((role, blocks))
    return [{"role": role, "content": _content(_results_first(blocks))} for role, blocks in turns]


def _turn(message: Message, at: str, lost: Losses) -> list[BlockOut]:
    if message.name is not None:
        lost.add(f"{at}.name")
    if message.role != "assistant":
        return write_parts(message.parts, at, lost)
    found: list[BlockOut] = []
    for i, part in enumerate(message.parts):
        if isinstance(part, MediaPart):
            lost.add(f"{at}.parts[{i}]", f"{part.kind} in a turn of the model's")
        elif (block := write_part(part, f"{at}.parts[{i}]", lost)) is not None:
            found.append(block)
    return found


def _results_first(blocks: list[BlockOut]) -> list[BlockOut]:
    results = [block for block in blocks if isinstance(block, ToolResult)]
    if not results:
        return blocks
    return [*results, *[block for block in blocks if not isinstance(block, ToolResult)]]


def _content(blocks: list[BlockOut]) -> Any:
    only = blocks[0] if len(blocks) == 1 else None
    if isinstance(only, Text) and only.cache_control is None:
        return only.text
    return blocks


def _tools(request: Request, body: _Body, lost: Losses) -> None:
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    choice, parallel = request.tool_choice, request.parallel_tool_calls
    if choice is None and parallel is None:
        return
    if not request.tools and not (request.dialect == NAME and "tools" in request.extra):
        if choice is not None:  # the vendor refuses a choice among no tools
            lost.add("tool_choice", "no tools to choose from")
        if parallel is not None:
            lost.add("parallel_tool_calls", "no tools to call")
        return
    mode = choice.mode if choice else "auto"
    written: _Body = {"type": "any" if mode == "required" else mode}
    if choice and choice.name is not None:
        written = {"type": "tool", "name": choice.name}
    if parallel is not None and mode == "none":
        lost.add("parallel_tool_calls", "no tool may be called")
    elif parallel is not None:
        written["disable_parallel_tool_use"] = not parallel
    body["tool_choice"] = written


def _tool(tool: Tool) -> Any:
    out = _ToolOut(
        tool.name, tool.parameters or _ANY_OBJECT, tool.description, tool.strict, mark(tool.cache)
    )
    return with_extra(out, tool.extra)


def _thinking(request: Request, body: _Body, lost: Losses) -> None:
    limit, how = request.max_output_tokens, request.thinking
    is_off = how is not None and (how.effort == "none" or how.budget_tokens == 0)
    budget = None if how is None or is_off else _budget(request, lost)
    body["max_tokens"] = DEFAULT_MAX_TOKENS + (budget or 0) if limit is None else limit
    if how is None:
        return
    if is_off:
        body["thinking"] = {"type": "disabled"}
        _unsaid_when_off(how, lost)
        return
    if budget is not None:
        body["thinking"] = {"type": "enabled", "budget_tokens": budget}
        if how.is_adaptive:
            lost.add("thinking.is_adaptive", "a budget was given too")
    elif how.is_adaptive or how.is_shown is not None:
        body["thinking"] = {"type": "adaptive"}
    if how.is_shown is not None:
        body["thinking"]["display"] = "summarized" if how.is_shown else "omitted"


def _unsaid_when_off(how: Thinking, lost: Losses) -> None:
    """Off is off: what else was said of thinking has no place then."""
    if how.is_shown is not None:
        lost.add("thinking.is_shown")
    if how.is_adaptive:
        lost.add("thinking.is_adaptive")
    if how.budget_tokens:
        lost.add("thinking.budget_tokens", "no thinking was asked for")


def _budget(request: Request, lost: Losses) -> int | None:
    """The budget, made one that the vendor takes when the question comes from another dialect."""
    budget = request.thinking.budget_tokens if request.thinking else None
    if not budget or request.dialect == NAME:
        return budget
    if _continues_unthought(request):
        lost.add("thinking.budget_tokens", "the tool call it goes on from has no thinking")
        return None
    limit = request.max_output_tokens
    if budget < _LEAST_BUDGET:
        lost.add("thinking.budget_tokens", f"under {_LEAST_BUDGET}")
        budget = _LEAST_BUDGET
    if limit is not None and budget >= limit:
        lost.add("thinking.budget_tokens", "not under max_output_tokens")
        return limit - 1 if limit > _LEAST_BUDGET else None
    return budget


def _continues_unthought(request: Request) -> bool:
    """Whether the last turn of the model called a tool and shows no thinking that it could prove.

    With a budget the vendor refuses to go on from such a turn.
    """
    for message in reversed(request.messages):
        if message.role == "assistant":
            kinds = [type(part) for part in message.parts]
            return ToolCallPart in kinds and ThinkingPart not in kinds
        if message.role == "user":
            return False
    return False


def _output(request: Request, body: _Body, lost: Losses) -> None:
    config: _Body = {}
    effort = request.thinking.effort if request.thinking else None
    if effort == "minimal":
        lost.add("thinking.effort", "minimal, said as low")
        effort = "low"
    if effort in _EFFORTS or (effort and request.dialect == NAME):
        config["effort"] = effort
    elif effort and effort != "none":
        lost.add("thinking.effort", effort)
    form = request.output
    if form is not None and form.schema is None:
        lost.add("output", "any JSON object, without a schema")
    elif form is not None:
        config["format"] = {"type": "json_schema", "schema": form.schema}
        if form.description is not None:
            lost.add("output.description")
        if form.strict is False:  # here a schema is always kept
            lost.add("output.strict")
    if config:
        body["output_config"] = config


def _sampling(request: Request, body: _Body, lost: Losses) -> None:
    temperature = request.temperature
    if temperature is not None:
        if temperature > 1 and request.dialect != NAME:
            lost.add("temperature", "over 1, said as 1")
            temperature = 1.0
        body["temperature"] = temperature
    if request.top_p is not None:
        body["top_p"] = request.top_p
    if request.top_k is not None:
        body["top_k"] = request.top_k
    stop = [s for s in request.stop if s.strip()]
    if stop:
        body["stop_sequences"] = stop
    for i, sequence in enumerate(request.stop):
        if not sequence.strip():
            lost.add(f"stop[{i}]", "white space only")
    if request.n is not None and request.n > 1:
        lost.add("n")
    if request.seed is not None:
        lost.add("seed")
    for name in ("frequency_penalty", "presence_penalty", "logprobs", "top_logprobs"):
        if getattr(request, name):  # 0 and false ask for nothing
            lost.add(name)


def _extras(request: Request, body: _Body, lost: Losses) -> None:
    for name, raw in request.extra.items():
        if request.dialect != NAME:
            lost.add(f"extra.{name}")
        elif name not in body:
            body[name] = raw
        elif name == "tools":
            body[name] = [*body[name], *_list.decode(raw)]
        elif isinstance(body[name], dict):
            body[name] = {**_fields.decode(raw), **body[name]}
