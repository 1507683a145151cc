"""Blind reviews: by keyboard in the terminal and on the page, stopped and gone on with, and what came of them."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pilothouse.cli.main import cli
from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.core.grade import Given
from pilothouse.prove.judge_labels import read_labels
from pilothouse.prove.pairwise import Pair
from pilothouse.prove.reviewing import items_of
from pilothouse.server.review_page import serve_review

POC = """\
name: sums
cases: cases.jsonl
providers: {r: {kind: replay, recording: answers.jsonl}}
candidates: [{name: good, provider: r, model: good}, {name: bad, provider: r, model: bad}]
scorer: {number: {}}
criteria: {accuracy: ">= 0.5"}
"""


@pytest.fixture
def store(tmp_path: Path) -> str:
    cases = [{"id": n, "prompt": f"{n}+{n}?", "expected": 2 * n} for n in range(4)]
    answers = [
        {
            "model": model,
            "prompt": f"{n}+{n}?",
            "answer": f"{model} says {2 * n + (model == 'bad')}",
        }
        for n in range(4)
        for model in ("good", "bad")
    ]
    (tmp_path / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)))
    (tmp_path / "answers.jsonl").write_text("\n".join(map(json.dumps, answers)))
    (tmp_path / "poc.yaml").write_text(POC)
    store = str(tmp_path / "a.db")
    CliRunner().invoke(cli, ["prove", str(tmp_path / "poc.yaml"), "--store", store])
    return store


def review(store: str, *args: str, keys: str = "") -> Any:
    command = ["review", "last", "--store", store, *args]
    return CliRunner().invoke(cli, command, input=keys, standalone_mode=False)


def test_a_review_is_blind_stops_and_goes_on(store: str) -> None:
    first = review(store, "--reviewer", "ann", keys="1s20q")
    assert "1 of 4" in first.output
    assert "[1 2 0 s q]" in first.output
    again = review(store, "--reviewer", "ann", keys="1")
    assert "1 of 1" in again.output and "that was the last one" in again.output
    assert "nothing is left" in review(store, "--reviewer", "ann").output
    assert "1 of 4" in review(store, "--reviewer", "bob", keys="q").output


def test_results_say_who_was_preferred_and_how_far_people_agree(store: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nobody has reviewed"):
        raise review(store, "--results").exception
    for who in ("ann", "bob"):
        review(store, "--reviewer", who, "--grade", keys="12121212")
    found = json.loads(review(store, "--results", "--json").output)
    assert {s["candidate"]: s["verdicts"] for s in found["standings"]} == {"good": 8, "bad": 8}
    (agreed,) = found["agreement"]
    assert agreed["items"] == 8
    review(store, "--reviewer", "ann", keys="1111")
    labels = tmp_path / "labels.jsonl"
    assert "labels in" in review(store, "--labels", str(labels)).output
    assert len(read_labels(labels).pairs) == 4


def test_which_answer_stands_first_differs_between_people_and_stays_for_one() -> None:
    pairs = [
        Pair(
            case=Case(id=str(n), prompt="q"),
            a="x",
            b="y",
            answer_a=Given(text="1"),
            answer_b=Given(text="2"),
        )
        for n in range(30)
    ]
    ann = items_of(pairs, "ann", graded=False)
    assert ann == items_of(pairs, "ann", graded=False)
    assert {i.names for i in ann} == {("x", "y"), ("y", "x")}
    assert [i.key for i in ann] != [i.key for i in items_of(pairs, "bob", graded=False)]
    assert all(i.verdict("first") == i.names[0] for i in ann)


def test_the_page_takes_keys_hides_names_and_lets_nobody_else_in() -> None:
    pair = Pair(
        case=Case(id="c", prompt="<b>q</b>", expected="e"),
        a="secret-one",
        b="secret-two",
        answer_a=Given(text="<i>a</i>"),
        answer_b=Given(text="b"),
    )
    items = items_of([pair], "ann", graded=False)
    kept: list[str] = []

    def visit(url: str) -> None:
        page = urllib.request.urlopen(url).read().decode()
        assert "&lt;b&gt;q" in page and "&lt;i&gt;" in page
        assert "secret-" not in page
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(url[:-1])
        body = json.dumps({"at": 0, "key": "1"}).encode()
        urllib.request.urlopen(urllib.request.Request(url, data=body, method="POST"))

    async def run() -> None:
        told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(
            serve_review(items, lambda item, verdict: kept.append(verdict), 0, told.set_result)
        )
        await asyncio.to_thread(visit, await told)
        assert await serving == 0

    asyncio.run(run())
    assert kept == [items[0].names[0]]
