"""What the caches cost and how often the semantic one is wrong.

Costs: a look-up in the exact cache for bodies of several sizes, beside SHA-256 of the same body and beside reading
it whole, in the same run. Wrong answers: the semantic cache's embeddings on pairs that people have judged.

  bench_cache.py                                    costs alone
  bench_cache.py --mqp mqp.csv --advising advising.json --questions gsm8k.jsonl --write

`--mqp`: the Medical Question Pairs (github: curai/medical-question-pair-dataset; no licence is stated, so it is not
shipped). `--advising`: github: jkkummerfeld/text2sql-data, data/advising.json (CC BY 4.0). `--questions`: JSON lines
with a "question", every one with another answer (GSM8K's test set; MIT). `--write` puts the counts into the package,
where they decide which thresholds may be switched on.

Leaves out: Redis's round trip, the network, and whether people would mind a wrong answer.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import hashlib
import json
import time
from collections.abc import Callable, Coroutine, Sequence
from importlib import resources
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import numpy as np

from pilothouse import registry
from pilothouse.cli.output import table
from pilothouse.client.cache.answers import AnswerCache
from pilothouse.client.cache.backend import Backend
from pilothouse.client.cache.memory import MemoryBackend
from pilothouse.client.cache.redis_backend import RedisBackend
from pilothouse.client.cache.semantic.details import details
from pilothouse.client.cache.semantic.embedder import PluginEmbedder
from pilothouse.client.cache.semantic.index import NearIndex
from pilothouse.client.cache.semantic.measure import Measured, Pair, measured
from pilothouse.client.cache.semantic.nearby import Nearby
from pilothouse.client.limits.redis_wire import connect
from pilothouse.core.answer import Answer
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.ports import Reply
from pilothouse.core.route import Route, RouteSpec, Target
from pilothouse.core.route_settings import CacheSettings, SemanticSettings
from pilothouse.core.stats.proportion import clopper_pearson

THRESHOLDS = (0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.95, 0.97, 0.99)


def vectors(texts: Sequence[str]) -> Any:
    """One row a text."""
    embed = registry.plugin("embedders", "lexical").embed
    return np.array([embed(text) for text in texts], dtype=np.float32)


Judged = list[tuple[Pair, float]]


def mqp(path: Path) -> Judged:
    """Doctors rewrote each patient's question once so that the answer holds, once so that it is wrong."""
    with path.open(newline="", encoding="utf-8") as file:
        pairs = [Pair(a=a, b=b, same=label == "1") for _, a, b, label in csv.reader(file)]
    return _judged(pairs)


def advising(path: Path, *, guards: bool) -> tuple[list[tuple[Pair, float]], Judged]:
    """Questions about courses, written by people for 205 database queries.

    First: each with its nearest rewording, and with its nearest question for another query. Second: each
    with itself after numbers and names were exchanged (the nearest of all near-misses).
    """
    groups: list[int] = []
    texts: list[str] = []
    swapped: list[Pair] = []
    for number, entry in enumerate(json.loads(path.read_text(encoding="utf-8"))):
        example = {v["name"]: v["example"] for v in entry["variables"]}
        seen: set[str] = set()
        for sentence in entry["sentences"]:
            values = sentence["variables"]
            text = _filled(sentence["text"], {n: example.get(n) or v for n, v in values.items()})
            other = _filled(
                sentence["text"], {n: v or example.get(n, "") for n, v in values.items()}
            )
            if text in seen:
                continue
            seen.add(text)
            groups.append(number)
            texts.append(text)
            if other != text:
                swapped.append(Pair(a=text, b=other, same=False))
    return _nearest(texts, groups, guards=guards), _judged(swapped)


