from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.money.hardware import architecture
from pilothouse.money.vram import (
    BYTES,
    Architecture,
    kv_bytes_per_sequence,
    kv_bytes_per_token,
    memory,
)


@pytest.mark.parametrize(
    ("model", "kib"),
    [
        ("llama-3.1-8b", 128),
        ("llama-3.1-70b", 320),
        ("llama-3.1-405b", 504),
        ("mixtral-8x7b", 128),
        ("mixtral-8x22b", 224),
        ("mistral-large-2", 352),
    ],
)
def test_keys_and_values_of_a_token(model: str, kib: int) -> None:
    assert kv_bytes_per_token(architecture(model)) / 1024 == kib


def test_a_sequence_of_128k_on_70b_takes_40_gib() -> None:
    assert kv_bytes_per_sequence(architecture("llama-3.1-70b"), 131_072) / 1024**3 == 40


def test_every_expert_is_held_not_the_active_ones() -> None:
    found = memory(architecture("mixtral-8x7b"), gpu_gib=80, tokens=4096)
    assert found.weights_gib == pytest.approx(87.0, rel=0.01)
    assert found.gpus == 2


def test_latent_attention_keeps_one_row() -> None:
    latent = kv_bytes_per_token(architecture("deepseek-v3"))
    assert latent == 61 * 576 * 2
    assert latent < kv_bytes_per_token(architecture("llama-3.1-8b"))


def test_a_window_caps_what_its_layers_keep() -> None:
    windowed = architecture("starcoder2-15b")
    assert kv_bytes_per_sequence(windowed, 16_384) == kv_bytes_per_sequence(windowed, 4096)


@given(st.integers(1, 200_000), st.integers(1, 64), st.sampled_from(list(BYTES)))
def test_what_is_said_to_fit_fits(tokens: int, sequences: int, weights: str) -> None:
    shape = Architecture(parameters_b=8, layers=32, kv_heads=8, url="x")
    found = memory(shape, gpu_gib=80, tokens=tokens, sequences=sequences, weights=weights)
    assert found.weights_gib + found.kv_gib <= found.gpus * 80 * 0.9 + 1e-6
    assert found.most_sequences >= sequences
