from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pilothouse.catalog.catalog import Catalog, CatalogFile, load_bundled
from pilothouse.catalog.standing import standing
from pilothouse.core.errors import NotFound
from pilothouse.core.model import Alias, Claim, Model, Source

CATALOG = load_bundled()

GUIDE_NAMES = """
gpt-4 gpt-4o gpt-4-turbo gpt-4o-mini gpt-3.5-turbo gpt-4-32k gpt-4v gpt-4-turbo-vision gpt-4-0613
gpt-4-turbo-2024-04-09 claude-3-opus claude-3.5-sonnet claude-3-sonnet claude-3-haiku
gemini-1.5-pro gemini-1.5-flash gemini-pro gemini-ultra llama-3.1-8b llama-3.1-70b llama-3.1-405b
mistral-large-2 mixtral-8x7b mixtral-8x22b mistral-7b codellama starcoder2 starcoder phi-3 falcon
bloom galactica codex dall-e dall-e-3 stable-diffusion gpt-4-1106-preview
claude-3-vision gemini-vision yolo sam midjourney med-palm-2 alphafold github-copilot bloomberggpt gemini-nano
codellama-7b codellama-34b starcoder2-3b starcoder2-15b phi-3-mini phi-3-medium falcon-180b
"""
WITH_AN_API = """
gpt-4 gpt-4o gpt-4-turbo gpt-4o-mini gpt-3.5-turbo gpt-4-32k gpt-4v claude-3-opus claude-3.5-sonnet
claude-3-sonnet claude-3-haiku gemini-1.5-pro gemini-1.5-flash gemini-pro dall-e-3 codex
"""
GUIDE_DAY = date(2025, 12, 31)


@pytest.mark.parametrize("name", GUIDE_NAMES.split())
def test_every_model_the_guide_names_is_there_with_its_vendor_and_licence(name: str) -> None:
    model = CATALOG.find(name)
    assert CATALOG.value(model, "vendor")
    assert CATALOG.value(model, "licence_class")


@pytest.mark.parametrize("name", WITH_AN_API.split())
def test_every_guide_model_that_ended_names_its_end_and_its_successor(name: str) -> None:
    model = CATALOG.find(name)
    assert CATALOG.retired_on(model)
    successor = CATALOG.value(model, "successor")
    assert CATALOG.find(str(successor).partition(" or ")[0]) is not model


@pytest.mark.parametrize(
    ("name", "price_in", "price_out", "context"),
    [
        ("gpt-4", "30", "60", 8192),
        ("gpt-4-32k", "60", "120", 32_768),
        ("gpt-4-turbo", "10", "30", 128_000),
        ("gpt-4o", "2.5", "10", 128_000),
        ("gpt-4o-mini", "0.15", "0.6", 128_000),
        ("gpt-3.5-turbo", "0.5", "1.5", 16_385),
        ("claude-3.5-sonnet", "3", "15", 200_000),
        ("claude-3-opus", "15", "75", 200_000),
        ("claude-3-haiku", "0.25", "1.25", 200_000),
        ("gemini-1.5-pro", "1.25", "5", 2**21),
        ("gemini-1.5-flash", "0.075", "0.3", 2**20),
        ("llama-3.1-405b", "2.4", "2.4", 128_000),
    ],
)
def test_as_of_the_guides_day_prices_and_contexts_are_the_guides(
    name: str, price_in: str, price_out: str, context: int
) -> None:
    model = CATALOG.find(name, GUIDE_DAY)
    fields = ("price_input_per_mtok", "price_output_per_mtok", "context_tokens")
    assert [CATALOG.value(model, f, GUIDE_DAY) for f in fields] == [price_in, price_out, context]


def test_a_model_is_its_makers_whoever_else_serves_it() -> None:
    assert CATALOG.value(CATALOG.find("llama-3.1-8b"), "vendor") == "meta"
    assert CATALOG.find("claude-3-5-haiku").id == "claude-3.5-haiku"
    assert CATALOG.value(CATALOG.find("claude-3.5-haiku"), "vendor") == "anthropic"
    assert CATALOG.find("perplexity/codellama-34b-instruct").of == "codellama-34b"


