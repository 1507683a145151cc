# ruff: noqa
"""Gives an answer nested ten thousand deep."""


def square(n):
    out = []
    for _ in range(10_000):
        out = [out]
    return out
