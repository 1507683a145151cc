# ruff: noqa
"""Gives an answer that is too large to be looked at."""


def square(n):
    return "x" * 400_000_000
