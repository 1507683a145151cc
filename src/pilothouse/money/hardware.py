"""GPUs, architectures and measured curves, as shipped; each with where it comes from."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from importlib import resources

import msgspec
from msgspec import Struct

from pilothouse.catalog.names import loose
from pilothouse.core.errors import InvalidInput, NotFound, did_you_mean
from pilothouse.money.capacity import Curve
from pilothouse.money.vram import Architecture


class Gpu(Struct, frozen=True, kw_only=True):
    """One kind, and what an hour of it costs by contract (USD)."""

    memory_gib: int
    usd_hour: dict[str, Decimal]
    source: str


class Hardware(Struct, frozen=True, kw_only=True):
    """The file as shipped."""

    gpus: dict[str, Gpu]
    architectures: dict[str, Architecture]
    curves: list[Curve]


@cache
def load_hardware() -> Hardware:
    """The figures that ship with the package."""
    file = resources.files("pilothouse.data").joinpath("hardware", "hardware.json")
    return msgspec.json.decode(file.read_bytes(), type=Hardware)


def gpu(name: str) -> Gpu:
    """Raises `InvalidInput` with the nearest name."""
    known = load_hardware().gpus
    if name.lower() not in known:
        hint = did_you_mean(name.lower(), known) or f" Known: {', '.join(known)}."
        raise InvalidInput(f'--gpu: nothing is known of "{name}".{hint}')
    return known[name.lower()]


def architecture(model: str) -> Architecture:
    """Raises `NotFound`: weights alone do not say how much memory keys and values take."""
    known = {loose(name): a for name, a in load_hardware().architectures.items()}
    if loose(model) not in known:
        names = list(load_hardware().architectures)
        hint = did_you_mean(model, names) or f" Known: {', '.join(names)}."
        raise NotFound(f'the architecture of "{model}" is not known.{hint}')
    return known[loose(model)]


def curves(model: str, gpu_name: str | None = None) -> list[Curve]:
    """Measured on this model (and GPU), the highest output first. Raises `NotFound` when nobody measured it."""
    found = [
        c
        for c in load_hardware().curves
        if loose(c.model) == loose(model) and gpu_name in (None, c.gpu)
    ]
    if not found:
        there = sorted({f"{c.model} on {c.gpu}" for c in load_hardware().curves})
        where = f" on {gpu_name}" if gpu_name else ""
        raise NotFound(
            f'nobody measured "{model}"{where}: no capacity is guessed. Measured: {", ".join(there)}'
        )
    return sorted(found, key=lambda c: (-c.capacity_tokens_per_s / c.gpus, c.id))
