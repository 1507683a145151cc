"""What is learned, what is promised, and when the advice is not to route."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from learned_tables import skills
from msgspec.structs import replace

from pilothouse.core.stats.proportion import clopper_pearson_upper
from pilothouse.learned.decide import Decider, scaled_look
from pilothouse.learned.explain import explained
from pilothouse.learned.surface import SURFACE, surface
from pilothouse.learned.words import terms_of, words_of
from pilothouse.route.certificate import TOLERANCES, certified, kept, upper_bound
from pilothouse.route.fit import fit
from pilothouse.route.learn import learned
from pilothouse.route.split import folds_of, two_parts
from pilothouse.route.switching import Labelled, labelled, shares
from pilothouse.route.table import Table


def test_it_learns_who_can_do_what_and_says_what_that_saves() -> None:
    artefact = learned(skills(600))
    assert artefact.advice == "route", artefact.why
    assert artefact.models[artefact.reference] == "dear"
    promise = next(c for c in artefact.certificates if c.epsilon == 0.05)
    assert promise.tolerance is not None
    assert promise.upper_bound <= 0.05
    assert promise.saving_low is not None and promise.saving_low > 0.3
    decider = Decider(artefact)
    good = decider.read("Please add 17 and 4 and say the result.", "sums").good
    assert good[0] > 0.8
    hard = decider.read(skills(9, tagged=False).prompts[-1])
    assert len(hard.good) == 2


def test_without_tags_the_words_are_enough() -> None:
    artefact = learned(skills(600, tagged=False))
    assert artefact.advice == "route", artefact.why
    decider = Decider(artefact)
    table = skills(100, seed=8, tagged=False)
    easy = [decider.read(p).good[0] for p in table.prompts if p.startswith("Please")]
    hard = [decider.read(p).good[0] for p in table.prompts if p.startswith("Prove")]
    assert min(easy) > max(hard)


def test_a_decision_is_the_sum_of_its_parts() -> None:
    """Folded weights, shown parts and the formula say the same."""
    decider = Decider(fit(skills(200)))
    artefact = decider.artefact
    prompt = "Please add 12 and 30 and say the result."
    read = decider.read(prompt, "sums")
    heads, words = artefact.full, words_of(prompt)
    look = scaled_look(artefact, surface(prompt, words))
    known = [t for t in dict.fromkeys(terms_of(words)) if t in artefact.terms]
    counts = {t: terms_of(words).count(t) for t in known}
    values = np.array([artefact.terms[t][0] * (1 + np.log(counts[t])) for t in known])
    values /= np.sqrt((values**2).sum())
    for k in range(2):
        said = heads.bias[k] + heads.tags["sums"][k] + look.prior * heads.prior[k]
        said += sum(z * w for z, w in zip(look.scaled, heads.surface[k], strict=True))
        said += sum(v * artefact.terms[t][k + 1] for v, t in zip(values, known, strict=True))
        assert read.good[k] == pytest.approx(1 / (1 + np.exp(-said)), abs=1e-9)
    found = explained(decider, prompt, "sums", most=500)
    whole = sum(part.log_odds for part in found.parts)
    odds = [np.log(p / (1 - p)) for p in read.good]
    assert whole == pytest.approx(odds[found.compared] - odds[artefact.reference], abs=0.15)
    assert len(look.scaled) == len(SURFACE)


def test_tables_that_say_do_not_route() -> None:
    table = skills(300)
    for changed, why in (
        (table.at(range(12)), "12 cases say too little: 50 are the least"),
        (replace(table, score=((1.0, 1.0),) * 300), "all models score alike"),
        (replace(table, cost_usd=((None, None),) * 300), "costs are not known"),
        (replace(table, cost_usd=((0.02, 0.001),) * 300), "dear is the best and the cheapest"),
    ):
        artefact = learned(changed)
        assert artefact.advice == "do not route"
        assert why in artefact.why


def test_coin_flips_teach_nothing() -> None:
    rng = Random(5)
    table = skills(300)
    noise = tuple((float(rng.random() < 0.4), float(rng.random() < 0.9)) for _ in range(300))
    artefact = learned(replace(table, score=noise))
    assert artefact.advice == "do not route"
    assert "no better than chance" in artefact.why


def test_a_table_of_one_model_is_refused() -> None:
    table = skills(100)
    one = replace(
        table,
        models=("dear",),
        score=tuple((row[1],) for row in table.score),
        cost_usd=tuple((row[1],) for row in table.cost_usd),
        latency_ms=tuple((row[1],) for row in table.latency_ms),
    )
    with pytest.raises(ValueError, match=r"there is one model \(dear\): a choice needs two"):
        learned(one)


def test_cases_that_lack_a_score_are_left_out() -> None:
    table = skills(300)
    holes = tuple((None, row[1]) if i % 3 == 0 else row for i, row in enumerate(table.score))
    artefact = learned(replace(table, score=holes))
    assert artefact.cases + artefact.certificates[0].cases == 200


def test_the_bound_is_clopper_and_pearsons() -> None:
    assert upper_bound([1, 2, 3], 100, 0.05) == pytest.approx(clopper_pearson_upper(3, 100))
    assert upper_bound([], 59, 0.05) == pytest.approx(0.0495, abs=1e-4)
    assert upper_bound([1], 1, 0.05) == 1.0


def _synthetic(rng: Random, count: int) -> list[Labelled]:
    """The chance of harm is half of the gap at which the cheap model is taken."""
    found: list[Labelled] = []
    for i in range(count):
        gap = rng.random()
        is_worse = rng.random() < gap / 2
        score = (0.0, 1.0) if is_worse else (1.0, 1.0)
        found.append(
            Labelled(
                from_tolerance=(gap,), chosen=(0,), reference=1, score=score, cost_usd=(1.0, 10.0),
                group=str(i),
            )
        )  # fmt: skip
    return found


@pytest.mark.slow
def test_the_promise_is_broken_no_more_often_than_it_says() -> None:
    """Harm at tolerance t is t**2 / 4: at most 5 % means t <= 0.447."""
    rng = Random(11)
    broken = 0
    for _ in range(300):
        found = kept(_synthetic(rng, 200), 0.05, 0.05)
        broken += found.tolerance is not None and found.tolerance**2 / 4 > 0.05
    assert broken <= 0.05 * 300 + 8  # two standard errors above the promise


def test_more_cases_promise_more_and_the_next_need_is_said() -> None:
    rng = Random(2)
    few, many = (certified(_synthetic(rng, n), 0.05) for n in (100, 3_000))
    assert few.routed_share < many.routed_share < 0.45
    assert few.cases_for_next is not None and few.cases_for_next > 100
    none = certified(_synthetic(rng, 20), 0.01)
    assert none.tolerance is None and none.saving is None


def test_groups_that_agree_count_for_less() -> None:
    """Every case five times in one group says as much as once."""
    rng = Random(4)
    once = _synthetic(rng, 300)
    five = [case for case in once for _ in range(5)]
    alone = [replace(case, group=f"{i}") for i, case in enumerate(five)]
    assert certified(five, 0.05).routed_share < certified(alone, 0.05).routed_share
    assert certified(five, 0.05).routed_share == pytest.approx(
        certified(once, 0.05).routed_share, abs=0.05
    )


def test_switching_points_are_what_the_decider_does_at_each_tolerance() -> None:
    from pilothouse.learned.decide import Dial

    table = skills(120)
    decider = Decider(fit(skills(200, seed=9)))
    cases = labelled(decider, table)
    for tolerance in (-0.2, 0.0, 0.03, 0.4, 1.0):
        dial = Dial(tolerance=tolerance)
        for case, prompt, tag in zip(cases, table.prompts, table.tags, strict=True):
            assert case.at(tolerance) == decider.decide(prompt, tag, dial).chosen
    away, harmed = shares(cases, TOLERANCES[-1])
    assert away == 1.0 and 0.2 < harmed < 0.6


def test_splits_keep_groups_whole_and_are_the_same_every_time() -> None:
    groups = [f"g{i % 40}" for i in range(200)]
    folds = folds_of(groups, 5)
    assert folds == folds_of(groups, 5)
    assert all(
        len({f for g, f in zip(groups, folds, strict=True) if g == name}) == 1 for name in groups
    )
    first, second = two_parts(groups, 0.4)
    assert {groups[i] for i in first}.isdisjoint(groups[i] for i in second)
    assert len(second) == 80


def test_a_table_of_one_group_cannot_be_calibrated() -> None:
    table: Table = replace(skills(100), groups=("all",) * 100)
    with pytest.raises(ValueError, match="all cases are of one group"):
        learned(table)
