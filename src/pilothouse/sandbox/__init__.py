"""Runs programs that nobody trusts, each in a process of its own with nothing to reach."""
