"""A route's traffic in a store: easy and hard questions, a learned router that explores, thumbs for its answers."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from functools import cache
from pathlib import Path

from pilothouse.core.call import Call, Score
from pilothouse.core.facts import Facts
from pilothouse.core.route import Target
from pilothouse.core.sample_store import Sample
from pilothouse.learned.artefact import Artefact, sealed
from pilothouse.learned.chooser import LearnedChooser
from pilothouse.learned.decide import Decider, Dial
from pilothouse.route.learn import learned
from pilothouse.route.table import Table
from pilothouse.stores.sqlite import SqliteStore

EASY = ("add", "apples", "pears", "shop", "price", "count", "each", "basket")
HARD = ("prove", "lemma", "compact", "space", "kernel", "functor", "limit", "bound")
GOOD = {"big": {"easy": 0.95, "hard": 0.9}, "small": {"easy": 0.95, "hard": 0.2}}
USD = {"big": 0.01, "small": 0.001}
TARGETS = tuple(Target(name=n, provider="p", model=f"{n}-1") for n in USD)
NOW_US = 1_780_000_000_000_000


def question(dice: random.Random, kind: str) -> str:
    words = EASY if kind == "easy" else HARD
    said = [
        f"{' '.join(dice.choices(words, k=dice.randint(3, 15)))} {dice.randrange(10 ** dice.randint(1, 6))}"
        for _ in range(dice.randint(1, 6))
    ]
    return "".join(s + dice.choice([". ", "? ", ", ", "\n", " = ", " (", "; "]) for s in said)


@cache
def artefact() -> Artefact:
    """Learned from a proof with the two models; small is as good on easy questions."""
    dice = random.Random(5)
    kinds = [("easy", "hard")[i % 2] for i in range(900)]
    return learned(
        Table(
            name="proof",
            models=tuple(USD),
            ids=tuple(map(str, range(900))),
            prompts=tuple([question(dice, kind) for kind in kinds]),
            tags=(None,) * 900,
            groups=tuple(map(str, range(900))),
            score=tuple([tuple([float(dice.random() < GOOD[m][k]) for m in USD]) for k in kinds]),
            cost_usd=tuple([tuple(USD.values())] * 900),
            latency_ms=((None, None),) * 900,
        )
    )


def file_of(folder: Path) -> Path:
    path = folder / "new.json"
    path.write_bytes(sealed(artefact()))
    return path


def traffic(
    path: Path, rows: int, *, explore: float = 0.4, kept: float = 1.0, scored: float = 1.0
) -> None:
    """Decided with a tolerance of 1, so that all goes to the small model, but for exploration."""
    chooser = LearnedChooser(Decider(artefact()), Dial(tolerance=1.0), {}, explore)
    dice = random.Random(11)
    written: list[tuple[Call, tuple[Score, ...]]] = []
    samples: list[Sample] = []
    for i in range(rows):
        kind = ("easy", "hard")[i % 2]
        text = question(dice, kind)
        choice = chooser.choose(Facts(request_id=str(i), model="support", user_texts=(text,)), TARGETS)  # fmt: skip
        target = choice.targets[0]
        call = a_call(i, target, choice.propensity)
        value = float(dice.random() < GOOD[target.name][kind])
        scores = (Score(call_id=call.id, scorer="thumb", value=value),)
        written.append((call, scores if dice.random() < scored else ()))
        if dice.random() < kept:
            samples.append(a_sample(i, text))
    store = SqliteStore(path)
    store.write_scored(written)
    store.samples.keep(samples, 10**6)
    store.close()


def a_call(number: int, target: Target, propensity: float | None, **changes: object) -> Call:
    values: dict[str, object] = {
        "id": f"c{number}",
        "request_id": f"r{number}",
        "at_us": NOW_US + number,
        "source": "serve",
        "route": "support",
        "arm": "main",
        "target": target.name,
        "provider": "p",
        "model": target.model,
        "status": "ok",
        "cost_usd": Decimal(str(USD[target.name])),
        "propensity": propensity,
    }
    return Call(**{**values, **changes})  # type: ignore[arg-type]


def a_sample(number: int, *texts: str) -> Sample:
    said = [{"role": "user", "content": text} for text in texts]
    body = json.dumps({"model": "support", "messages": said}).encode()
    return Sample(request_id=f"r{number}", at_us=NOW_US + number, route="support", body=body)
