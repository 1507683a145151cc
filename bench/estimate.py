"""What `prove --estimate` says beside what the run then costs, over many simulated proofs of recorded answer lengths.

    python bench/estimate.py [--smoke] [--json]

A proof: a model and a task drawn from bench/recorded (its SOURCES.md), 20 to 500 of the task's cases, 1 to 3 repeats,
one temporary store. The command's own code estimates and runs it against a vendor that bills the tokens of the recorded
answer; prices are the catalogue's. Asked for an estimate: when nothing is known; after 20 cases (`--limit 20`), of the
rest; and when the model has answered another task. Then the same proof with a cap of half its cost. The reference in the
same run is the estimator until 2026-11-25: 300 tokens within a factor of two, or the last answers to whatever it was
within 8 %. Prompts are GSM8K's English cut to the
recorded length; a task's characters become tokens by the exact count of recorded GSM8K answers. Left out: hidden
reasoning, answers of one word, retries, judges; a repeat is as long as the first answer, which is the careful side.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import math
import random
import statistics
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from pilothouse import recordings
from pilothouse.app.proving import Proof, Wishes, open_proof
from pilothouse.catalog.vocabulary import encoding
from pilothouse.cli.output import table
from pilothouse.prove.ledger import Progress
from pilothouse.prove.purse import LENGTH_SPREAD, Estimate
from pilothouse.prove.spec import EXPECTED_OUTPUT_TOKENS, load_poc
from pilothouse.server.http import Exchange, HttpRequest, HttpServer, Limits

LENGTHS = Path(__file__).parent / "recorded/output_lengths.json.gz"
GOAL = 0.8
PILOT_CASES = 20
IN_FLIGHT = 16
Z90 = 1.2816
POC = """\
name: estimate
cases: {task}.jsonl
providers: {{mock: {{kind: openai_compatible, base_url: "{url}/v1", key_env: HOME}}}}
candidates: [{{name: one, provider: mock, model: "{model}", catalog_model: "{model}"}}]
scorer: {{number: {{}}}}
criteria: {{accuracy: ">= 0.5"}}
concurrency: {concurrency}
repeats: {repeats}
{cap}
"""


class Task(NamedTuple):
    prompts: list[int]
    """Characters, case by case."""
    answers: dict[str, list[int]]
    """By model."""


class Tokens:
    """Exact counts of OpenAI's newest vocabulary."""

    def __init__(self) -> None:
        self._count = encoding("o200k_base").count
        questions = recordings.questions("builtin:gsm8k")
        self._english = " ".join(question.prompt for question in questions)
        answers = [question.answers["gpt-4-1106-preview"] for question in questions[:300]]
        self.chars_each = sum(map(len, answers)) / sum(map(self._count, answers))

    def prompt(self, task: str, case: int, chars: int) -> str:
        """English of that length that names its case."""
        start = (case * 977) % (len(self._english) - 20_000)
        return f"[{task} {case}] {self._english[start : start + chars]}"

    def asked(self, prompt: str) -> int:
        """As OpenAI counts a chat of one message."""
        return self._count(prompt) + 7

    def answered(self, chars: int) -> int:
        """Of a text of which only the length is known."""
        return max(1, round(chars / self.chars_each))


class Vendor:
    """Bills the recorded length of the model's answer to the case that the prompt names."""

    def __init__(self, tasks: dict[str, Task], tokens: Tokens) -> None:
        self._tasks = tasks
        self._tokens = tokens
        self._asked: dict[str, int] = {}

    async def handle(self, http: HttpRequest, out: Exchange) -> None:
        body = json.loads(http.body)
        prompt: str = body["messages"][-1]["content"]
        task, case = prompt[1 : prompt.index("]")].split()
        if prompt not in self._asked:
            self._asked[prompt] = self._tokens.asked(prompt)
        asked = self._asked[prompt]
        answered = self._tokens.answered(self._tasks[task].answers[body["model"]][int(case)])
        message = {"role": "assistant", "content": "4"}
        told = {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {
                "prompt_tokens": asked,
                "completion_tokens": answered,
                "total_tokens": asked + answered,
            },
        }
        out.send(200, json.dumps(told).encode())


class Poc(NamedTuple):
    model: str
    task: str
    cases: list[int]
    repeats: int


class Told(NamedTuple):
    """An estimate and what came of it, in dollars."""

    low: float
    middle: float
    high: float
    paid: float


