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
import csv
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from pilothouse import registry
from pilothouse.cli.output import table
from pilothouse.client.cache.semantic.details import details
from pilothouse.client.cache.semantic.measure import Measured, Pair, measured
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
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = all_measured(args)
    tell_measured(found)
    if args.write:
        target = Path(str(resources.files("pilothouse.data"))) / "semantic_cache.json"
        lines = ",\n".join(msgspec.json.encode(one).decode() for one in found)
        target.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
