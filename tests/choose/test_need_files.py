from __future__ import annotations

from pathlib import Path

import pytest

from pilothouse.choose.read import Known, load_need
from pilothouse.core.errors import InvalidInput

VENDORS = {"openai", "mistral"}
GOOD = "name: n\nvolume_per_day: 10\ntokens: {input: 800, output: 200}\n"


def said(folder: Path, more: str, base: str = GOOD) -> str:
    file = folder / "need.yaml"
    file.write_text(base + more)
    with pytest.raises(InvalidInput) as caught:
        load_need(file, Known(vendors=VENDORS, benchmarks={"mmlu"}))
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("musst: {}\n", 'need.yaml:4: musst: unknown key "musst". Did you mean "must"?'),
        (
            "must:\n  contxt_tokens: 5\n",
            'need.yaml:5: must.contxt_tokens: unknown key "contxt_tokens". '
            'Did you mean "context_tokens"?',
        ),
        (
            "must:\n  context_tokens: 500\n",
            "need.yaml:5: must.context_tokens: 500 is less than a mean request (1,000)",
        ),
        (
            "must:\n  max_output_tokens: 50\n",
            "need.yaml:5: must.max_output_tokens: 50 is less than a mean answer (200)",
        ),
        (
            "must:\n  latency:\n    end_to_end_s: 1\n    ttft_s: 2\n",
            "need.yaml:7: must.latency.ttft_s: the first token may come after 2 s, "
            "but the whole answer must be there after 1 s",
        ),
        (
            "must: {deployment: self_hosted, open_weights: false}\n",
            "need.yaml:4: must.open_weights: self_hosted needs open weights, "
            "and this says there must be none",
        ),
        (
            "must: {vendors: {deny: [openai, mistral]}}\n",
            "need.yaml:4: must.vendors.deny: every vendor of the catalogue is denied",
        ),
        (
            "must: {vendors: {allow: [openai], deny: [openai]}}\n",
            "need.yaml:4: must.vendors.deny: openai is allowed and denied",
        ),
        (
            "must:\n  vendors:\n    allow:\n      - opnai\n",
            'need.yaml:7: must.vendors.allow[0]: no vendor "opnai" in the catalogue. '
            'Did you mean "openai"?',
        ),
        (
            "must: {budget: {per_month_usd: -5}}\n",
            "need.yaml:4: must.budget.per_month_usd: a budget is more than nothing",
        ),
        (
            "must: {requires: [vision], inputs: [text]}\n",
            "need.yaml:4: must.inputs: vision is required, and image is not among the inputs",
        ),
        ("nice: {quality: 0, cost: 0}\n", "need.yaml:4: nice: every weight is 0, so nothing"),
        ("quality_by: mmul\n", 'need.yaml:4: quality_by: no benchmark "mmul" in the catalogue.'),
        (
            "as_of: 2026-05-01\nmust: {lives_until: 2026-04-01}\n",
            "need.yaml:5: must.lives_until: 2026-04-01 is not after as_of, 2026-05-01",
        ),
        ("must: {requires: [toolz]}\n", "need.yaml:4: must.requires[0]"),
        ("nice: {cost: -1}\n", "need.yaml:4: nice.cost"),
        ("shortlist: 0\n", "need.yaml:4: shortlist"),
    ],
)
def test_a_bad_need_says_what_where_and_what_instead(
    tmp_path: Path, more: str, message: str
) -> None:
    assert message in said(tmp_path, more)


@pytest.mark.parametrize("volume", ["0", "-5", "1.5", "lots"])
def test_an_absurd_volume_is_refused(tmp_path: Path, volume: str) -> None:
    base = GOOD.replace("volume_per_day: 10", f"volume_per_day: {volume}")
    assert "need.yaml:2: volume_per_day" in said(tmp_path, "", base)


def test_all_problems_are_said_at_once(tmp_path: Path) -> None:
    text = said(tmp_path, "quality_by: nope\nmust: {context_tokens: 5, vendors: {deny: [acme]}}\n")
    assert len(text.splitlines()) == 3


def test_a_missing_key_and_a_missing_file_are_named(tmp_path: Path) -> None:
    assert 'the key "tokens" is missing' in said(tmp_path, "", "name: n\nvolume_per_day: 10\n")
    with pytest.raises(InvalidInput, match="there is no such file"):
        load_need(tmp_path / "none.yaml", Known(vendors=VENDORS, benchmarks=set()))


KNOWN = Known(
    vendors=VENDORS,
    benchmarks={"mmlu"},
    hosts={"azure", "openai"},
    regions={"eu", "us"},
    purposes={"code", "moderation"},
)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("must: {context_tokens: 128K}", '"128K", written out: 128000'),
        ("must: {budget: {per_month_usd: 100 EUR}}", '"100 EUR" is not a plain number'),
        ("must: {budget: {per_month_eur: 100}}", 'Did you mean "per_month_usd"?'),
        ("must: {latency: {category: realtime}}", 'Did you mean "real_time"?'),
        ("must: {latency: {end_to_end_ms: 500}}", 'Did you mean "end_to_end_s"?'),
        ("must: {quality: {mmlu: 60}}", "it is a share: 0.6 for 60 %"),
        ("must: {inputs: [smell]}", "Known: audio, image, pdf, text, video."),
        ("as_of: yesterday", '"yesterday" is not a day such as 2026-11-24'),
        (
            "must: {hosts: {allow: [azur]}}",
            'no host "azur" in the catalogue. Did you mean "azure"?',
        ),
        ("must: {hosts: {allow: [azure], deny: [azure]}}", "azure is allowed and denied"),
        ("must: {privacy: {residency: [mars]}}", 'holds data in "mars". Known: eu, us.'),
        ("must: {deployment: self_hosted, hosts: {allow: [azure]}}", "self_hosted leaves no host"),
        ("tasks: [codde]", 'Did you mean "code"?'),
        ("tasks: [coding]", 'Did you mean "code"?'),
    ],
)
def test_what_is_written_wrongly_comes_back_with_what_to_write(
    tmp_path: Path, more: str, message: str
) -> None:
    file = tmp_path / "need.yaml"
    file.write_text(GOOD + more)
    with pytest.raises(InvalidInput) as caught:
        load_need(file, KNOWN)
    assert message in str(caught.value)


def test_tasks_in_your_own_words_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "need.yaml"
    file.write_text(GOOD + "tasks: [content_moderation, customer_support, code]")
    assert load_need(file, KNOWN).tasks[0] == "content_moderation"