class Capped(NamedTuple):
    """A run that its cap ended: how far it went beyond, in dollars and in its dearest calls."""

    over_usd: float
    over_calls: float


class World:
    """Where simulated proofs are written and run."""

    def __init__(self, tasks: dict[str, Task], tokens: Tokens, url: str, folder: Path) -> None:
        self._tasks = tasks
        self._tokens = tokens
        self._url = url
        self._folder = folder

    @asynccontextmanager
    async def opened(
        self, poc: Poc, store: str, *, limit: int | None = None, cap: Decimal | None = None
    ) -> AsyncGenerator[Proof]:
        """The proof, as the command opens it."""
        task = self._tasks[poc.task]
        with (self._folder / f"{poc.task}.jsonl").open("w") as file:
            for case in poc.cases:
                prompt = self._tokens.prompt(poc.task, case, task.prompts[case])
                file.write(json.dumps({"id": str(case), "prompt": prompt, "expected": "4"}) + "\n")
        path = self._folder / "poc.yaml"
        path.write_text(
            POC.format(
                task=poc.task,
                url=self._url,
                model=poc.model,
                concurrency=IN_FLIGHT,
                repeats=poc.repeats,
                cap="" if cap is None else f'budget_usd: "{cap:.9f}"',
            )
        )
        async with open_proof(load_poc(path), self._folder / store, Wishes(limit=limit)) as proof:
            yield proof

    async def whole(self, poc: Poc, store: str) -> tuple[Told, Told | None]:
        """When nothing is known, and of the rest after the first cases; the run is then done."""
        async with self.opened(poc, store) as proof:
            cold = proof.estimate()
        first = Decimal(0)
        pilot: Estimate | None = None
        if len(poc.cases) > PILOT_CASES:
            async with self.opened(poc, store, limit=PILOT_CASES) as proof:
                first = (await proof.run(quiet)).spent_usd
            async with self.opened(poc, store) as proof:
                pilot = proof.estimate()
        async with self.opened(poc, store) as proof:
            paid = (await proof.run(quiet)).spent_usd
        return told(cold, paid), None if pilot is None else told(pilot, paid - first)

    async def after_another_task(self, poc: Poc, store: str) -> Told:
        """The model's answers to something else are in the store."""
        async with self.opened(poc, store) as proof:
            estimate = proof.estimate()
            return told(estimate, (await proof.run(quiet)).spent_usd)

    async def capped(self, poc: Poc, store: str, cap: Decimal) -> Capped:
        """The same proof again, in a new store."""
        async with self.opened(poc, store, cap=cap) as proof:
            found = await proof.run(quiet)
            assert proof.is_over_budget
        dearest = max(outcome.cost_usd or Decimal(0) for outcome in found.outcomes)
        over = max(Decimal(0), found.spent_usd - cap)
        return Capped(float(over), float(over / dearest))


def quiet(progress: Progress) -> None:
    """Nobody looks on."""


def told(estimate: Estimate, paid: Decimal) -> Told:
    return Told(*map(float, (estimate.p10_usd, estimate.p50_usd, estimate.p90_usd, paid)))


async def simulated(count: int) -> dict[str, Any]:
    """All proofs, one after the other."""
    with gzip.open(LENGTHS, "rt") as file:
        tasks = {name: Task(**found) for name, found in json.load(file).items()}
    tokens = Tokens()
    server = HttpServer(Vendor(tasks, tokens).handle, lambda status, message, http: b"", Limits())
    url = f"http://127.0.0.1:{await server.start('127.0.0.1', 0)}"
    draw = random.Random(9)
    found: dict[str, list[Told]] = {}
    capped: list[Capped] = []
    for _ in range(count):
        model, first, second = drawn(draw, tasks)
        with tempfile.TemporaryDirectory() as name:
            world = World(tasks, tokens, url, Path(name))
            one = proof_of(draw, tasks, model, first)
            cold, pilot = await world.whole(one, "a.db")
            found.setdefault("nothing known", []).append(cold)
            found.setdefault("formerly: nothing known", []).append(former(cold, 300, 0.55))
            if pilot is not None:
                found.setdefault(f"after {PILOT_CASES} cases", []).append(pilot)
            other = proof_of(draw, tasks, model, second)
            after = await world.after_another_task(other, "a.db")
            found.setdefault("after another task", []).append(after)
            mean = mean_tokens(one, tasks, tokens)
            found.setdefault("formerly: after another task", []).append(former(after, mean, 0.08))
            cap = Decimal(cold.paid / 2).quantize(Decimal("1e-9"))
            capped.append(await world.capped(one, "b.db", cap))
    await server.stop(0)
    return {
        "proofs": count,
        "estimates": [judged(known, some) for known, some in found.items()],
        "tasks left out": left_out(tasks, tokens),
        "cap": {
            "proofs": len(capped),
            "passed by at most USD": max(c.over_usd for c in capped),
            "passed by at most calls": round(max(c.over_calls for c in capped), 2),
            "calls in flight": IN_FLIGHT,
        },
    }


