"""Nouns, errors, rules and statistics. Pure: no I/O, no clock, no randomness."""
