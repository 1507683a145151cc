"""Families of models that share a vocabulary nobody publishes (or that we do not ship), and how far off we are.

The factors are fitted by `tools/calibrate_tokens.py` on recorded answers with the usage that the vendor returned;
`families.json` holds them. docs/tokens.md gives rows, sources and coverage on the half that was held out.
"""

from __future__ import annotations

import math
import re
from functools import cache
from importlib import resources

import msgspec
from msgspec import Struct

from pilothouse.catalog.text_shape import Shape

Range = tuple[float, float, float]
"""Low, middle, high."""

_UNKNOWN_SCRIPT: Range = (0.6, 1.3, 3.0)
"""Tokens by ours where no usage was recorded: wider than any vocabulary we could count with."""


class Band(Struct, frozen=True, kw_only=True):
    """A line through (tokens, digits, signs) of a text, and the misses around it in units of `spread`."""

    base: float
    per_token: float
    per_digit: float
    per_sign: float
    low: float
    high: float
    other: Range | None = None


class Family(Struct, frozen=True, kw_only=True):
    """`request_tokens`: what a request adds to its texts, low, middle and high, as recorded."""

    name: str
    vendor: str
    band: Band
    basis: str
    request_tokens: tuple[int, int, int]

    def estimate(self, shape: Shape) -> tuple[int, int, int]:
        """Middle, low and high of the tokens of a text; low <= middle <= high, none below 0."""
        if not shape.tokens:
            return 0, 0, 0
        if shape.is_other:
            low, middle, high = (
                share * shape.tokens for share in self.band.other or _UNKNOWN_SCRIPT
            )
            low, high = low - abs(self.band.base) - 1, high + abs(self.band.base) + 1
        else:
            middle = self._line(shape)
            reach = spread(shape.tokens)
            low, high = middle + self.band.low * reach, middle + self.band.high * reach
        least = max(1, math.floor(low))
        most = max(least, math.ceil(high))
        return min(max(round(middle), least), most), least, most

    def _line(self, shape: Shape) -> float:
        band = self.band
        return (
            band.base
            + band.per_token * shape.tokens
            + band.per_digit * shape.digits
            + band.per_sign * shape.signs
        )


class _Kind(Struct, frozen=True):
    pattern: re.Pattern[str]
    name: str
    vendor: str
    request_tokens: tuple[int, int, int]


class _Fit(Struct, frozen=True):
    base: float
    per_token: float
    per_digit: float
    per_sign: float
    low: float
    high: float
    other: Range | None
    rows: int
    sources: list[str]
    vocabulary_rows: int


def _kind(pattern: str, name: str, vendor: str, request_tokens: tuple[int, int, int]) -> _Kind:
    return _Kind(re.compile(pattern), name, vendor, request_tokens)


_KINDS = (
    _kind(r"claude-(?:v?[12](?:[.:-]|$)|instant)", "claude-2", "Anthropic", (4, 9, 16)),
    _kind(
        r"claude-(?:opus-4-[789]|(?:opus|sonnet|haiku|fable|mythos)-[5-9])",
        "claude-4.7",
        "Anthropic",
        (5, 9, 20),
    ),
    _kind(r"claude", "claude-3", "Anthropic", (5, 7, 16)),
    _kind(r"gemini|gemma", "gemini", "Google", (0, 1, 8)),
    _kind(
        r"mistral-tiny|mistral-medium-2312|mistral-small-2402|mixtral-8x7b|mistral-7b",
        "mistral-v1",
        "Mistral",
        (3, 6, 16),
    ),
    _kind(r"mistral-large-2407|mixtral-8x22b|codestral-2405", "mistral-v3", "Mistral", (3, 6, 16)),
    _kind(
        r"mistral|mixtral|ministral|pixtral|magistral|voxtral|codestral|devstral",
        "mistral-tekken",
        "Mistral",
        (3, 6, 20),
    ),
    _kind(r"command", "cohere", "Cohere", (0, 8, 200)),
    _kind(r"(?<!distill-)deepseek(?!.*distill)", "deepseek", "DeepSeek", (2, 4, 8)),
    _kind(r"llama-?4", "llama4", "Meta", (5, 10, 50)),
    _kind(r"llama", "llama3", "Meta", (5, 10, 50)),
    _kind(r"sonar", "sonar", "Perplexity", (0, 1, 4)),
    _kind(r"qwen|qwq", "qwen", "Alibaba", (5, 10, 30)),
    _kind(r"nova-(?:2-)?(?:micro|lite|pro|premier)", "nova", "Amazon", (0, 3, 50)),
    _kind(r"grok", "grok", "xAI", (0, 5, 700)),
)
_ANY = Band(base=2, per_token=1.1, per_digit=0.3, per_sign=0.1, low=-0.8, high=1.2)


def family_of(model: str) -> Family:
    """The family by the model's id, whatever provider's prefix it has; else one that says it is unknown."""
    name = model.strip().lower().replace(".", "-").replace("_", "-")
    kind = next((k for k in _KINDS if k.pattern.search(name)), None)
    if kind is None:
        basis = f'no vocabulary and no recorded usage of "{model}": a wide guess from o200k_base'
        return Family(name="unknown", vendor="", band=_ANY, basis=basis, request_tokens=(0, 8, 50))
    fit = _fits()[kind.name]
    band = msgspec.convert(fit, Band, from_attributes=True)
    return Family(
        name=kind.name,
        vendor=kind.vendor,
        band=band,
        basis=_basis(kind, fit),
        request_tokens=kind.request_tokens,
    )


def spread(tokens: int) -> float:
    """The unit of misses: grows a little slower than the text."""
    return (tokens + 10) ** 0.9


def _basis(kind: _Kind, fit: _Fit) -> str:
    rows = f"{fit.rows:,} recorded answers with {kind.vendor}'s returned usage"
    if fit.vocabulary_rows:
        rows += f" and {fit.vocabulary_rows:,} texts counted with its published vocabulary"
    return f"o200k_base scaled to {kind.name} by {rows}"


@cache
def _fits() -> dict[str, _Fit]:
    file = resources.files("pilothouse.data").joinpath("tokens", "families.json")
    return msgspec.json.decode(file.read_bytes(), type=dict[str, _Fit])
