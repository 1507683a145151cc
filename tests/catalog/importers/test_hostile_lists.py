"""Lists that are broken, or made to break the reader: refused by name, or read around, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pilothouse.catalog.importers.known import IMPORTERS, read_snapshot
from pilothouse.cli.main import cli
from pilothouse.core.errors import InvalidInput, PilothouseError

OPENAI = {"litellm_provider": "openai", "mode": "chat"}


def imported(kind: str, path: Path, *more: str) -> Result:
    args = ["catalog", "import", kind, str(path), *more]
    return CliRunner().invoke(cli, args, standalone_mode=False)


def written(folder: Path, text: str, name: str = "list.json") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", sorted(IMPORTERS))
@pytest.mark.parametrize(
    "text",
    [
        '{"gpt-4": {"input_cost_per_token": 0.',
        '{"m": {"input_cost_per_token": NaN}}',
        '{"m": {"a": 1}, "m": {"a": 2}}',
        "[" * 100_000,
        '{"m": {"a": ' + "9" * 5000 + "}}",
        "- {model: 2024-13-45, pass_rate_2: 5}",
        "[1, 2]",
        "",
        "task,model,Best score (across scorers),Scores\n" + "x" * 200_000,
    ],
    ids=["cut", "NaN", "twice", "deep", "digits", "no such day", "list", "empty", "long field"],
)
def test_a_broken_list_of_any_kind_is_an_error_with_the_files_name(
    kind: str, text: str, tmp_path: Path
) -> None:
    path = written(tmp_path, text, "list_2026_01_08.json")
    error = imported(kind, path).exception
    assert isinstance(error, InvalidInput), error
    assert path.name in str(error)


def test_a_line_of_a_hundred_megabytes_is_refused_by_its_size_before_it_is_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "big.json"
    with path.open("wb") as file:
        file.truncate(100 << 20)
    with pytest.raises(InvalidInput, match="104,857,600 bytes, more than"):
        read_snapshot("litellm", path)


def test_prices_as_text_are_read_and_words_are_skipped_with_the_reason(tmp_path: Path) -> None:
    rows = {"a": {**OPENAI, "input_cost_per_token": "0.000001", "output_cost_per_token": "free"}}
    result = imported("litellm", written(tmp_path, json.dumps(rows)))
    assert result.return_value == 1
    assert 'price_output_per_mtok: "free" is not a number' in result.output


def test_a_price_per_thousand_tokens_is_doubted_and_named(tmp_path: Path) -> None:
    rows = {"a": {**OPENAI, "input_cost_per_token": 0.003, "output_cost_per_token": 1e-5}}
    path = written(tmp_path, json.dumps(rows))
    result = imported("litellm", path)
    assert result.return_value == 1
    assert "doubted a: price_input_per_mtok: 3000 USD per million tokens" in result.output
    [row] = read_snapshot("litellm", path).rows
    assert {c.field for c in row.claims if c.doubt} == {"price_input_per_mtok"}


@pytest.mark.parametrize(("value", "why"), [(-1, "below zero"), (3, "another unit?")])
def test_a_negative_or_absurd_price_is_left_out(value: float, why: str, tmp_path: Path) -> None:
    rows = {"a": {**OPENAI, "input_cost_per_token": value, "output_cost_per_token": 1e-6}}
    assert why in imported("litellm", written(tmp_path, json.dumps(rows))).output


def test_a_yaml_list_that_hides_a_billion_entries_is_read_in_no_time(tmp_path: Path) -> None:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]")
    fields = ["num_parameters", "release_date", "tags", "display_name", "access"]
    lines.append(f"models: [{{name: a/b, {', '.join(f'{f}: *i' for f in fields)}}}]")
    lines.append("extra: 1")
    path = written(tmp_path, "\n".join(lines), "helm.yaml")
    skipped = read_snapshot("helm", path).skipped
    assert {s.why for s in skipped} >= {"a list is not what this field holds"}


def test_a_key_twice_in_yaml_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "models:\n- name: a/b\n  name: a/c\n", "helm.yaml")
    with pytest.raises(InvalidInput, match='line 3: the key "name" is there twice'):
        read_snapshot("helm", path)


def test_of_an_entry_given_twice_with_different_facts_neither_is_taken(tmp_path: Path) -> None:
    models = [{"id": "a", "prices": {"input_mtok": n}} for n in (1, 2)]
    same = [{"id": "b", "prices": {"input_mtok": 1}}] * 2
    text = json.dumps([{"id": "openai", "models": [*models, *same]}])
    found = read_snapshot("genai-prices", written(tmp_path, text))
    assert [r.name for r in found.rows] == ["b"]
    assert "there twice, with different facts" in str(found.skipped)


def test_a_tier_or_day_that_is_none_is_skipped_and_the_rest_is_read(tmp_path: Path) -> None:
    steps = [
        {"constraint": {"start_date": "nope"}, "prices": {"input_mtok": 1}},
        {"constraint": {"start_date": "2025-06-10"}, "prices": {"input_mtok": 2}},
    ]
    tiered = {"input_mtok": {"base": 3, "tiers": [{"start": "x", "price": 1}, 5]}}
    models = [{"id": "a", "prices": steps}, {"id": "b", "prices": tiered}, {"id": "c", "prices": 5}]
    text = json.dumps([{"id": "openai", "models": models}])
    found = read_snapshot("genai-prices", written(tmp_path, text))
    values = {
        r.name: [c.value for c in r.claims if c.field.startswith("price")] for r in found.rows
    }
    assert values == {"a": ["2"], "b": ["3"], "c": []}
    assert "'nope' is not a day" in str(found.skipped)
    assert "a tier without the size" in str(found.skipped)


def test_a_list_of_another_kind_is_not_read_as_an_empty_one(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps({"a": OPENAI}))
    with pytest.raises(InvalidInput, match="nothing that a portkey list says is in it"):
        raise imported("portkey", path).exception  # type: ignore[misc]


def test_scores_outside_their_scale_are_skipped_with_their_line(tmp_path: Path) -> None:
    head = "task,model,Best score (across scorers),Scores\n"
    text = (
        head + "GPQA diamond,m,0.5,x\nGPQA diamond,n,nan,x\nGPQA diamond,o,-5,x\nGPQA diamond,p\n"
    )
    found = read_snapshot("epoch", written(tmp_path, text, "runs.csv"))
    assert [r.name for r in found.rows] == ["m"]
    assert [s.where.rpartition(":")[2] for s in found.skipped] == ["3", "4"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for kind in IMPORTERS:
        with pytest.raises(PilothouseError, match="gone"):
            read_snapshot(kind, tmp_path / "gone_2026_01_08.json")
