"""A missing variable is named; a key that stands in its place is not repeated."""

from __future__ import annotations

import pytest

from pilothouse.core.secret import not_set


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "_X", "database_url", "A1"])
def test_a_name_is_said(name: str) -> None:
    assert name in not_set(name)


@pytest.mark.parametrize(
    "key", ["sk-proj-abc", "AIzaSyAbc123", "ph-xyz", "a b", "A" * 65, "pässword"]
)
def test_a_key_is_not(key: str) -> None:
    assert key not in not_set(key)
    assert "is it the key itself?" in not_set(key)
