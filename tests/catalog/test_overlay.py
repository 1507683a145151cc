from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pilothouse.catalog.catalog import load_bundled
from pilothouse.catalog.overlay import with_overlay
from pilothouse.core.errors import InvalidInput

BASE = load_bundled()
FIELD = "price_input_per_mtok"


def file(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "pilothouse-catalog.yaml"
    path.write_text(f"seen: 2026-11-01\n{body}", encoding="utf-8")
    return path


def test_a_private_price_wins_from_its_day(tmp_path: Path) -> None:
    body = "models:\n  gpt-4o: {prices: {input: 2.0, output: 8}, since: 2026-06-01, url: https://deal}\n"
    catalog = with_overlay(BASE, file(tmp_path, body))
    model = catalog.find("gpt-4o")
    assert catalog.value(model, FIELD, date(2026, 6, 1)) == "2"
    assert catalog.value(model, FIELD, date(2026, 5, 31)) == "2.5"
    assert catalog.url(catalog.claims(model, FIELD)[0]) == "https://deal"


def test_a_model_of_your_own_shares_what_it_is_a_copy_of(tmp_path: Path) -> None:
    body = (
        "models:\n  our-llama:\n    of: llama-3.1-70b\n    aliases: [house-model]\n"
        "    prices: {input: 0.2, output: 0.2}\n    facts: {context_tokens: 32000}\n"
    )
    catalog = with_overlay(BASE, file(tmp_path, body))
    model = catalog.find("house-model")
    assert catalog.value(model, "context_tokens") == 32000
    assert catalog.value(model, "is_open_weights") is True
    assert catalog.value(model, FIELD) == "0.2"


def test_a_discount_is_off_every_list_price_of_a_vendor(tmp_path: Path) -> None:
    body = "discounts:\n  - {vendor: anthropic, share: 0.2, since: 2026-01-01, until: 2027-01-01}\n"
    catalog = with_overlay(BASE, file(tmp_path, body))
    model = catalog.find("claude-haiku-4-5")
    assert catalog.value(model, FIELD, date(2026, 11, 1)) == "0.8"
    assert catalog.value(model, FIELD, date(2027, 1, 1)) == "1"
    assert catalog.value(catalog.find("gpt-4o"), FIELD, date(2026, 11, 1)) == "2.5"


def test_another_currency_is_exchanged(tmp_path: Path) -> None:
    body = (
        "exchange: {EUR: 1.10}\n"
        "models:\n  house: {vendor: us, currency: EUR, prices: {input: 1, output: 2}}\n"
    )
    catalog = with_overlay(BASE, file(tmp_path, body))
    assert catalog.value(catalog.find("house"), FIELD) == "1.1"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("models:\n  gpt-4o: {prices: {input: 2500}}\n", ":3: models.gpt-4o.prices.input: 2500 USD per million"),
        ("models:\n  gpt-4o: {prices: {input: 0.0000025}}\n", "Per thousand or per token"),
        ("models:\n  gpt-4o: {prices: {input: -1}}\n", "-1 is not a price"),
        ("models:\n  gpt-4o: {prices: {inptu: 1}}\n", 'nothing is priced by "inptu". Did you mean "input"'),
        ("models:\n  gpt-4o: {currency: EUR, prices: {input: 1}}\n", "no rate for EUR"),
        ("models:\n  gpt-4oo: {prices: {input: 1}}\n", 'no model "gpt-4oo". Did you mean "gpt-4o"'),
        ("models:\n  x: {vendor: us, facts: {contxt_tokens: 1}}\n", 'Did you mean "context_tokens"'),
        ("models:\n  x: {vendor: us, since: 1999-01-01, prices: {input: 1}}\n", "before the first priced model"),
        ("discounts:\n  - {vendor: antropic, share: 0.1}\n", 'Did you mean "anthropic"'),
        ("discounts:\n  - {vendor: openai, share: 15}\n", "is not a share"),
        ("discounts:\n  - {share: 0.1}\n", "give vendor or model"),
        ("modles: {}\n", 'Did you mean "models"'),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_its_line(
    body: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput) as error:
        with_overlay(BASE, file(tmp_path, body))
    assert said in str(error.value)
    assert "pilothouse-catalog.yaml:" in str(error.value)


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ("context_tokens: abc", "'abc' is not a whole number above 0"),
        ("context_tokens: -5", "'-5' is not a whole number above 0"),
        ("has_tools: maybe", "'maybe' is not yes or no"),
        ("released_on: soon", "'soon' is not a day"),
        ("certifications: soc2", "'soc2' is not a list of texts"),
        ("sla_share: -1", "'-1' is not a number from 0 on"),
    ],
)
def test_a_fact_of_the_wrong_type_is_an_error_with_its_line(
    fact: str, said: str, tmp_path: Path
) -> None:
    body = f"models:\n  x:\n    vendor: me\n    facts:\n      {fact}\n"
    with pytest.raises(InvalidInput, match=r"yaml:6: models\.x\.facts\.") as caught:
        with_overlay(BASE, file(tmp_path, body))
    assert said in str(caught.value)
