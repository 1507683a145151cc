"""What the guide's predicates are worth: is_code_task, is_simple_query with three levels, needs_long_context.

    python bench/guide_routers.py [--smoke] [--json] [--data FOLDER]

Code: marks of code against the names of tasks. Complexity: two models' recorded scores by level, and APGR as RouteLLM
defines it (area under accuracy by share of strong calls, 0 = always weak, 1 = always strong, 0.5 = at random; eleven
points, trapezoid), where equal scores stand in random order; the references in the same run are a random score, the
length of the prompt, and the shipped prior where it saw nothing of the set. Intervals of APGR and of `over random` are
a bootstrap's over prompts. Long: the estimate (bytes over 4) against the exact count of o200k_base at the default line.

FOLDER holds RouteLLM, LLMRouter-ulab and ZeroEval as published; without it, what is shipped. Left out: conversations,
tools, media and JSON (no recorded set has them), other tokenisers, production traffic. The marks of code were changed
after their mistakes on the sets named `looked at` were read; the others were not read.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median, quantiles
from typing import Any, NamedTuple

from _recorded_prompts import (
    Pair,
    Task,
    own_pair,
    own_tasks,
    pairs_of,
    tasks_of,
    unseen_tasks_of,
)
from pilothouse.catalog.vocabulary import encoding
from pilothouse.cli.output import table
from pilothouse.core.complexity import LEVELS, complexity
from pilothouse.core.content import text_tokens
from pilothouse.core.facts import Facts, with_content
from pilothouse.core.request import Message, Request, TextPart
from pilothouse.core.route import GuideRoles
from pilothouse.core.stats.difference import difference
from pilothouse.core.stats.proportion import Interval, wilson, wilson_of
from pilothouse.learned.surface import PRIOR, SURFACE, surface
from pilothouse.learned.words import read_part, words_of
from pilothouse.route.prior import prior_weights

ROOT = Path(__file__).parents[1]
ROLES = GuideRoles(fast=(), smart=())
LINES = tuple(sorted({50, ROLES.simple_under_tokens, 300}))
"""`simple_under_tokens` that are tried, the default among them."""
STEPS = 10
PIECE = 2000
"""Characters that are counted at once; a text is many pieces."""


class Asked(NamedTuple):
    """A prompt as routing sees it."""

    facts: Facts
    chars: int


class Bend(NamedTuple):
    """A score's worth with its interval."""

    name: str
    apgr: float
    interval: Interval


def asked(prompt: str) -> Asked:
    """A single question with nothing else."""
    message = Message(role="user", parts=(TextPart(prompt),))
    facts = Facts(request_id="id", model="r")
    return Asked(with_content(facts, Request(model="r", messages=(message,))), len(prompt))


def code_rows(tasks: list[tuple[str, Task]]) -> Iterator[dict[str, Any]]:
    """Per task: how many have marks of code."""
    for seen, task in tasks:
        marked = sum(asked(prompt).facts.has_code for prompt in task.prompts)
        found = wilson(marked, len(task.prompts))
        yield {
            "set": seen,
            "task": f"{task.source}: {task.name}",
            "is_code": task.is_code,
            "prompts": len(task.prompts),
            "marked": marked,
            "share": marked / len(task.prompts),
            "low": found.low,
            "high": found.high,
        }


