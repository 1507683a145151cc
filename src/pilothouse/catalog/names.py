"""The many spellings of one model: dates, versions, provider prefixes, `-latest`."""

from __future__ import annotations

import re

_DATED = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|\d{2}-\d{4}|00\d)$")
_FULL_DATE = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8}|00\d)$")
_VERSION = re.compile(r"-v\d+(:\d+)?(:\d+k)?$")  # Bedrock's
_VENDOR = re.compile(r"^([a-z]{2,6}\.)?(amazon|anthropic|ai21|cohere|deepseek|google|meta|minimax|mistral"
                     r"|moonshotai?|nvidia|openai|qwen|writer|zai)\.")  # fmt: skip
_POINT = re.compile(r"(?<=\d)p(?=\d)")  # Fireworks writes llama-v3p1
_TAILS = ("-latest", "-instruct", "-chat", "-it", "-hf", "-maas", "-turbo-instruct")


def normal(name: str) -> str:
    """Lower case, and `-` for every kind of separator."""
    return name.strip().lower().replace(".", "-").replace("_", "-").replace(" ", "-")


def undated(name: str) -> str:
    """Without a trailing date or snapshot number."""
    return _DATED.sub("", name)


def spellings(name: str) -> list[str]:
    """Normal forms from exact to loose: as written, without prefix, version, date, `-latest`."""
    plain = normal(name)
    unprefixed = _VENDOR.sub("", name.strip().lower().rpartition("/")[2])
    tail = normal(_VERSION.sub("", unprefixed))
    whole = normal(unprefixed)
    bare = undated(tail)
    for end in _TAILS:
        bare = bare.removesuffix(end)
    return list(dict.fromkeys([plain, whole, tail, undated(tail), bare, undated(bare)]))


def same_model(name: str) -> str:
    """The normal form without a full date. `-2411` stays: for some vendors that is another model."""
    return _FULL_DATE.sub("", normal(name))


def loose(name: str) -> str:
    """The form in which hosts' names of one model agree: `llama-v3p1-8b-instruct` = `llama-3.1-8b`."""
    text = _POINT.sub(".", name.strip().lower().rpartition("/")[2])
    text = _VENDOR.sub("", text).partition(":")[0].partition("@")[0]
    text = re.sub(r"(llama|qwen|gemma|phi|grok|command|mistral)-?v?(?=\d)", r"\1-", text)
    text = normal(re.sub(r"-v(?=\d+[.p-])", "-", text))
    text = re.sub(r"^(meta-)?llama-(?=\d)", "llama-", text.removeprefix("meta-"))
    bare = same_model(_VERSION.sub("", text))
    for end in _TAILS:
        bare = bare.removesuffix(end)
    return same_model(bare)
