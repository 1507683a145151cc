"""Each list in the shape its makers give it, cut to a few entries; and files that mean harm."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.catalog.importers import reading
from pilothouse.catalog.importers.known import IMPORTERS, read_snapshot
from pilothouse.catalog.snapshot import Snapshot
from pilothouse.core.errors import InvalidInput

LITELLM = {
    "sample_spec": {"mode": "one of: chat"},
    "gpt-4o": {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": 2.5e-06,
        "output_cost_per_token": 1e-05,
        "input_cost_per_token_batches": 1.25e-06,
        "cache_read_input_token_cost": 1.25e-06,
        "max_input_tokens": 128000,
        "supports_vision": True,
        "deprecation_date": "2027-01-14",
        "source": "https://openai.com/pricing",
    },
    "gemini/gemini-2.5-pro": {
        "litellm_provider": "gemini",
        "mode": "chat",
        "input_cost_per_token": 1.25e-06,
        "output_cost_per_token": 1e-05,
        "input_cost_per_token_above_200k_tokens": 2.5e-06,
        "output_cost_per_token_above_200k_tokens": 1.5e-05,
    },
    "azure/gpt-4o": {"litellm_provider": "azure", "input_cost_per_token": 2.5e-06, "mode": "chat"},
}
GENAI = [
    {
        "id": "openai",
        "pricing_urls": ["https://openai.com/pricing"],
        "models": [
            {
                "id": "o3",
                "match": {"or_": [{"equals": "o3"}, {"equals": "o3-2025-04-16"}]},
                "context_window": 200000,
                "prices": [
                    {"prices": {"input_mtok": 10, "output_mtok": {"base": 40, "tiers": [{"start": 200000, "price": 60}]}}},
                    {"constraint": {"start_date": "2025-06-10"}, "prices": {"input_mtok": 2, "output_mtok": 8}},
                ],
                "price_variants": [{"when": {"processing": "batch"}, "prices": {"input_mtok": 1}}],
            }
        ],
    }
]  # fmt: skip
DEV = {
    "models": {"alibaba/qwen3-32b": {"name": "Qwen3 32B", "open_weights": True, "limit": {"context": 131072}}},
    "provider_models": [
        {
            "provider": "anthropic",
            "id": "claude-3-5-haiku-20241022",
            "name": "Claude Haiku 3.5",
            "release_date": "2024-10-22",
            "status": "deprecated",
            "cost": {"input": 0.8, "output": 4, "cache_read": 0.08, "cache_write": 1,
                     "tiers": [{"tier": {"type": "context", "size": 200000}, "input": 1.6}]},
            "limit": {"context": 200000, "output": 8192},
            "modalities": {"input": ["text", "image"], "output": ["text"]},
        },
        {"provider": 7, "id": "x"},
    ],
}  # fmt: skip
PORTKEY = {
    "default": {},
    "gpt-4o": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": 0.00025}}}},
}
HELM = """
models:
  - {name: simple/model1, display_name: A test, creator_organization_name: Helm}
  - name: bigscience/bloom
    display_name: BLOOM (176B)
    access: open
    num_parameters: 176000000000
    release_date: 2022-06-28
    tags: [TEXT_MODEL_TAG]
"""
AIDER = """
- {model: gpt-4o-mini-2024-07-18, test_cases: 225, pass_rate_2: 3.6, edit_format: whole,
   command: aider --model gpt-4o-mini-2024-07-18}
