from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pilothouse.catalog.catalog import Catalog, CatalogFile, load_bundled
from pilothouse.core.errors import NotFound
from pilothouse.core.model import Alias, Claim, Model, Source

CATALOG = load_bundled()

GUIDE_NAMES = """
gpt-4 gpt-4o gpt-4-turbo gpt-4o-mini gpt-3.5-turbo gpt-4-32k gpt-4v gpt-4-turbo-vision gpt-4-0613
gpt-4-turbo-2024-04-09 claude-3-opus claude-3.5-sonnet claude-3-sonnet claude-3-haiku
gemini-1.5-pro gemini-1.5-flash gemini-pro gemini-ultra llama-3.1-8b llama-3.1-70b llama-3.1-405b
mistral-large-2 mixtral-8x7b mixtral-8x22b mistral-7b codellama starcoder2 starcoder phi-3 falcon
bloom galactica codex dall-e dall-e-3 stable-diffusion gpt-4-1106-preview
"""


@pytest.mark.parametrize("name", GUIDE_NAMES.split())
def test_every_model_the_guide_names_that_a_source_describes_is_there(name: str) -> None:
    assert CATALOG.find(name).claims


@pytest.mark.parametrize(
    ("name", "model_id"),
    [
        ("GPT-4o-Mini", "gpt-4o-mini"),
        ("openai/gpt-4o-mini", "gpt-4o-mini"),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("claude-3.5-sonnet", "claude-3.5-sonnet"),
        ("claude-3-5-sonnet-20240620", "claude-3.5-sonnet"),
        ("claude-3-5-sonnet-latest", "claude-3.5-sonnet"),
        ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3.5-sonnet"),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mixtral-8x7b"),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b"),
        ("models/gemini-1.5-flash-002", "gemini-1.5-flash"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
    ],
)
def test_a_model_is_found_by_prefix_spelling_and_date(name: str, model_id: str) -> None:
    assert CATALOG.find(name).id == model_id


def test_every_id_and_alias_finds_its_own_card() -> None:
    for model in CATALOG.models:
        for name in (model.id, *model.aliases):
            assert CATALOG.find(name) is model


def test_an_unknown_name_says_the_nearest_one_as_it_is_written() -> None:
    with pytest.raises(NotFound, match=r'no model "gpt-4\.1-minni"\. Did you mean "gpt-4\.1-mini"'):
        CATALOG.find("gpt-4.1-minni")


def test_every_claim_names_a_source_that_may_be_shipped() -> None:
    for model in CATALOG.models:
        assert model.claims
        for claim in model.claims:
            assert CATALOG.sources[claim.source].licence in {
                "MIT",
                "Apache-2.0",
                "CC BY 4.0",
                "facts",
            }


def test_six_vendors_have_models_that_are_not_retired() -> None:
    today = date(2026, 11, 24)
    alive = {
        CATALOG.value(m, "vendor")
        for m in CATALOG.models
        if (CATALOG.retired_on(m) or date.max) > today and CATALOG.value(m, "price_input_per_mtok")
    }
    assert {"openai", "anthropic", "google", "mistral", "xai", "deepseek", "cohere"} <= alive


@pytest.mark.parametrize(
    ("name", "ended"),
    [
        ("gpt-4", date(2026, 10, 23)),
        ("gpt-3.5-turbo", date(2026, 10, 23)),
        ("claude-3-opus", date(2026, 1, 5)),
        ("claude-3.5-sonnet", date(2025, 10, 28)),
        ("gpt-4o-mini", date(2027, 1, 14)),
    ],
)
def test_the_guides_models_say_when_they_end(name: str, ended: date) -> None:
    assert CATALOG.retired_on(CATALOG.find(name)) == ended


def source(name: str, seen: date) -> Source:
    return Source(name=name, version="1", licence="MIT", observed_on=seen)


def claim(value: str, said_by: str, since: date | None = None, **more: Any) -> Claim:
    field = "price_input_per_mtok"
    return Claim(field=field, value=value, source=said_by, key="m", valid_from=since, **more)


FIELD = "price_input_per_mtok"


