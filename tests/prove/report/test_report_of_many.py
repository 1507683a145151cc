"""A report of a hundred thousand answers."""

import tracemalloc

import pytest
from evidence_builder import rich, settings

from pilothouse.prove.render.html import page
from pilothouse.prove.report import report


@pytest.mark.slow
def test_a_hundred_thousand_answers_take_little_memory_and_a_small_page() -> None:
    found = rich(50_000, ("steady", "swift"))
    asked = settings("steady", "swift", accuracy=">= 0.7", latency_p95_ms="<= 3000")
    tracemalloc.start()
    made = report(asked, found)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert made.answers == 100_000
    assert peak < 40_000_000
    assert len(page(made)) < 200_000
