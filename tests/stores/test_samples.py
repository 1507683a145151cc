"""Sampled questions, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.core.sample_store import Sample

if TYPE_CHECKING:
    from .conftest import AnyStore


def a_sample(number: int, route: str = "r") -> Sample:
    return Sample(request_id=f"{route}{number}", at_us=number, route=route, body=b"{}")


def test_the_oldest_beyond_the_most_go_and_other_routes_stay(store: AnyStore) -> None:
    samples = store.samples
    samples.keep([a_sample(n) for n in range(5)], 3)
    samples.keep([a_sample(1, "other"), a_sample(4)], 3)
    assert [s.at_us for s in samples.samples("r", 0, 100)] == [2, 3, 4]
    assert len(samples.samples(None, 0, 100)) == 4
    assert samples.samples("r", 3, 4) == [a_sample(3)]
    assert samples.forget("r", 4) == 2
    assert [s.request_id for s in samples.samples(None, 0, 100)] == ["other1", "r4"]