def questions(paths: Sequence[Path], *, guards: bool) -> Judged:
    """Each with the nearest other one, whose answer is another."""
    texts = [
        json.loads(line)["question"]
        for path in paths
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return _nearest(texts, list(range(len(texts))), guards=guards)


def _filled(text: str, values: dict[str, str]) -> str:
    for name in sorted(values, key=len, reverse=True):
        text = text.replace(name, values[name])
    return " ".join(text.split())


def _judged(pairs: list[Pair]) -> Judged:
    ours, theirs = vectors([p.a for p in pairs]), vectors([p.b for p in pairs])
    return list(zip(pairs, [float(s) for s in (ours * theirs).sum(axis=1)], strict=True))


def _nearest(texts: list[str], groups: list[int], *, guards: bool) -> Judged:
    """For each text the nearest of its own group and the nearest of any other, as the cache would find
    them: with guards, among those that the guard lets pass."""
    rows, group = vectors(texts), np.array(groups)
    known: dict[Any, int] = {}
    marks = np.array([known.setdefault(details(text), len(known)) for text in texts])
    found: Judged = []
    for i, text in enumerate(texts):
        similar = rows @ rows[i]
        similar[i] = -2.0
        if guards:
            similar[marks != marks[i]] -= 2.0
        own = group == group[i]
        for is_same, mask in ((True, own), (False, ~own)):
            candidates = np.where(mask, similar, -9.0)
            best = int(candidates.argmax())
            # The same text under two queries is a flaw of the data, not of a cache.
            if candidates[best] > -9.0 and best != i and (is_same or texts[best] != text):
                found.append((Pair(a=texts[best], b=text, same=is_same), float(candidates[best])))
    return found


def all_measured(args: argparse.Namespace) -> list[Measured]:
    plugin = registry.plugin("embedders", "lexical")
    name = f"{plugin.name}/{plugin.version}"
    found: list[Measured] = []
    for guards in (False, True):
        sets: dict[str, Judged] = {}
        if args.mqp:
            sets["medical question pairs"] = mqp(args.mqp)
        if args.advising:
            near, exchanged = advising(args.advising, guards=guards)
            sets |= {"advising": near, "advising, values exchanged": exchanged}
        if args.questions:
            sets["school questions"] = questions(args.questions, guards=guards)
        found += [
            measured(n, name, judged, THRESHOLDS, guards=guards) for n, judged in sets.items()
        ]
    return found


# What it costs

TARGET = Target(name="small", provider="p", model="m")
ROUTE = Route(name="support", targets=(TARGET,))
SPEC = RouteSpec(
    name="support",
    policy="fallback",
    targets=(TARGET,),
    cache=CacheSettings(ttl_s=3600, semantic=SemanticSettings(threshold=0.9)),
)
CALL = Call(
    id="1", request_id="1", at_us=1, source="serve", route="support", arm="main", target="small",
    provider="p", model="m", status="ok",
)  # fmt: skip
SIZES = (300, 2_000, 20_000)
PROSE = "how can the order of a customer be changed after it was paid and sent to the wrong address"
WORDS = PROSE.split()


def a_body(size: int, number: int = 0) -> bytes:
    """A chat of about `size` bytes: a system prompt, turns, a question of its own."""
    text = " ".join(WORDS[(number + i) % len(WORDS)] for i in range(12))
    turns = [{"role": "system", "content": "You help customers. " * (size // 20)}]
    asked = {"role": "user", "content": f"{text} {number}"}
    return json.dumps({"model": "support", "temperature": 0, "messages": [*turns, asked]}).encode()


def us_each(count: int, rounds: int, work: Callable[[int], object]) -> tuple[float, float, float]:
    """Median, least and most microseconds a call, over rounds; the first round is not counted."""
    times: list[float] = []
    for i in range(rounds + 1):
        start_ns = time.perf_counter_ns()
        for n in range(count):
            work(n)
        if i:
            times.append((time.perf_counter_ns() - start_ns) / 1000 / count)
    return median(times), min(times), max(times)


def now(step: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never waits, without a loop's own cost."""
    try:
        step.send(None)
    except StopIteration as done:
        return done.value
    raise SystemExit("it waited")


def costs(args: argparse.Namespace) -> list[tuple[object, ...]]:
    """CPU of one look-up, for bodies of several sizes."""
    chat = registry.plugin("dialects", "openai_chat")
    rows: list[tuple[object, ...]] = []
    for size in SIZES:
        bodies = [a_body(size, n) for n in range(100)]
        cache = AnswerCache(MemoryBackend(10**8, time.monotonic), lambda: time.time_ns() // 1000)
        answer = chat.write_answer(Answer.of_text("word " * 100), model="m", id="x", created_s=1)
        reply = Reply(answer, chat.read_answer(answer), "openai_chat")
        for body in bodies:
            with now(cache.look(_ask(chat, body), ROUTE, SPEC)) as looked:
                now(looked.keep(reply, CALL))

        def hit(n: int, bodies: list[bytes] = bodies, cache: AnswerCache = cache) -> None:
            with now(cache.look(_ask(chat, bodies[n % 100]), ROUTE, SPEC)) as looked:
                assert looked.entry is not None

        def first(n: int, bodies: list[bytes] = bodies) -> None:
            empty = AnswerCache(MemoryBackend(10**6, time.monotonic), lambda: 1)
            with now(empty.look(_ask(chat, bodies[n % 100]), ROUTE, SPEC)) as looked:
                assert looked.entry is None

        def hashed(n: int, bodies: list[bytes] = bodies) -> None:
            hashlib.sha256(bodies[n % 100]).digest()

        def read(n: int, bodies: list[bytes] = bodies) -> None:
            chat.read_request(bodies[n % 100])

        def enveloped(n: int, bodies: list[bytes] = bodies) -> None:
            _ask(chat, bodies[n % 100])

        cases: list[tuple[str, Callable[[int], object]]] = [
            ("reference: SHA-256 of the body", hashed),
            ("reference: the envelope read, as for every request", enveloped),
            ("reference: the body read whole", read),
            ("an answer found (with its envelope)", hit),
            ("a body never met before (with its envelope)", first),
        ]
        rows += [(len(bodies[0]), name, *us_each(1000, args.rounds, work)) for name, work in cases]
    return rows


def near_costs(args: argparse.Namespace) -> list[tuple[object, ...]]:
    """CPU of looking for a near question among many."""
    chat = registry.plugin("dialects", "openai_chat")
    rows: list[tuple[object, ...]] = []
    for count in (100, 1_000, 10_000):
        plugin = PluginEmbedder(registry.plugin("embedders", "lexical"))
        nearby = Nearby(SemanticSettings(threshold=0.999), plugin, NearIndex(10**9))
        ask = _ask(chat, a_body(300))
        for n in range(count):
            spot = now(nearby.spot(b"here", _ask(chat, a_body(300, n)).request))
            nearby.remember(spot, n.to_bytes(32))

        def look(n: int, nearby: Nearby = nearby, ask: Ask = ask) -> None:
            nearby.nearest(now(nearby.spot(b"here", ask.request)))

        rows.append((count, "the nearest question", *us_each(100, args.rounds, look)))
    return rows


async def redis_costs(url: str) -> list[tuple[object, ...]]:
    """Wall time of one question to Redis, and of 200 at once, each."""
    client: Any = connect(url, timeout_s=5)
    backend: Backend = RedisBackend(client, "bench-cache:", time.monotonic)
    start_ns = time.perf_counter_ns()
    for _ in range(200):
        await backend.get(bytes(32))
    alone = (time.perf_counter_ns() - start_ns) / 200_000
    start_ns = time.perf_counter_ns()
    for _ in range(10):
        await asyncio.gather(*[backend.get(bytes(32)) for _ in range(20)])
    together = (time.perf_counter_ns() - start_ns) / 200_000
    await backend.close()
    return [("one after the other", alone), ("20 at once", together)]


def _ask(dialect: Any, body: bytes) -> Ask:
    return Ask(dialect, body, dialect.read_envelope(body))


def tell_costs(args: argparse.Namespace) -> dict[str, list[tuple[object, ...]]]:
    found = {"exact": costs(args), "near": near_costs(args)}
    heads = ("size", "step", "µs (median)", "least", "most")
    for title, rows in (("Body bytes", found["exact"]), ("Questions kept", found["near"])):
        print(f"\n{title}")
        told = [(n, name, *[f"{us:.1f}" for us in times]) for n, name, *times in rows]  # type: ignore[misc]
        print(table(heads, told))
    if args.redis:
        found["redis"] = asyncio.run(redis_costs(args.redis))
        rows = [(name, f"{us:.0f}") for name, us in found["redis"]]  # type: ignore[misc]
        print("\nRedis\n" + table(("a look-up", "µs"), rows))
    return found


def tell_measured(found: Sequence[Measured]) -> None:
    for one in found:
        print(f"\n{one.set}, {one.embedding}, {'with' if one.guards else 'without'} guards")
        rows = [
            (
                f"{rate.threshold:g}",
                _share(rate.hits, rate.same),
                _share(rate.false_hits, rate.near_misses),
                f"{rate.false_hits_upper:.2%}",
            )
            for rate in one.rates
        ]
        heads = ("threshold", "right hits (95 %)", "false hits (95 %)", "upper bound")
        print(table(heads, rows))


def _share(k: int, n: int) -> str:
    if not n:
        return "-"
    interval = clopper_pearson(k, n)
    return f"{k}/{n} = {k / n:.2%} ({interval.low:.2%}-{interval.high:.2%})"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mqp", type=Path)
    parser.add_argument("--advising", type=Path)
    parser.add_argument("--questions", type=Path, nargs="*", default=[])
    parser.add_argument("--write", action="store_true", help="Put the counts into the package.")
    parser.add_argument("--redis", help="URL: look-ups there too.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--smoke", action="store_true", help="One round, for CI.")
    parser.add_argument("--json", type=Path, help="Write all figures there.")
    args = parser.parse_args()
    args.rounds = 1 if args.smoke else args.rounds
    spent = tell_costs(args)
    found = all_measured(args)
    tell_measured(found)
    if args.json:
        args.json.write_bytes(msgspec.json.encode({"costs_us": spent, "measured": found}))
    if args.write:
        target = Path(str(resources.files("pilothouse.data"))) / "semantic_cache.json"
        lines = ",\n".join(msgspec.json.encode(one).decode() for one in found)
        target.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
