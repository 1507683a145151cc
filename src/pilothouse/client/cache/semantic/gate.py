"""Whether a semantic cache may be switched on: only where its wrong answers were counted, and are few enough."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

import msgspec

from pilothouse.client.cache.semantic.measure import Measured, Rate
from pilothouse.core.errors import InvalidInput
from pilothouse.core.route_settings import SemanticSettings

_decoder = msgspec.json.Decoder(tuple[Measured, ...])


def shipped() -> tuple[Measured, ...]:
    """What `bench/bench_cache.py` measured (docs/caching.md)."""
    text = resources.files("pilothouse.data").joinpath("semantic_cache.json").read_bytes()
    return _decoder.decode(text)


def read_measured(text: bytes, name: str) -> tuple[Measured, ...]:
    """From a file that `pilothouse cache measure` wrote. Raises `InvalidInput`."""
    try:
        return _decoder.decode(text)
    except msgspec.MsgspecError as error:
        raise InvalidInput(
            f"{name}: not a measurement: {error}. Write one with: pilothouse cache measure"
        ) from None


def why_refused(
    settings: SemanticSettings, embedding: str, known: Sequence[Measured]
) -> str | None:
    """Why `settings` may not be switched on with this embedding; None when they may.

    What counts is the worst set, at the nearest threshold measured at or below the one that is set: a
    higher one answers less.
    """
    if settings.despite_false_hits:
        return None
    told = "say despite_false_hits: true to switch it on all the same"
    found = [m for m in known if m.embedding == embedding and m.guards == settings.guards]
    rates = [(m.set, rate) for m in found if (rate := _at(m.rates, settings.threshold))]
    if not rates or len(rates) < len(found):
        what = "with" if settings.guards else "without"
        return (
            f'nobody has counted the wrong answers of "{embedding}" {what} guards at '
            f"{settings.threshold:g}: do so with pilothouse cache measure and name the file in "
            f"measured, or {told}"
        )
    name, worst = max(rates, key=lambda one: one[1].false_hits_upper)
    if worst.false_hits_upper <= settings.most_false_hits:
        return None
    return (
        f"at {worst.threshold:g} it answered {worst.false_hits} of {worst.near_misses} near-misses of "
        f"{name} wrongly, so up to {worst.false_hits_upper:.2%} of them (95 %), which is above "
        f"most_false_hits ({settings.most_false_hits:.2%}): raise the threshold, or {told}"
    )


def _at(rates: Sequence[Rate], threshold: float) -> Rate | None:
    below = [rate for rate in rates if rate.threshold <= threshold]
    return max(below, key=lambda rate: rate.threshold) if below else None
