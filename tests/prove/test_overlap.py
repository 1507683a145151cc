"""Cases that a model may have seen: found by words in a row, wherever a user looks, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pilothouse.cli.main import cli
from pilothouse.core.case import Case
from pilothouse.prove.cases.source import CasesFrom, is_benchmark
from pilothouse.prove.overlap import Overlap, grams, normalised
from pilothouse.suites._open import open_suite

ITEM = (
    "Janet’s ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins for her "
    "friends every day with four."
)
CHANGED = "JANET'S DUCKS LAY 16 EGGS, PER DAY!  She eats three -- for breakfast, every morning;\nand bakes muffins"
PARAPHRASE = (
    "Every day sixteen eggs come from the ducks that Janet keeps. Three of them are her breakfast, four go into "
    "muffins for friends. What does she earn by selling the others at two dollars each?"
)
POC = """\
name: own
cases: {cases}
{prompt}
providers: {{mine: {{kind: replay, recording: answers.jsonl}}}}
candidates: [{{name: m, provider: mine, model: m, catalog_model: gpt-4-1106-preview}}]
scorer: {{contains: {{}}}}
criteria: {{accuracy: ">= 0.5"}}
"""


def found(**case: object) -> dict[str, str]:
    overlap = Overlap()
    overlap.see(Case(id="c", **case))  # pyright: ignore[reportArgumentType]
    return overlap.found


@pytest.mark.parametrize(
    "case",
    [
        {"prompt": ITEM},
        {"prompt": CHANGED},
        {"prompt": f"Our customer asks: {CHANGED} Is that right?"},
        {"variables": {"question": CHANGED}},
        {"prompt": "Hello.", "then": (CHANGED,)},
    ],
)
def test_a_copied_item_is_found_whatever_its_punctuation(case: dict[str, object]) -> None:
    assert found(**case) == {"c": "GSM8K"}


@pytest.mark.parametrize(
    "prompt",
    [
        PARAPHRASE,
        "Janet’s ducks lay 16 eggs per day. She eats three for",  # its first 12 words
        "Answer the question with the letter of the right option. End with a line of the form "
        '"The answer is (X)". Which plan fits?',
        " ".join(str(n) for n in range(1, 40)),
        "not True and False or not False and True or not True and not False or True and False",
        "Утки Джанет несут шестнадцать яиц в день, три из них она съедает на завтрак каждое утро дома",
        "珍妮特的鸭子每天下十六个蛋。她每天早上吃三个当早餐，每天用四个为朋友烤松饼。",
        "जेनेट की बत्तखें रोज़ सोलह अंडे देती हैं और वह हर सुबह नाश्ते में तीन अंडे खाती है",
        "\ud800 " * 20,
        "",
    ],
)
def test_a_paraphrase_instructions_and_other_languages_are_not(prompt: str) -> None:
    assert found(prompt=prompt) == {}


@pytest.mark.parametrize("before", range(15))
@pytest.mark.parametrize("first", [0, 5])
def test_thirteen_words_are_found_wherever_they_stand(before: int, first: int) -> None:
    shared = normalised(ITEM)[first : first + 13]
    prompt = b" ".join([b"ours"] * before + shared + [b"theirs"] * 3).decode()
    assert found(prompt=prompt) == {"c": "GSM8K"}
    cut = b" ".join([b"ours"] * before + shared[1:] + [b"theirs"] * 3).decode()
    assert found(prompt=cut) == {}


def test_a_short_text_is_found_as_a_whole_only() -> None:
    short = next(
        text
        for case in open_suite("mt_bench").cases()
        for text in case.then
        if 8 <= len(text.split()) <= 10
    )
    assert found(prompt=short.upper()) == {"c": "MT-Bench"}
    assert found(prompt=f"Please: {short}") == {}


def test_words_of_every_script_are_compared_in_lower_case() -> None:
    words = "Быстрая лиса прыгает через ленивую собаку и бежит домой"
    assert grams(normalised(words)) == grams(normalised(words.upper() + "!"))
    assert normalised("ＡＢＣ x_1") == normalised("abc X 1")
    assert len(grams(normalised("a b c d e f g h i j k l m n o"))) == 3


@pytest.mark.parametrize("name", ["gsm8k", "humaneval", "truthfulqa", "bbh"])
def test_the_shipped_hashes_know_the_shipped_items(name: str) -> None:
    overlap = Overlap()
    cases = list(open_suite(name).cases())[::20]
    for case in cases:
        overlap.see(case)
    share = len(overlap.found) / len(cases)
    # What BBH makes of a few words (brackets, true and false) is nobody's text.
    assert share == 1 if name != "bbh" else share > 0.75


def test_a_benchmark_by_name_is_not_compared_with_itself() -> None:
    assert is_benchmark("suite:gsm8k")
    assert is_benchmark(CasesFrom(suite="mmlu", path="mmlu"))
    assert is_benchmark("builtin:gsm8k")
    assert not is_benchmark("suite:scenario:mine.yaml")
    assert not is_benchmark(CasesFrom(file="cases.jsonl"))


def own_poc(folder: Path, prompt: str = "") -> Path:
    asked = {"copied": CHANGED, "own": PARAPHRASE}
    rows = [{"id": i, "prompt": text, "expected": "18"} for i, text in asked.items()]
    (folder / "cases.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    sent = [f"{ITEM}\n{text}" if prompt else text for text in asked.values()]
    answers = [{"model": "m", "prompt": text, "answer": "18"} for text in sent]
    (folder / "answers.jsonl").write_text("".join(json.dumps(a) + "\n" for a in answers))
    (folder / "poc.yaml").write_text(POC.format(cases="cases.jsonl", prompt=prompt))
    return folder / "poc.yaml"


def test_prove_names_the_case_in_every_form_and_so_does_the_run_made_again(tmp_path: Path) -> None:
    said = "1 of 2 cases share 13 words in a row (or a whole shorter text) with items of public benchmarks"
    store, out = ["--store", str(tmp_path / "a.db")], tmp_path / "proof"
    done = CliRunner().invoke(cli, ["prove", str(own_poc(tmp_path)), *store, "--out", str(out)])
    assert said in " ".join(done.output.split()), done.output
    for name in ("report.md", "report.html", "report.json"):
        text = (out / name).read_text(encoding="utf-8")
        assert said in text and "(GSM8K 1; case ids copied)" in text
    again = CliRunner().invoke(cli, ["runs", "show", "last", *store, "--out", str(tmp_path / "2")])
    assert said in " ".join(again.output.split())
    assert (tmp_path / "2" / "report.md").read_bytes() == (out / "report.md").read_bytes()


def test_an_example_in_the_template_is_not_the_cases(tmp_path: Path) -> None:
    poc = own_poc(tmp_path, prompt=f'prompt: "{ITEM}\\n{{prompt}}"')
    done = CliRunner().invoke(cli, ["prove", str(poc), "--store", str(tmp_path / "a.db")])
    assert "1 of 2 cases share 13 words" in " ".join(done.output.split()), done.output


def test_cases_check_says_it_too(tmp_path: Path) -> None:
    own_poc(tmp_path)
    file = str(tmp_path / "cases.jsonl")
    assert "case ids copied" in CliRunner().invoke(cli, ["cases", "check", file]).output
    told = json.loads(CliRunner().invoke(cli, ["cases", "check", file, "--json"]).output)
    assert told["sharing words with benchmarks"] == {"copied": "GSM8K"}
    assert "suspected" not in CliRunner().invoke(cli, ["cases", "check", "builtin:gsm8k"]).output
