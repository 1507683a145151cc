"""HumanEval: its own solutions pass, empty ones fail, and recorded completions get the score that was published."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from math import comb
from pathlib import Path
from typing import Any

import pytest

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.core.grade import Given
from pilothouse.prove.evidence import CaseFact, Evidence, Outcome
from pilothouse.prove.report.answers import answers_by_candidate
from pilothouse.prove.report.figures import scorer_figures
from pilothouse.prove.report.passes import Passes
from pilothouse.scorers.code import CodeScorer
from pilothouse.suites.humaneval import plugin as suite

FOLDER = Path(str(resources.files("pilothouse.data") / "suites" / (suite.bundled or "")))
RECORDED = Path(__file__).parent / "codegen_16b_first10.jsonl.gz"
PASSES_IN_A_PLAIN_HARNESS, SOLVED_IN_A_PLAIN_HARNESS = 198, 46
"""Program and tests in one process, as the paper's harness runs them: it agreed on each of the 1,640 completions."""
SCORER = CodeScorer(assemble="completion", timeout_s=3)


def cases() -> list[Case]:
    return list(suite.read(FOLDER))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def passes(answers: list[tuple[Case, str]]) -> list[bool]:
    def one(answer: tuple[Case, str]) -> bool:
        return SCORER.score(Given(text=answer[1]), answer[0]).value == 1.0

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, answers))


def passes_of_a_report(right: list[bool]) -> tuple[Passes, ...]:
    """What a report says of ten repeats of each problem."""
    outcomes = [
        Outcome(
            case=i // 10,
            candidate=0,
            repeat=i % 10,
            call_id=str(i),
            at_us=0,
            values=(float(is_right),),
        )
        for i, is_right in enumerate(right)
    ]
    evidence = Evidence(
        run_id="r",
        cases=[CaseFact(id=str(i)) for i in range(len(right) // 10)],
        candidates=("codegen",),
        scorers=("accuracy",),
        scorer_words=("code",),
        outcomes=outcomes,
    )
    [answers] = answers_by_candidate(evidence)
    return scorer_figures(evidence, answers, 0, None).passes


def test_there_are_164_problems_that_can_be_graded() -> None:
    found = cases()
    assert len(found) == 164 and len({c.id for c in found}) == 164
    for case in found:
        SCORER.check(case)
        assert case.details["code_prompt"] in case.prompt


@pytest.mark.slow
def test_every_canonical_solution_passes_and_every_empty_body_fails() -> None:
    items = lines(FOLDER / "HumanEval.jsonl.gz")
    found = cases()
    assert all(passes([(c, i["canonical_solution"]) for c, i in zip(found, items, strict=True)]))
    assert not any(passes([(c, "    pass\n") for c in found]))


@pytest.mark.slow
def test_recorded_completions_of_codegen_get_the_pass_rates_that_a_plain_harness_gives() -> None:
    """820 of 1,640 completions: every second problem. The whole run is in docs/code-execution.md."""
    found = sorted(cases(), key=lambda c: c.id)
    samples = [line["samples"] for line in lines(RECORDED)]
    chosen = list(zip(found, samples, strict=True))[::2]
    right = passes([(case, text) for case, texts in chosen for text in texts])
    counts = [sum(right[i : i + 10]) for i in range(0, len(right), 10)]
    assert len(right) == 820
    # a machine that is ten times slower may lose a program that takes most of its three seconds
    assert abs(sum(counts) - PASSES_IN_A_PLAIN_HARNESS) <= 1
    pass_at_10 = sum(1 - comb(10 - c, 10) / comb(10, 10) for c in counts) / len(counts)
    assert pass_at_10 == pytest.approx(SOLVED_IN_A_PLAIN_HARNESS / 82, abs=0.013)
    reported = passes_of_a_report(right)
    assert reported[-1].pass_at_k.value == pytest.approx(pass_at_10)
    for row in reported:
        hat = sum(comb(c, row.k) / comb(10, row.k) for c in counts) / len(counts)
        assert row.pass_hat_k.value == pytest.approx(hat)


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "HumanEval.jsonl"
    file.write_text(
        '{"task_id": "a", "prompt": "", "entry_point": "f", "test": ""}\n{"task_id": 3}\n'
    )
    with pytest.raises(InvalidInput, match=r"HumanEval.jsonl:2: .*task_id"):
        list(suite.read(file))


def test_a_folder_without_items_says_where_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="openai/human-eval"):
        list(suite.read(tmp_path))