def small(*claims: Claim) -> tuple[Catalog, Model]:
    model = Model(id="m", claims=claims)
    sources = {
        "genai-prices": source("genai-prices", date(2026, 1, 1)),
        "litellm": source("litellm", date(2026, 6, 1)),
        "litellm-2025": source("litellm-2025", date(2025, 1, 1)),
    }
    return Catalog(CatalogFile(version="t", sources=sources, models=(model,))), model


def test_the_more_trusted_source_wins_and_then_the_newer_observation() -> None:
    catalog, model = small(
        claim("3", "litellm-2025"), claim("2", "litellm"), claim("1", "genai-prices")
    )
    assert [c.value for c in catalog.claims(model, FIELD)] == ["1", "2", "3"]
    assert catalog.value(model, FIELD) == "1"
    why = catalog.why(catalog.claims(model)[0], catalog.claims(model))
    assert "is trusted before litellm, litellm-2025 on this" in why


def test_a_past_day_asks_whoever_had_looked_by_then() -> None:
    catalog, model = small(claim("3", "litellm-2025"), claim("2", "litellm"))
    assert catalog.value(model, FIELD) == "2"
    assert catalog.value(model, FIELD, as_of=date(2025, 3, 1)) == "3"
    assert catalog.value(model, FIELD, as_of=date(2024, 3, 1)) == "3"


def test_what_was_known_on_a_day_leaves_out_what_was_seen_later() -> None:
    catalog, model = small(claim("3", "litellm-2025"), claim("2", "litellm"))
    assert catalog.value(model, FIELD, known_at=date(2026, 5, 31)) == "3"
    assert catalog.value(model, FIELD, known_at=date(2024, 12, 31)) is None


def test_a_doubted_claim_is_kept_and_loses() -> None:
    doubted = claim("0.3", "genai-prices", doubt="equal to the cached price")
    catalog, model = small(doubted, claim("3", "litellm"))
    assert catalog.value(model, FIELD) == "3"
    assert catalog.claims(model, FIELD)[1] is doubted


def test_of_one_sources_claims_the_latest_in_force_wins() -> None:
    catalog, model = small(
        claim("10", "genai-prices"), claim("2", "genai-prices", date(2025, 6, 10))
    )
    assert catalog.value(model, FIELD) == "2"
    assert catalog.value(model, FIELD, date(2025, 6, 9)) == "10"
    assert catalog.value(model, FIELD, date(2025, 6, 10)) == "2"


def test_a_claim_that_ended_is_true_until_the_day_before() -> None:
    catalog, model = small(claim("5", "litellm", valid_to=date(2024, 10, 2)), claim("2", "litellm"))
    assert catalog.value(model, FIELD, date(2024, 10, 2)) == "2"


def test_a_moving_name_is_what_it_was_on_that_day() -> None:
    models = tuple(Model(id=name) for name in ("large-1", "large-2"))
    turn = date(2024, 7, 24)
    moving = (
        Alias(name="large-latest", model="large-1", valid_to=turn),
        Alias(name="large-latest", model="large-2", valid_from=turn),
    )
    catalog = Catalog(CatalogFile(version="t", sources={}, models=models, moving=moving))
    assert catalog.find("mistral/Large-Latest").id == "large-2"
    assert catalog.find("large-latest", as_of=date(2024, 7, 23)).id == "large-1"
    assert [s.model for s in catalog.history("large-latest")] == ["large-1", "large-2"]


def test_what_holds_of_a_host_holds_of_what_it_serves() -> None:
    said = Claim(field="certifications", value=["hipaa"], source="litellm", key="v")
    vendor = Claim(field="vendor", value="v", source="litellm", key="m")
    model = Model(id="m", claims=(vendor,))
    sources = {"litellm": source("litellm", date(2026, 1, 1))}
    file = CatalogFile(
        version="t", sources=sources, models=(model,), hosts=(Model(id="v", claims=(said,)),)
    )
    assert Catalog(file).value(model, "certifications") == ["hipaa"]


def test_what_nobody_says_is_unknown() -> None:
    catalog, model = small(claim("1", "litellm"))
    assert catalog.value(model, "context_tokens") is None
    assert catalog.retired_on(model) is None