def drawn(draw: random.Random, tasks: dict[str, Task]) -> tuple[str, str, str]:
    """A task, a model that answered it and another task, and the other task."""
    first = draw.choice(sorted(tasks))
    others = {
        model: [name for name in sorted(tasks) if name != first and model in tasks[name].answers]
        for model in sorted(tasks[first].answers)
    }
    model = draw.choice([model for model, some in others.items() if some])
    return model, first, draw.choice(others[model])


def proof_of(draw: random.Random, tasks: dict[str, Task], model: str, task: str) -> Poc:
    """20 to 500 cases, small proofs as likely as large ones; 1 to 3 repeats."""
    count = round(math.exp(draw.uniform(math.log(20), math.log(500))))
    cases = draw.sample(range(len(tasks[task].prompts)), count)
    return Poc(model, task, cases, draw.choice((1, 1, 2, 3)))


def mean_tokens(poc: Poc, tasks: dict[str, Task], tokens: Tokens) -> float:
    """Of the model's answers to the proof's cases."""
    answers = tasks[poc.task].answers[poc.model]
    return statistics.fmean(tokens.answered(answers[case]) for case in poc.cases)


def former(now: Told, expected: float, spread: float) -> Told:
    """What was said of the same proof before: the questions' price as now, another guess of the answers'."""
    answers = (now.high - now.middle) / (math.exp(Z90 * LENGTH_SPREAD) - 1)
    questions = now.middle - answers
    each = answers / EXPECTED_OUTPUT_TOKENS
    low, middle, high = (
        questions + each * expected * math.exp(z * spread) for z in (-Z90, 0.0, Z90)
    )
    return Told(low, middle, high, now.paid)


def judged(known: str, some: Sequence[Told]) -> dict[str, Any]:
    """The share of runs that cost what was said."""
    inside = [one.low <= one.paid <= one.high for one in some]
    return {
        "known": known,
        "runs": len(some),
        "inside p10-p90": round(statistics.fmean(inside), 3),
        "below p10": round(statistics.fmean(one.paid < one.low for one in some), 3),
        "below p50": round(statistics.fmean(one.paid < one.middle for one in some), 3),
        "actual / p50": round(statistics.median(one.paid / one.middle for one in some), 2),
        "p90 / p10": round(statistics.median(one.high / one.low for one in some), 2),
    }


def left_out(tasks: dict[str, Task], tokens: Tokens) -> list[dict[str, Any]]:
    """Each task foretold from the others: their middle length, and the shipped spread around it."""
    means = {
        name: [math.log(statistics.fmean(c) / tokens.chars_each) for c in task.answers.values()]
        for name, task in tasks.items()
    }
    found: list[dict[str, Any]] = []
    for name, some in means.items():
        middle = statistics.fmean(statistics.fmean(v) for t, v in means.items() if t != name)
        inside = [abs(one - middle) <= Z90 * LENGTH_SPREAD for one in some]
        found.append(
            {
                "task": name,
                "models": len(some),
                "tokens by the others": round(math.exp(middle)),
                "tokens": round(math.exp(statistics.fmean(some))),
                "inside p10-p90": round(statistics.fmean(inside), 2),
            }
        )
    share = statistics.fmean(row["inside p10-p90"] for row in found)
    return [*found, {"task": "all", "inside p10-p90": round(share, 2)}]


def main() -> None:
    """Print the tables, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    made = asyncio.run(simulated(4 if given.smoke else 200))
    if given.json:
        print(json.dumps(made, indent=2))
        return
    for rows in (made["estimates"], made["tasks left out"], [made["cap"]]):
        print(table(list(rows[0]), [[row.get(name, "") for name in rows[0]] for row in rows]))
        print()
    for row in made["estimates"]:
        share = row["inside p10-p90"]
        if not row["known"].startswith("formerly"):
            print(
                f"goal {row['known']} >= {GOAL}: {share} ({'met' if share >= GOAL else 'NOT met'})"
            )


if __name__ == "__main__":
    main()