- {model: broken, pass_rate_2: 120, test_cases: 225}
"""
EPOCH = (
    "\ufeffid,task,model,Best score (across scorers),Scores\n"
    "1,GPQA diamond,gpt-5.1_medium,0.850,choice:0.85±0.02\n"
    "2,GPQA diamond,gpt-5.1_high,0.876,choice:0.88±0.02\n"
    "3,Something else,gpt-5.1_high,0.1,x:0.1±0.02\n"
)
VECTARA = "|Model|Hallucination Rate|\n|---|---|\n|openai/gpt-4o|1.5 %|98.5 %|\n|bad|140 %|\n"
ARENA = {"full": {"gpt-4o": {"rating": 1300.0, "rating_q025": 1290.2, "rating_q975": 1309.8}}}
LIVEBENCH = "model,a,b\ngpt-4o,50.0,60.0\nhalf,50.0,\n"
ENDS = [
    {"provider": "OpenAI", "model_id": "gpt-4-32k", "shutdown_date": "2025-06-06",
     "announcement_date": "2024-06-06", "replacement_model": "gpt-4oorgpt-4.1*", "url": "https://x"},
    {"provider": "OpenAI"},
]  # fmt: skip
FILES: dict[str, tuple[str, Any]] = {
    "litellm": ("prices.json", LITELLM),
    "genai-prices": ("data.json", GENAI),
    "models.dev": ("catalog.json", DEV),
    "portkey": ("openai.json", PORTKEY),
    "helm": ("meta.yaml", HELM),
    "aider": ("polyglot_leaderboard.yml", AIDER),
    "epoch": ("benchmarks_runs.csv", EPOCH),
    "vectara": ("README.md", VECTARA),
    "arena": ("leaderboard-text.json", ARENA),
    "livebench": ("table_2026_01_08.csv", LIVEBENCH),
    "deprecations": ("data.json", ENDS),
}


def written(folder: Path, kind: str, content: Any = None) -> Path:
    name, usual = FILES[kind]
    body = usual if content is None else content
    path = folder / name
    path.write_text(body if isinstance(body, str) else json.dumps(body), encoding="utf-8")
    return path


def facts(snapshot: Snapshot, key: str) -> dict[str, Any]:
    row = next(r for r in snapshot.rows if r.key == key)
    return {c.field: c.value for c in row.claims}


def test_litellms_prices_are_per_token_and_exact(tmp_path: Path) -> None:
    found = read_snapshot("litellm", written(tmp_path, "litellm"))
    assert [(r.host, r.name) for r in found.rows] == [
        ("azure", "gpt-4o"), ("google", "gemini-2.5-pro"), ("openai", "gpt-4o"),
    ]  # fmt: skip
    own = facts(found, "gpt-4o")
    assert own["price_input_per_mtok"] == "2.5"
    assert own["price_input_per_mtok@batch"] == "1.25"
    assert own["retired_on"] == "2027-01-14"
    assert facts(found, "gemini/gemini-2.5-pro")["price_input_per_mtok>200000"] == "2.5"
    assert found.rows[2].claims[0].url == "https://openai.com/pricing"


def test_genai_prices_history_ends_where_the_next_begins(tmp_path: Path) -> None:
    found = read_snapshot("genai-prices", written(tmp_path, "genai-prices"))
    assert {r.name for r in found.rows} == {"o3", "o3-2025-04-16"}
    prices = [c for c in found.rows[0].claims if c.field == "price_input_per_mtok"]
    assert [(c.value, str(c.valid_from), str(c.valid_to)) for c in prices] == [
        ("10", "None", "2025-06-10"), ("2", "2025-06-10", "None"),
    ]  # fmt: skip
    assert facts(found, "openai/o3")["price_output_per_mtok>200000"] == "60"
    assert facts(found, "openai/o3")["price_input_per_mtok@batch"] == "1"


def test_models_dev_has_rows_of_hosts_and_of_models(tmp_path: Path) -> None:
    found = read_snapshot("models.dev", written(tmp_path, "models.dev"))
    own = facts(found, "anthropic/claude-3-5-haiku-20241022")
    assert own["price_cache_write_per_mtok"] == "1"
    assert own["price_input_per_mtok>200000"] == "1.6"
    assert own["retired_on"] == "2026-07-02"
    assert facts(found, "alibaba/qwen3-32b")["vendor"] == "alibaba"
    assert "no provider" in found.skipped[0].why


def test_the_other_lists_say_what_they_say(tmp_path: Path) -> None:
    def read(kind: str) -> Snapshot:
        return read_snapshot(kind, written(tmp_path, kind))

    assert facts(read("portkey"), "openai/gpt-4o") == {"price_input_per_mtok": "2.5"}
    bloom = facts(read("helm"), "bigscience/bloom")
    assert (bloom["parameters_b"], bloom["is_open_weights"]) == (176.0, True)
    aider = read("aider")
    assert facts(aider, "gpt-4o-mini-2024-07-18") == {"benchmark:aider-polyglot": 0.036}
    assert aider.rows[0].claims[0].error == pytest.approx(0.0124)
    assert len(aider.skipped) == 1
    epoch = read("epoch")
    (row,) = epoch.rows
    assert (row.name, row.claims[0].value, row.claims[0].error) == ("gpt-5.1", 0.876, 0.02)
    vectara = read("vectara")
    assert facts(vectara, "openai/gpt-4o") == {"benchmark:hallucination-free": 0.985}
    assert len(vectara.skipped) == 1
    assert read("arena").rows[0].claims[0].error == pytest.approx(5.0)
    assert facts(read("livebench"), "gpt-4o") == {"benchmark:livebench": 0.55}
    ends = read("deprecations")
    assert facts(ends, "openai/gpt-4-32k")["successor"] == "gpt-4o or gpt-4.1"


def test_llm_stats_is_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "openai/models/gpt-4o"
    folder.mkdir(parents=True)
    (folder / "model.json").write_text('{"name": "GPT-4o", "license_id": "proprietary"}')
    scores = [{"benchmark_id": "mmlu", "score": 0.887, "is_self_reported": True,
               "analysis_method": "5-shot"}, {"benchmark_id": "mmlu", "score": 88.7}]  # fmt: skip
    (folder / "benchmarks.json").write_text(json.dumps(scores))
    found = read_snapshot("llm-stats", tmp_path)
    (claim,) = [c for c in found.rows[0].claims if c.field == "benchmark:mmlu"]
    assert (claim.value, claim.protocol, claim.confidence) == (0.887, "5-shot", "self-reported")
    assert "a share of 88.7" in found.skipped[0].why


@pytest.mark.parametrize("kind", list(FILES))
def test_the_same_file_gives_the_same_bytes(kind: str, tmp_path: Path) -> None:
    path = written(tmp_path, kind)
    once, again = (msgspec.json.encode(read_snapshot(kind, path)) for _ in range(2))
    assert once == again


def test_the_order_of_entries_does_not_matter(tmp_path: Path) -> None:
    once = read_snapshot("litellm", written(tmp_path, "litellm"))
    turned = dict(reversed(LITELLM.items()))
    assert read_snapshot("litellm", written(tmp_path, "litellm", turned)) == once


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"gpt-4o": {"mode": "cha', "not JSON"),
        ('{"a": {"input_cost_per_token": NaN}}', "NaN is not a number that JSON allows"),
        ('{"a": {"mode": "chat"}, "a": {"mode": "embedding"}}', 'the key "a" is there twice'),
        ("[1, 2]", "an object is wanted, and this is a list"),
        ("[" * 100_000, "deeper than any list|not JSON"),
    ],
)
def test_a_broken_file_is_refused_with_its_name(text: str, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, "litellm", text)
    with pytest.raises(InvalidInput, match=said) as error:
        read_snapshot("litellm", path)
    assert str(path) in str(error.value)


def test_a_huge_line_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 1000)
    with pytest.raises(InvalidInput, match="more than the 1,000 a list may have"):
        read_snapshot("litellm", written(tmp_path, "litellm", '{"a": "' + "x" * 2000 + '"}'))


def test_binary_and_missing_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    with pytest.raises(InvalidInput, match="there is no such file"):
        read_snapshot("litellm", path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match="not UTF-8"):
        read_snapshot("litellm", path)


@pytest.mark.parametrize(
    ("price", "said"),
    [
        (-1, "below zero"),
        (0.5, "another unit"),
        ("free", "is not a number"),
        (True, "is not a price"),
        ([1], "is not a price"),
    ],
)
def test_a_bad_price_is_skipped_and_the_rest_read(price: Any, said: str, tmp_path: Path) -> None:
    row = {**LITELLM["gpt-4o"], "input_cost_per_token": price}
    found = read_snapshot("litellm", written(tmp_path, "litellm", {"gpt-4o": row}))
    assert said in found.skipped[0].why
    assert "gpt-4o: price_input_per_mtok" in found.skipped[0].where
    assert facts(found, "gpt-4o")["price_output_per_mtok"] == "10"


def test_a_price_as_text_is_read(tmp_path: Path) -> None:
    row = {**LITELLM["gpt-4o"], "input_cost_per_token": "0.0000025"}
    found = read_snapshot("litellm", written(tmp_path, "litellm", {"gpt-4o": row}))
    assert facts(found, "gpt-4o")["price_input_per_mtok"] == "2.5"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(content=st.dictionaries(st.sampled_from(["gpt-4o", "a/b", ""]), JSON | st.fixed_dictionaries(
    {}, optional=dict.fromkeys(LITELLM["gpt-4o"], JSON)), max_size=3))  # fmt: skip
def test_no_litellm_row_brings_the_importer_down(
    content: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = written(tmp_path_factory.mktemp("x"), "litellm", json.dumps(content))
    with contextlib.suppress(InvalidInput):
        read_snapshot("litellm", path)


def test_an_unknown_kind_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match='Did you mean "litellm"'):
        read_snapshot("litelm", tmp_path)
    assert {"livebench", "arena"} == {k for k, i in IMPORTERS.items() if not i.is_shipped}


def test_a_region_has_the_standard_price_times_its_factor(tmp_path: Path) -> None:
    row = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2e-6}
    row |= {"regional_processing_uplift_multiplier_eu": 1.1, "provider_specific_entry": {"us": 9}}
    path = tmp_path / "list.json"
    path.write_text(json.dumps({"a": row}))
    found = read_snapshot("litellm", path)
    prices = {c.field: c.value for c in found.rows[0].claims if c.field.startswith("price_")}
    assert prices == {"price_input_per_mtok": "2", "price_input_per_mtok@region=eu": "2.2"}
    assert "9 is not a factor from 1 to 2" in str(found.skipped)


def test_portkeys_tiers_are_tiers_of_a_model_and_not_models(tmp_path: Path) -> None:
    def of(price: int) -> dict[str, object]:
        return {"pricing_config": {"pay_as_you_go": {"request_token": {"price": price}}}}

    path = tmp_path / "google.json"
    path.write_text(json.dumps({"g-lte-128k": of(1), "g-gt-128k": of(2)}))
    rows = read_snapshot("portkey", path).rows
    assert {r.name for r in rows} == {"g"}
    assert {c.field: c.value for r in rows for c in r.claims} == {
        "price_input_per_mtok": "10000",
        "price_input_per_mtok>128000": "20000",
    }


def test_a_notice_that_names_several_models_is_one_of_each(tmp_path: Path) -> None:
    notice = {"provider": "Cohere", "model_id": "a, b", "shutdown_date": "2025-09-15"}
    path = tmp_path / "data.json"
    path.write_text(json.dumps([{**notice, "replacement_model": "c, d"}]))
    rows = read_snapshot("deprecations", path).rows
    assert [r.name for r in rows] == ["a", "b"]
    assert [c.value for r in rows for c in r.claims if c.field == "successor"] == ["c or d"] * 2
