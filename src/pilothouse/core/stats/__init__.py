"""Exact and sequential statistics, with nothing but `math`. Definitions: docs/statistics.md."""
