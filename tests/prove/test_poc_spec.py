"""`poc.yaml`: every fault with its line, all at once."""

from pathlib import Path

import pytest

from pilothouse.core.errors import InvalidInput
from pilothouse.prove.spec import load_poc

GOOD = """\
name: trial
cases: cases.jsonl
providers:
  recorded: {kind: replay, recording: answers.jsonl}
candidates:
  - {name: small, provider: recorded, model: m-small}
  - {name: big, provider: recorded, model: m-big}
baseline: big
scorer: {number: {take: last}}
criteria:
  accuracy: ">= 0.8"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "poc.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_has_every_name_resolved(tmp_path: Path) -> None:
    poc = load_poc(written(tmp_path, GOOD))
    assert (poc.baseline, poc.scorers[0].words) == ("big", "number (take: last)")
    assert poc.providers["recorded"].recording == str(tmp_path / "answers.jsonl")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("baseline: big", "baseline: bigg", ':8: baseline: no candidate "bigg". Did you mean'),
        ("accuracy:", "acuracy:", ':11: criteria.acuracy: unknown metric "acuracy". Did you'),
        ('">= 0.8"', '"good"', ":11: criteria.accuracy: "),
        ("{number: {take: last}}", "{numbr: {}}", ':9: scorer.numbr: unknown scorer "numbr"'),
        ("{take: last}", "{take: first}", ":9: scorer.number: "),
        ("{take: last}", "{tkae: last}", ":9: scorer.number: "),
        ("kind: replay", "kind: reply", ':4: providers.recorded.kind: unknown provider "reply"'),
        (
            ", recording: answers.jsonl",
            "",
            ':4: providers.recorded: a provider of kind replay needs the key "r',
        ),
        ("name: small, provider: recorded", "name: small, provider: recorde", ":6: candidates[0]"),
        ("name: small", "name: big", ':7: candidates[1].name: "big" is a candidate already'),
        ("baseline: big", "baselin: big", ':8: baselin: unknown key "baselin". Did you mean'),
        ("baseline: big", 'prompt: "Hello"', ":8: prompt: the template does not use {prompt}"),
        ("baseline: big", 'prompt: "{"', ":8: prompt: not a template"),
        ("baseline: big", "budget_usd: 0", ":8: budget_usd: a budget is more than nothing"),
        ("baseline: big", "repeats: 0", ":8: repeats: "),
        ("baseline: big", "concurrency: many", ":8: concurrency: "),
    ],
)
def test_a_fault_is_said_with_its_line(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    assert before in GOOD
    with pytest.raises(InvalidInput) as caught:
        load_poc(written(tmp_path, GOOD.replace(before, after, 1)))
    assert "poc.yaml" + message in str(caught.value)


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    bad = GOOD.replace("baseline: big", "baseline: x").replace("kind: replay", "kind: x")
    with pytest.raises(InvalidInput) as caught:
        load_poc(written(tmp_path, bad))
    assert len(str(caught.value).splitlines()) == 2
