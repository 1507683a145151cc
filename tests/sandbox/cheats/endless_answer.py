# ruff: noqa
"""Gives an answer that never ends, and equals whatever it is compared with meanwhile."""


def square(n):
    a = []
    a.append(a)
    return a
