"""Conditions on request facts: a small closed language, checked at the start, compiled to closures.

Like CEL, without loops, macros and regular expressions. What a request does not say is absent: an absent
value equals nothing, is neither below nor above anything, and is never an error.
"""
