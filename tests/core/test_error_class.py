from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import Struct, field

from pilothouse.core.error_class import VendorWord, classify
from pilothouse.core.errors import RETRYABLE, ErrorClass
from pilothouse.documents.strict import load
from pilothouse.providers._rows import row


class Recorded(Struct, frozen=True, forbid_unknown_fields=True):
    means: ErrorClass = field(name="is")
    status: int | None
    code: str | None
    message: str
    source: str = field(name="from")
    row: str | None = None


RECORDED = load(Path(__file__).with_name("recorded_errors.yaml"), list[Recorded]).value


@pytest.mark.parametrize("seen", RECORDED, ids=lambda r: f"{r.status}-{r.code}-{r.message[:30]}")
def test_a_refusal_as_vendors_sent_it_has_its_class(seen: Recorded) -> None:
    own = row(seen.row).errors if seen.row else ()
    assert classify(seen.status, seen.code, seen.message, own) == seen.means


@pytest.mark.parametrize("name", ["openai", "anthropic", "google", "bedrock", "openrouter", "groq"])
def test_no_vendors_own_words_change_what_all_others_mean(name: str) -> None:
    own = row(name).errors
    for seen in RECORDED:
        if seen.row is None and seen.message:
            assert classify(seen.status, seen.code, seen.message, own) == seen.means


def test_every_recorded_refusal_says_where_it_is_from() -> None:
    assert all(r.source == "memory" or r.source.startswith("https://") for r in RECORDED)


def test_the_vendors_own_word_goes_first() -> None:
    own = (VendorWord(means="provider_down", status=400, code="Odd", says="moon"),)
    assert classify(400, "odd", "the Moon is full", own) == "provider_down"
    assert classify(400, "odd", "the sun", own) == "caller"
    assert classify(401, "odd", "the moon", own) == "auth"
    assert classify(400, None, "the moon", own) == "caller"


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_has_a_class_without_any_words(status: int) -> None:
    found = classify(status, None, "")
    if status >= 500:
        assert found in ("provider_down", "timeout")
    elif status == 200:
        assert found == "provider_down"
    elif status < 400:
        assert found == "garbage"
    else:
        assert found in ("caller", "auth", "rate_limited", "timeout", "provider_down")


def test_words_of_the_prompt_in_a_message_do_not_undo_a_settled_status() -> None:
    assert classify(401, None, "prompt is too long") == "auth"
    assert classify(503, None, "content filtering policy") == "provider_down"


def test_a_prompt_too_long_and_a_refusal_are_not_tried_elsewhere_unasked() -> None:
    assert not {"caller", "refused", "context_window", "cancelled"} & RETRYABLE
