"""What a fleet can answer, from measurements: rate x length up to a measured capacity, never beyond.

Utilisation is not an input: it follows from the request rate. Output tokens a second at rate r, mean output L and
capacity C are r L / (1 + (r L / C)^3)^(1/3): the plain minimum of the two, rounded off where they meet. The exponent
was chosen on other configurations than those it is judged on (docs/self-hosting.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

ROUNDING = 3.0
SECONDS_A_MONTH = 730 * 3600


class Curve(Struct, frozen=True, kw_only=True):
    """Measured output of one model on one fleet, at the lengths it was measured with."""

    id: str
    model: str
    engine: str
    precision: str
    gpu: str
    gpus: int
    input_tokens: int
    output_tokens: int
    runs: list[tuple[float, float]]
    """(requests a second, output tokens a second); rate 0 = offered all at once."""
    source: str

    @property
    def capacity_tokens_per_s(self) -> float:
        """The most that was measured."""
        return max(tokens for _, tokens in self.runs)


class Load(Struct, frozen=True, kw_only=True):
    """A fleet under a load."""

    tokens_per_s: float
    """Of output, that come out."""
    utilisation: float
    """Of the capacity, 0-1."""
    replicas: int
    """For the peak, with the spare ones."""
    is_extrapolated: bool
    """Whether the lengths differ from those measured by more than a factor of 1.5: then it is a guess."""


def output_rate(
    requests_per_s: float, output_tokens: float, capacity: float, rounding: float = ROUNDING
) -> float:
    """Output tokens a second of one replica."""
    asked = requests_per_s * output_tokens
    if not asked:
        return 0.0
    return asked / (1 + (asked / capacity) ** rounding) ** (1 / rounding)


def load(
    curve: Curve,
    *,
    requests_per_s: float,
    input_tokens: int,
    output_tokens: int,
    peak_to_average: float = 1.0,
    spare_replicas: int = 0,
    most_busy: float = 0.85,
) -> Load:
    """Replicas are enough to keep the peak below `most_busy` of the capacity, plus the spare ones."""
    capacity = curve.capacity_tokens_per_s
    asked = requests_per_s * output_tokens
    needed = max(1, math.ceil(asked * peak_to_average / (capacity * most_busy)))
    each = output_rate(requests_per_s / needed, output_tokens, capacity)
    far = max(
        _factor(input_tokens, curve.input_tokens), _factor(output_tokens, curve.output_tokens)
    )
    return Load(
        tokens_per_s=each * needed,
        utilisation=min(1.0, asked / (capacity * needed)),
        replicas=needed + spare_replicas,
        is_extrapolated=far > 1.5,
    )


def held_out_errors(curves: Sequence[Curve], exponents: Sequence[float]) -> list[float]:
    """Relative errors of every run, predicted without it and with an exponent chosen on the other curves."""
    errors: list[float] = []
    for curve in curves:
        others = [c for c in curves if c.id != curve.id]
        chosen = min(exponents, key=lambda k: _ninetieth(_errors(others, k)))
        errors += _errors([curve], chosen)
    return errors


def _errors(curves: Sequence[Curve], exponent: float) -> list[float]:
    errors: list[float] = []
    for curve in curves:
        for i, (rate, seen) in enumerate(curve.runs):
            rest = [tokens for j, (_, tokens) in enumerate(curve.runs) if j != i]
            if rest and rate:
                told = output_rate(rate, curve.output_tokens, max(rest), exponent)
                errors.append(abs(told / seen - 1))
    return errors


def _ninetieth(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))] if ordered else 0.0


def _factor(a: float, b: float) -> float:
    return max(a, b) / max(1.0, min(a, b))