def code_summary(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Recall, precision on this mix, and false alarms, over the sets that were and were not looked at."""
    for seen in dict.fromkeys(row["set"] for row in rows):
        ours = [row for row in rows if row["set"] == seen]
        code = [row for row in ours if row["is_code"]]
        other = [row for row in ours if not row["is_code"]]
        hit, alarms = (sum(row["marked"] for row in part) for part in (code, other))
        for name, k, n in (
            ("recall", hit, sum(row["prompts"] for row in code)),
            ("precision", hit, hit + alarms if code else 0),
            ("false alarms", alarms, sum(row["prompts"] for row in other)),
        ):
            if n:
                found = wilson(k, n)
                yield {
                    "set": seen,
                    "measure": name,
                    "k": k,
                    "n": n,
                    "share": k / n,
                    "low": found.low,
                    "high": found.high,
                }


def level_rows(pair: Pair, prompts: list[Asked]) -> Iterator[dict[str, Any]]:
    """By level: how many, how good the weak model is there, and how much better the strong one."""
    for line in LINES:
        roles = GuideRoles(fast=(), smart=(), simple_under_tokens=line)
        levels = [complexity(p.facts, roles).level for p in prompts]
        for level in LEVELS:
            mine = [i for i, found in enumerate(levels) if found == level]
            if len(mine) < 2:
                continue
            weak = [pair.weak[i] for i in mine]
            strong = [pair.strong[i] for i in mine]
            good, gap = wilson_of(fmean(weak), len(mine)), difference(strong, weak)
            yield {
                "set": pair.name,
                "simple_under": line,
                "level": level,
                "prompts": len(mine),
                "share": len(mine) / len(prompts),
                "weak": fmean(weak),
                "weak_low": good.low,
                "weak_high": good.high,
                "strong": fmean(strong),
                "gap": gap.value,
                "gap_low": gap.interval.low,
                "gap_high": gap.interval.high,
            }


def worth_rows(
    pair: Pair, prompts: list[Asked], rng: random.Random, rounds: int
) -> Iterator[dict[str, Any]]:
    """`simple to weak, else strong` beside as many drawn at random: what it loses, and what it wins over chance."""
    gaps = [s - w for s, w in zip(pair.strong, pair.weak, strict=True)]
    n = len(gaps)
    for line in LINES:
        roles = GuideRoles(fast=(), smart=(), simple_under_tokens=line)
        simple = [complexity(p.facts, roles).level == "low" for p in prompts]

        def over_random(drawn: Sequence[int], simple: list[bool] = simple) -> tuple[float, float]:
            """What is lost to always strong, and how much less than at random."""
            lost = sum(gaps[i] for i in drawn if simple[i]) / len(drawn)
            share = sum(simple[i] for i in drawn) / len(drawn)
            return lost, share * fmean(gaps[i] for i in drawn) - lost

        lost, won = over_random(range(n))
        draws = [over_random(rng.choices(range(n), k=n))[1] for _ in range(rounds)]
        low, high = ends(draws)
        yield {
            "set": pair.name,
            "simple_under": line,
            "to_weak": sum(simple) / n,
            "lost": lost,
            "lost_at_random": lost + won,
            "over_random": won,
            "low": low,
            "high": high,
        }


def apgr(
    scores: Sequence[float],
    weak: Sequence[float],
    strong: Sequence[float],
    drawn: Sequence[int],
    rng: random.Random,
) -> float:
    """Of prompts sent to the strong model by falling score, equal ones in random order."""
    n = len(drawn)
    order = list(drawn)
    rng.shuffle(order)
    order.sort(key=scores.__getitem__, reverse=True)
    quality = [sum(weak[i] for i in order)]
    start = 0
    for step in range(1, STEPS + 1):
        end = round(n * step / STEPS)
        quality.append(quality[-1] + sum(strong[i] - weak[i] for i in order[start:end]))
        start = end
    area = sum((a + b) / 2 for a, b in pairwise(quality)) / STEPS
    return (area - quality[0]) / (quality[-1] - quality[0])


def bends(pair: Pair, prompts: list[Asked], rng: random.Random, rounds: int) -> Iterator[Bend]:
    """Every score of a pair: levels at each line, and the references."""
    scores: dict[str, list[float]] = {
        "random": [0.0] * len(prompts),
        "length in characters": [float(p.chars) for p in prompts],
    }
    if pair.is_prior_independent:
        scores["shipped prior"] = [prior(prompt) for prompt in pair.prompts]
    for line in LINES:
        roles = GuideRoles(fast=(), smart=(), simple_under_tokens=line)
        name = f"3 levels, simple under {line}"
        scores[name] = [float(LEVELS.index(complexity(p.facts, roles).level)) for p in prompts]
    everything = range(len(prompts))
    for name, score in scores.items():
        seeds = [apgr(score, pair.weak, pair.strong, everything, rng) for _ in range(rounds)]
        draws = [
            apgr(score, pair.weak, pair.strong, rng.choices(everything, k=len(prompts)), rng)
            for _ in range(rounds)
        ]
        yield Bend(name, fmean(seeds), Interval(*ends(draws)))


def prior(prompt: str) -> float:
    """How hard the shipped prior takes it to be; learned from public data, none of MMLU or GSM8K."""
    text = read_part(prompt)
    found = dict(zip(SURFACE, surface(text, words_of(text)), strict=True))
    return sum(w * found[name] for w, name in zip(prior_weights(), PRIOR, strict=True))


def ends(draws: list[float]) -> tuple[float, float]:
    """The middle 95 %."""
    cuts = quantiles(draws, n=40, method="inclusive")
    return cuts[0], cuts[-1]


def long_rows(smoke: bool, rng: random.Random) -> Iterator[dict[str, Any]]:
    """By kind of text: estimate over count, and how often the two differ on which side of the line a text is."""
    count = encoding("o200k_base").count
    most = 30 if smoke else 300
    for kind, text in kinds():
        pieces = [text[i : i + PIECE] for i in range(0, min(len(text), most * PIECE), PIECE)]
        sizes = [(count(piece), text_bytes(piece)) for piece in pieces]
        ratios: list[float] = []
        wrong = beyond = 0
        texts = 200 if smoke else 2000
        for _ in range(texts):
            true, estimate = drawn_text(sizes, ROLES.long_over_tokens, rng)
            ratios.append(estimate / true)
            is_long, is_taken = true > ROLES.long_over_tokens, estimate > ROLES.long_over_tokens
            wrong += is_long is not is_taken
            beyond += is_long and not is_taken
        found, cuts = wilson(wrong, texts), quantiles(ratios, n=20, method="inclusive")
        yield {
            "kind": kind,
            "chars": sum(map(len, pieces)),
            "ratio": median(ratios),
            "ratio_5": cuts[0],
            "ratio_95": cuts[-1],
            "texts": texts,
            "wrong": wrong / texts,
            "low": found.low,
            "high": found.high,
            "missed": beyond / texts,
        }


def drawn_text(sizes: list[tuple[int, int]], line: int, rng: random.Random) -> tuple[int, int]:
    """Exact and estimated tokens of a text between half and twice the line, of pieces in a row (round and round)."""
    wanted = line * 2 ** rng.uniform(-1, 1)
    at = rng.randrange(len(sizes))
    tokens = size = 0
    while tokens < wanted:
        more, bytes_ = sizes[at % len(sizes)]
        tokens, size, at = tokens + more, size + bytes_, at + 1
    return tokens, -(-size // 4)


def text_bytes(text: str) -> int:
    """UTF-8 bytes, which `text_tokens` takes for four times the tokens."""
    size = len(text.encode())
    assert text_tokens(text) == -(-size // 4)
    return size


def kinds() -> Iterator[tuple[str, str]]:
    """Long texts that the repository holds, by kind."""
    source = sorted((ROOT / "src/pilothouse").rglob("*.py"))
    pages = sorted((ROOT / "docs").glob("*.md"))
    by_task = {task.name: " ".join(task.prompts) for task in own_tasks()}
    catalogue = ROOT / "src/pilothouse/data/catalog/catalog.json.gz"
    yield "English, questions", by_task["truthfulqa"]
    yield "English, school sums", by_task["gsm8k"]
    yield "English, Markdown", "\n".join(page.read_text("utf-8") for page in pages)
    yield "Python", "\n".join(path.read_text("utf-8") for path in source)
    yield "JSON", gzip.decompress(catalogue.read_bytes()).decode()
    articles = json.loads((ROOT / "bench/recorded/human_rights_article_1.json").read_bytes())
    for language, article in articles.items():
        yield f"{language.title()}, one article over and over", f"{article} " * 200


def measured(data: Path | None, smoke: bool) -> dict[str, Any]:
    """All figures."""
    rng, rounds = random.Random(7), 20 if smoke else 200
    tasks = [("looked at", task) for task in own_tasks()]
    pairs = [own_pair()]
    if data is not None:
        tasks += [("looked at", task) for task in tasks_of(data)]
        tasks += [("not looked at", task) for task in unseen_tasks_of(data)]
        pairs = [*pairs, *pairs_of(data)]
    code = list(code_rows(tasks))
    found: dict[str, Any] = {"code": code, "code_summary": list(code_summary(code))}
    found |= {"levels": [], "worth": [], "apgr": []}
    for pair in pairs:
        prompts = [asked(prompt) for prompt in pair.prompts]
        found["levels"] += level_rows(pair, prompts)
        found["worth"] += worth_rows(pair, prompts, rng, rounds)
        for bend in bends(pair, prompts, rng, rounds):
            name, value, (low, high) = bend.name, bend.apgr, (bend.interval.low, bend.interval.high)
            row = {"set": pair.name, "models": pair.models, "score": name, "apgr": value}
            found["apgr"].append({**row, "low": low, "high": high})
    found["long"] = list(long_rows(smoke, rng))
    return found


def main() -> None:
    """Print the tables, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="a few seconds; wide intervals")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="recorded sets as published")
    given = parser.parse_args()
    found = measured(given.data, given.smoke)
    if given.json:
        print(json.dumps(found, indent=2))
        return
    tell(found)


