"""Limits and budgets: one port, counted in this process or in Redis."""
