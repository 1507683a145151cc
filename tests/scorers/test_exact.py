"""The exact scorer."""

import pytest

from pilothouse.core.case import Case
from pilothouse.scorers.exact import ExactScorer


def test_space_is_forgiven_and_case_only_when_asked() -> None:
    case = Case(id="a", prompt="q", expected="New York")
    assert ExactScorer().score("  New \n York ", case)[0] == 1.0
    assert ExactScorer().score("new york", case)[0] == 0.0
    assert ExactScorer(ignore_case=True).score("new york", case)[0] == 1.0
    assert ExactScorer(ignore_space=False).score("New York ", case)[0] == 0.0


def test_nothing_expected_cannot_be_exact() -> None:
    with pytest.raises(ValueError, match="nothing is expected"):
        ExactScorer().score("x", Case(id="a", prompt="q"))
