"""How Gemini is told to answer (`generationConfig`), to our fields and back.

Numbers are read leniently, as protobuf's JSON is: `"100"` and `40.0` are integers.
Source: https://ai.google.dev/api/generate-content#generationconfig.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from pilothouse.core.request import OutputFormat, Request, Thinking
from pilothouse.dialects._camel import camel_fields, camel_object
from pilothouse.dialects._gemini_contents import Lost
from pilothouse.dialects._gemini_schema import json_schema
from pilothouse.dialects._raw import ABSENT, present


class ThinkingIn(Struct, rename="camel"):
    include_thoughts: bool | None = None
    thinking_budget: int | None = None
    thinking_level: str | None = None


class ConfigIn(Struct, rename="camel"):
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_output_tokens: int | None = None
    stop_sequences: list[str] | None = None
    candidate_count: int | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_logprobs: bool | None = None
    logprobs: int | None = None
    thinking_config: ThinkingIn | None = None
    response_mime_type: str | None = None
    response_schema: Raw = ABSENT
    response_json_schema: Raw = ABSENT

    @property
    def output(self) -> OutputFormat | None:
        if self.response_mime_type != "application/json":
            return None
        schema, own = present(self.response_json_schema), present(self.response_schema)
        if schema is None and own is not None:
            schema = json_schema(own)
        return OutputFormat(schema=schema)

    @property
    def thinking(self) -> Thinking | None:
        given = self.thinking_config
        if given is None:
            return None
        budget = given.thinking_budget
        is_adaptive = budget is not None and budget < 0
        return Thinking(
            effort=given.thinking_level.lower() if given.thinking_level else None,
            budget_tokens=None if is_adaptive else budget,
            is_shown=given.include_thoughts,
            is_adaptive=is_adaptive,
        )


config_in = msgspec.json.Decoder(ConfigIn, strict=False)
_encode = msgspec.json.Encoder().encode
_FORM = {"responseMimeType", "responseSchema", "responseJsonSchema"}
_KNOWN = set(ConfigIn.__struct_encode_fields__)
_SAME = (
    ("temperature", "temperature"),
    ("topP", "top_p"),
    ("topK", "top_k"),
    ("maxOutputTokens", "max_output_tokens"),
    ("candidateCount", "n"),
    ("seed", "seed"),
    ("presencePenalty", "presence_penalty"),
    ("frequencyPenalty", "frequency_penalty"),
    ("responseLogprobs", "logprobs"),
    ("logprobs", "top_logprobs"),
)
_PLAIN = Raw(b'"text/plain"')
# Before Gemini 3 there are no levels; Google's own compatible endpoint takes these budgets for them.
# Source: https://ai.google.dev/gemini-api/docs/openai#thinking
_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576}


def named(data: Raw) -> bytes:
    """The configuration with every name in camelCase, schemas untouched."""
    whole = bytes(data)
    if b"_" not in whole:
        return whole
    fields = camel_fields(data)
    if "thinkingConfig" in fields:
        fields["thinkingConfig"] = Raw(camel_object(fields["thinkingConfig"], depth=1))
    return _encode(fields)


def config_rest(config: bytes, given: ConfigIn) -> Raw | None:
    """What no field of ours holds, as an object; None when that is nothing."""
    known = _KNOWN if given.output is not None else _KNOWN - _FORM
    rest = {k: v for k, v in camel_fields(config).items() if k not in known and present(v)}
    if given.output is None and rest.get("responseMimeType") == _PLAIN:
        del rest["responseMimeType"]
    return Raw(_encode(rest)) if rest else None


def config_out(request: Request, lost: Lost) -> dict[str, Any]:
    """The fields of `request` that belong there."""
    config: dict[str, Any] = {}
    for wire, name in _SAME:
        value = getattr(request, name)
        if value is not None:
            config[wire] = value
    if request.stop:
        config["stopSequences"] = list(request.stop)
    if request.output is not None:
        config["responseMimeType"] = "application/json"
        if request.output.schema is not None:
            config["responseJsonSchema"] = request.output.schema
        for name in ("name", "description", "strict"):
            if getattr(request.output, name) is not None:
                lost(f"output.{name}")
    if request.thinking is not None:
        thinking = _thinking_out(request.thinking, request.model, lost)
        if thinking:
            config["thinkingConfig"] = thinking
    return config


def _thinking_out(thinking: Thinking, model: str, lost: Lost) -> dict[str, Any]:
    """A level and a budget exclude each other: a budget says more."""
    config: dict[str, Any] = {}
    if thinking.is_shown is not None:
        config["includeThoughts"] = thinking.is_shown
    effort, budget = thinking.effort, thinking.budget_tokens
    if budget is not None:
        config["thinkingBudget"] = budget
        if thinking.is_adaptive:
            lost("thinking.is_adaptive")
    elif thinking.is_adaptive:
        config["thinkingBudget"] = -1
    if effort is None:
        return config
    has_levels = model.partition("gemini-")[2][:1] not in ("1", "2")
    if "thinkingBudget" not in config and effort != "none" and has_levels:
        config["thinkingLevel"] = effort.upper()
        return config
    lost("thinking.effort")
    if "thinkingBudget" not in config:
        config["thinkingBudget"] = _BUDGETS.get(effort, 0 if effort == "none" else -1)
    return config
