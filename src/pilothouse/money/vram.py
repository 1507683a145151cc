"""How much GPU memory a model needs: all its weights, and the keys and values of every token in flight.

Weights count every expert of a mixture, not the active ones. Keys and values: 2 x layers x KV heads x head size x
bytes a token; multi-head latent attention keeps one compressed row a layer instead; a sliding window keeps no more
tokens than the window. Paging wastes the last block of each sequence; the engine itself takes a share.
"""

from __future__ import annotations

import math

from msgspec import Struct

GIB = 1024**3
BYTES = {"fp16": 2.0, "bf16": 2.0, "fp8": 1.0, "int8": 1.0, "int4": 0.5625}
"""Of one weight; 4-bit formats keep a scale for every group of weights (4.5 bits in all)."""
ENGINE_SHARE = 0.10
"""Of a GPU's memory, for activations, graphs and the engine: vLLM leaves 10 % by default."""
BLOCK_TOKENS = 16
"""Tokens of a page of the cache (vLLM's default)."""


class Architecture(Struct, frozen=True, kw_only=True):
    """What of a model decides its memory."""

    parameters_b: float
    """10^9, every expert included."""
    layers: int
    kv_heads: int = 0
    head_size: int = 128
    latent_size: int | None = None
    """Multi-head latent attention: numbers kept a token and layer, instead of keys and values."""
    window_tokens: int | None = None
    """Sliding window: the most tokens a windowed layer keeps."""
    windowed_layers: int = 0
    url: str


class Memory(Struct, frozen=True, kw_only=True):
    """GiB by what takes it, and the GPUs that hold it."""

    weights_gib: float
    kv_per_token_kib: float
    kv_per_sequence_gib: float
    kv_gib: float
    gpus: int
    """The least power of two that holds it; tensor parallelism wants one."""
    free_gib: float
    most_sequences: int
    """Sequences of this length that fit these GPUs."""


def kv_bytes_per_token(a: Architecture, kv_bytes: float = 2.0) -> float:
    """Of a token that every layer keeps."""
    per_layer = a.latent_size if a.latent_size else 2 * a.kv_heads * a.head_size
    return a.layers * per_layer * kv_bytes


def kv_bytes_per_sequence(a: Architecture, tokens: int, kv_bytes: float = 2.0) -> float:
    """Of a whole sequence, in whole pages; windowed layers keep no more than their window."""
    paged = math.ceil(tokens / BLOCK_TOKENS) * BLOCK_TOKENS
    per_layer = kv_bytes_per_token(a, kv_bytes) / a.layers
    kept = min(paged, a.window_tokens or paged)
    return per_layer * ((a.layers - a.windowed_layers) * paged + a.windowed_layers * kept)


def memory(
    a: Architecture,
    *,
    gpu_gib: float,
    tokens: int,
    sequences: int = 1,
    weights: str = "fp16",
    kv_bytes: float = 2.0,
) -> Memory:
    """For `sequences` at once of `tokens` each (input and output). `weights` is a key of `BYTES`."""
    of_weights = a.parameters_b * 1e9 * BYTES[weights] / GIB
    one = kv_bytes_per_sequence(a, tokens, kv_bytes) / GIB
    needed = of_weights + one * sequences
    usable = gpu_gib * (1 - ENGINE_SHARE)
    gpus = 1
    while gpus * usable < needed:
        gpus *= 2
    free = gpus * usable - of_weights
    return Memory(
        weights_gib=of_weights,
        kv_per_token_kib=kv_bytes_per_token(a, kv_bytes) / 1024,
        kv_per_sequence_gib=one,
        kv_gib=one * sequences,
        gpus=gpus,
        free_gib=free,
        most_sequences=int(free / one) if one else 0,
    )
