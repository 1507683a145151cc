from __future__ import annotations

from datetime import date

import pytest

from pilothouse.catalog.catalog import load_bundled
from pilothouse.catalog.standing import Standing, standing

CATALOG = load_bundled()


def of(name: str, day: date) -> Standing:
    return standing(CATALOG, CATALOG.find(name), day)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2020, 1, 1), "could not be had on 2020-01-01: released 2024-05-13"),
        (date(2026, 11, 24), "ends on 2027-01-14; use gpt-6-luna instead"),
        (date(2027, 1, 14), "was retired on 2027-01-14; use gpt-6-luna instead"),
    ],
)
def test_a_model_is_not_yet_there_or_ends_or_has_ended_and_names_who_follows(
    day: date, said: str
) -> None:
    assert of("gpt-4o", day).text == f"gpt-4o {said}"


def test_of_a_model_without_an_end_there_is_nothing_to_say() -> None:
    here = of("llama-3.1-8b", date(2026, 1, 1))
    assert here.text is None and not here.is_retired and not here.is_unreleased
