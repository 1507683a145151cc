"""Prompts with a task, and prompts with two models' recorded scores: the repository's own, and those of a folder."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pilothouse import recordings
from pilothouse.suites._open import open_suite

CODE_TASKS = frozenset({"human_eval", "mbpp", "crux"})
DEFECTIVE = frozenset({"high_school_mathematics", "moral_scenarios"})
"""Of RouteLLM's MMLU: an extraction fault of the strong model, and one template that is a fifth of the gap."""
ABOUT_COMPUTERS = frozenset(
    {
        *("college_computer_science", "high_school_computer_science"),
        *("computer_security", "machine_learning"),
    }
)
_WEAK, _STRONG = "mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"
_WEAK_9, _STRONG_9 = "llama-3.1-8b-instruct", "llama-3.1-nemotron-51b-instruct"
csv.field_size_limit(10**8)


class Task(NamedTuple):
    source: str
    name: str
    is_code: bool
    prompts: list[str]


class Pair(NamedTuple):
    """Prompts and what a weak and a strong model made of each, 0-1."""

    name: str
    models: str
    prompts: list[str]
    weak: list[float]
    strong: list[float]
    is_prior_independent: bool
    """Whether the shipped prior saw nothing of it."""


def own_tasks() -> Iterator[Task]:
    """The suites that are shipped."""
    for name in ("gsm8k", "humaneval", "bbh", "ifeval", "truthfulqa"):
        prompts = [case.prompt for case in open_suite(name).cases() if isinstance(case.prompt, str)]
        yield Task("shipped", name, name == "humaneval", prompts)
    for is_code in (True, False):
        prompts = [
            case.prompt
            for case in open_suite("mt_bench").cases()
            if isinstance(case.prompt, str) and ("coding" in case.tags) is is_code
        ]
        name = "mt_bench, coding" if is_code else "mt_bench, others"
        yield Task("shipped", name, is_code, prompts)


def tasks_of(folder: Path) -> Iterator[Task]:
    """LLMRouter-ulab's 14 tasks, and CRUX."""
    by_name: dict[str, list[str]] = {}
    for part in ("train", "test"):
        with (folder / f"LLMRouter-ulab/default_query_{part}.jsonl").open(encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                by_name.setdefault(row["task_name"], []).append(row["query"])
    for name, prompts in sorted(by_name.items()):
        yield Task("LLMRouter-ulab", name, name in CODE_TASKS, list(dict.fromkeys(prompts)))
    with gzip.open(folder / "ZeroEval/crux.csv.gz", "rt", encoding="utf-8") as file:
        yield Task("ZeroEval", "crux", True, [row["question"] for row in csv.DictReader(file)])


def unseen_tasks_of(folder: Path) -> Iterator[Task]:
    """Prompts that nobody looked at when the marks of code were chosen; none is about code."""
    subjects = [(s, row["prompt"]) for s, row in mmlu_rows(folder) if s not in ABOUT_COMPUTERS]
    yield Task("RouteLLM", "mmlu, not computing", False, [prompt for _, prompt in subjects])
    with gzip.open(folder / "ZeroEval/math-l5.csv.gz", "rt", encoding="utf-8") as file:
        yield Task("ZeroEval", "math-l5", False, [row["question"] for row in csv.DictReader(file)])


def own_pair() -> Pair:
    """GSM8K with the recorded labels of two models."""
    asked = [q for q in recordings.questions("builtin:gsm8k") if not q.contaminated]
    weak = [float(q.labels[_WEAK]) for q in asked]
    strong = [float(q.labels[_STRONG]) for q in asked]
    return Pair("GSM8K", "Mixtral-8x7B, gpt-4-1106", [q.prompt for q in asked], weak, strong, True)


def pairs_of(folder: Path) -> Iterator[Pair]:
    """RouteLLM's MMLU, whole and without two defective subjects, and LLMRouter-ulab's tasks."""
    yield _mmlu(folder, "MMLU", frozenset())
    yield _mmlu(folder, "MMLU without 2 defective subjects", DEFECTIVE)
    rows = [
        row
        for part in ("train", "test")
        for row in json.loads((folder / f"LLMRouter-ulab/{part}.json").read_bytes())
    ]
    yield Pair(
        "LLMRouter-ulab, 14 tasks",
        "llama-3.1-8b, nemotron-51b",
        [row["question"] for row in rows],
        [float(row["scores"][_WEAK_9]) for row in rows],
        [float(row["scores"][_STRONG_9]) for row in rows],
        False,
    )


def _mmlu(folder: Path, name: str, without: frozenset[str]) -> Pair:
    rows = [row for subject, row in mmlu_rows(folder) if subject not in without]
    weak, strong = ([float(row[model] == "True") for row in rows] for model in (_WEAK, _STRONG))
    prompts = [row["prompt"] for row in rows]
    return Pair(name, "Mixtral-8x7B, gpt-4-1106", prompts, weak, strong, True)


def mmlu_rows(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Subject and row, without the prompts that RouteLLM lists as contaminated."""
    listed = folder / "RouteLLM/mmlu/contaminated_prompts.jsonl"
    known = {json.loads(line)["eval_prompt"] for line in listed.read_text("utf-8").splitlines()}
    for path in sorted((folder / "RouteLLM/mmlu/responses").glob("mmlu_*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["prompt"] not in known:
                    yield path.stem.removeprefix("mmlu_"), row