def test_the_names_of_one_model_lead_to_one_card() -> None:
    names = ("claude-4-opus-20250514", "claude-opus-4-0", "claude-opus-4-20250514", "claude-opus-4")
    assert {CATALOG.find(n).id for n in names} == {"claude-opus-4"}
    assert {CATALOG.find(n).id for n in ("yolov8", "sam-2", "copilot")} == {
        "yolo", "sam", "github-copilot",
    }  # fmt: skip


def test_every_claim_has_a_page_where_it_can_be_checked() -> None:
    for model in (*CATALOG.models, *CATALOG.hosts, *CATALOG.hosted()):
        for one in model.claims:
            assert CATALOG.url(one), (model.id, one)


@pytest.mark.parametrize(
    ("host", "fields"),
    [
        ("openai", "residency certifications trains_on_inputs requests_per_minute sla_share"),
        ("anthropic", "residency certifications trains_on_inputs requests_per_minute sla_share has_fine_tuning"),
        ("google", "residency certifications trains_on_inputs requests_per_minute sla_share has_fine_tuning"),
        ("azure", "residency certifications trains_on_inputs sla_share"),
        ("bedrock", "residency certifications trains_on_inputs sla_share"),
        ("vertex", "residency certifications trains_on_inputs sla_share"),
        ("mistral", "residency certifications trains_on_inputs"),
        ("deepseek", "residency certifications trains_on_inputs sla_share has_fine_tuning"),
    ],
)  # fmt: skip
def test_policies_that_no_list_carries_are_ours_with_their_page(host: str, fields: str) -> None:
    card = next(h for h in CATALOG.hosts if h.id == host)
    said = {c.field: c for c in card.claims}
    for field in fields.split():
        assert str(said[field].url).startswith("https://")


def test_a_price_dearer_than_any_token_ever_was_is_doubted_and_prices_nothing() -> None:
    claims = CATALOG.claims(CATALOG.find("whisper-1"), "price_input_per_mtok")
    assert claims
    assert all("the price of something else" in str(c.doubt) for c in claims)


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


def test_a_price_that_ended_does_not_win_where_no_day_is_asked_for() -> None:
    ended = claim("5", "genai-prices", valid_to=date(2024, 10, 2))
    catalog, model = small(ended, claim("2", "litellm"))
    assert catalog.value(model, FIELD) == "2"
    assert catalog.value(model, FIELD, date(2024, 10, 1)) == "5"
    assert catalog.aside(model, FIELD, date(2026, 1, 1)) == [ended]


def test_why_says_that_all_agree_or_how_the_winner_beat_the_others() -> None:
    agreeing, model = small(claim("2", "genai-prices"), claim("2", "litellm"))
    told = agreeing.why(*(lambda c: (c[0], c))(agreeing.claims(model)))
    assert told == "all 2 claims that are not in doubt agree"
    doubted, model = small(claim("2", "litellm"), claim("9", "litellm", doubt="too dear"))
    told = doubted.why(*(lambda c: (c[0], c))(doubted.claims(model)))
    assert told == "litellm (observed 2026-06-01) is the only one not in doubt"


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


def test_a_moving_name_before_its_first_day_is_said_to_stand_for_nothing_yet() -> None:
    with pytest.raises(
        NotFound, match="stood for nothing on 2020-01-01: it exists since 2024-02-26"
    ):
        CATALOG.find("mistral-large-latest", date(2020, 1, 1))


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


@pytest.mark.parametrize(
    ("name", "field", "why"),
    [
        ("gemini-3.1-pro-preview", "price_cached_input_per_mtok", "dearer than reading without"),
        ("gemini-1.5-flash", "price_cache_write_per_mtok", "keeping a cache by the hour"),
        ("gpt-realtime", "price_cached_input_per_mtok", "dearer than reading without"),
    ],
)
def test_a_price_misfiled_under_the_cache_is_doubted(name: str, field: str, why: str) -> None:
    doubts = [c.doubt or "" for c in CATALOG.claims(CATALOG.find(name), field)]
    assert any(why in doubt for doubt in doubts)


def test_the_cards_are_models_and_not_tiers_or_lists_of_them() -> None:
    for model in CATALOG.models:
        assert not model.id.endswith(("-gt-128k", "-lte-128k", "-gt-200k", "-lte-200k"))
        assert "," not in model.id


def test_a_model_never_names_itself_as_its_successor() -> None:
    day = date(2026, 11, 24)
    for model in CATALOG.models:
        successor = standing(CATALOG, model, day).successor
        assert successor not in (model.id, *model.aliases)
