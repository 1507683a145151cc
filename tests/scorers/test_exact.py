"""The exact scorer."""

import pytest

from pilothouse.core.case import Case
from pilothouse.core.grade import Given
from pilothouse.scorers.exact import ExactScorer


def test_space_is_forgiven_and_case_only_when_asked() -> None:
    case = Case(id="a", prompt="q", expected="New York")
    assert ExactScorer().score(Given(text="  New \n York "), case).value == 1.0
    assert ExactScorer().score(Given(text="new york"), case).value == 0.0
    assert ExactScorer(ignore_case=True).score(Given(text="new york"), case).value == 1.0
    assert ExactScorer(ignore_space=False).score(Given(text="New York "), case).value == 0.0


def test_nothing_expected_cannot_be_exact() -> None:
    with pytest.raises(ValueError, match="nothing is expected"):
        ExactScorer().check(Case(id="a", prompt="q"))
