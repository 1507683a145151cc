"""Answers given again: to the same question, or (where a route says so) to one that says nearly the same."""
