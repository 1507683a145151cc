"""Answers to questions that say nearly the same. Lossy by nature, so measured, guarded, and off by itself."""