def tell(found: dict[str, Any]) -> None:
    """One table a predicate."""
    print("is_code_task: prompts with marks of code, by task\n")
    rows = [
        (r["set"], r["task"], "yes" if r["is_code"] else "no", r["prompts"], r["marked"], share(r))
        for r in found["code"]
    ]
    print(table(("set", "task", "code", "prompts", "marked", "share, 95 %"), rows))
    print()
    rows = [(r["set"], r["measure"], f"{r['k']}/{r['n']}", share(r)) for r in found["code_summary"]]
    print(table(("set", "measure", "of", "share, 95 %"), rows))
    print(
        "\nis_simple_query and levels: the weak model by level, and the strong one's lead (points)\n"
    )
    rows = [
        (
            *(r["set"], r["simple_under"], r["level"], f"{r['share']:.1%}"),
            f"{r['weak']:.1%} ({r['weak_low']:.1%} to {r['weak_high']:.1%})",
            f"{points(r['gap'])} ({points(r['gap_low'])} to {points(r['gap_high'])})",
        )
        for r in found["levels"]
    ]
    print(table(("set", "simple under", "level", "share", "weak model", "strong leads by"), rows))
    print("\nsimple to the weak model, all else to the strong: points lost, and won over chance\n")
    rows = [
        (
            *(r["set"], r["simple_under"], f"{r['to_weak']:.1%}", points(r["lost"])),
            points(r["lost_at_random"]),
            f"{points(r['over_random'])} ({points(r['low'])} to {points(r['high'])})",
        )
        for r in found["worth"]
    ]
    header = ("set", "simple under", "to weak", "lost", "lost at random", "won over random")
    print(table(header, rows))
    print("\nAPGR: 0.5 is chance\n")
    rows = [
        (
            r["set"],
            r["models"],
            r["score"],
            f"{r['apgr']:.3f}",
            f"{r['low']:.3f} to {r['high']:.3f}",
        )
        for r in found["apgr"]
    ]
    print(table(("set", "models", "score", "APGR", "95 %"), rows))
    line = ROLES.long_over_tokens
    print(f"\nneeds_long_context: texts of {line // 2} to {line * 2} tokens, line at {line}\n")
    rows = [
        (
            *(r["kind"], f"{r['ratio']:.2f} ({r['ratio_5']:.2f} to {r['ratio_95']:.2f})"),
            f"{r['wrong']:.1%} ({r['low']:.1%} to {r['high']:.1%})",
            f"{r['missed']:.1%}",
        )
        for r in found["long"]
    ]
    print(table(("text", "estimate / count (5 to 95 %)", "wrong side", "long, not seen"), rows))


def share(row: dict[str, Any]) -> str:
    """A share with its interval."""
    return f"{row['share']:.1%} ({row['low']:.1%} to {row['high']:.1%})"


def points(share: float) -> str:
    """A difference of shares."""
    return f"{share * 100:+.1f}"


if __name__ == "__main__":
    main()
