"""What is found, what is not, and how often it errs."""

from __future__ import annotations

import gzip
import json
from importlib import resources

import pytest
from pii_examples import LABELLED, NOTHING

from pilothouse.guards._pii_find import KINDS, find
from pilothouse.guards._pii_numbers import is_card, is_iban, is_phone

ALL = frozenset(KINDS)


def found(text: str) -> list[tuple[str, str]]:
    return [(text[one.start : one.end], one.kind) for one in find(text, ALL)]


@pytest.mark.parametrize(("text", "labels"), LABELLED[:-3])
def test_personal_data_is_found_whole(text: str, labels: list[tuple[str, str]]) -> None:
    assert found(text) == labels


@pytest.mark.parametrize("text", NOTHING)
def test_what_only_looks_similar_is_left(text: str) -> None:
    assert found(text) == []


def test_precision_and_recall_on_the_labelled_set_are_as_documented() -> None:
    wanted = [(i, *label) for i, (_, labels) in enumerate(LABELLED) for label in labels]
    got = [(i, *one) for i, (text, _) in enumerate(LABELLED) for one in found(text)]
    wrong = sum(len(found(text)) for text in NOTHING)
    hits = len(set(wanted) & set(got))
    assert (len(wanted), hits, len(got) - hits + wrong) == (37, 33, 0)


def test_no_grade_school_question_holds_personal_data() -> None:
    file = resources.files("pilothouse.data") / "gsm8k" / "recorded.jsonl.gz"
    rows = gzip.decompress(file.read_bytes()).splitlines()
    alarms = [one for row in rows for one in found(json.loads(row)["prompt"])]
    assert (len(rows), alarms) == (1319, [])


def test_only_the_kinds_asked_for_are_found() -> None:
    text = "ann@example.com 4111111111111111"
    assert [one.kind for one in find(text, frozenset({"card"}))] == ["card"]


def test_check_digits_decide() -> None:
    # Published test numbers: Stripe's and the SWIFT registry's examples.
    assert all(map(is_card, ("378282246310005", "6011111111111117", "4242424242424242")))
    assert not any(map(is_card, ("378282246310006", "1111111111111117", "4242424242424241")))
    assert all(
        map(is_iban, ("BE68539007547034", "CH9300762011623852957", "SE4550000000058398257466"))
    )
    assert not any(map(is_iban, ("BE68539007547035", "ZZ68539007547034", "BE6853900754703")))


def test_a_phone_number_needs_a_country_that_exists() -> None:
    assert is_phone("+380 44 123 4567") and is_phone("00 380 44 123 4567".replace("00 ", "00"))
    assert not is_phone("+999 44 123 4567") and not is_phone("+49 123")
    assert not is_phone("+1234567890123456")
