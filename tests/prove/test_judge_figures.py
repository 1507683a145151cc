"""Figures of judges: agreement, biases, corrected rates, win rates, rankings, and who may rank."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from pilothouse.core.errors import InvalidInput
from pilothouse.core.stats.agreement import cohen_kappa
from pilothouse.prove.calibration import (
    Calibration,
    corrected,
    graded_counts,
    judge_digest,
    load_calibration,
    may_rank,
    pair_counts,
)
from pilothouse.prove.judge_agreement import agreement
from pilothouse.prove.judge_bias import Figure, Sample, grade_biases, pair_biases
from pilothouse.prove.models import JudgeSpec
from pilothouse.prove.pair_ranking import ranking, win_rates
from pilothouse.prove.pairwise import Judgment, PairJudge, Winner
from pilothouse.scorers.judge import JudgeScorer

from .llmbar import judgments, published, rows

JUDGES = sorted(published())
Choose = Callable[[random.Random, int, int, bool, Winner], Winner]


def figure(name: str, figures: list[Figure]) -> Figure:
    [found] = [f for f in figures if f.name == name]
    return found


def calibration(pp: int, pf: int, fp: int, ff: int, digest: str = "d") -> Calibration:
    """People passed `pp` + `pf`, of which the judge failed `pf`; people failed `fp` + `ff`."""
    return Calibration(
        judge="j",
        models=("p/m",),
        prompt_digest=digest,
        kind="grade",
        counts={"pass": {"pass": pp, "fail": pf}, "fail": {"pass": fp, "fail": ff}},
        ungraded=0,
        created="2026-11-25",
    )


@pytest.mark.parametrize("judge", JUDGES)
def test_kappas_are_the_published_ones_by_the_authors_rule(judge: str) -> None:
    """Their program takes every verdict but "1" for 0 and compares it so with labels of 1 and 2."""
    found, said = judgments(judge), published()[judge]
    labels = [row["label"] for row in rows()[1:]]
    one = [int(j.a_first == "a") for j in found]
    two = [int(j.b_first == "a") for j in found]
    assert cohen_kappa(one, labels).value == pytest.approx(said["kappa_False"], abs=1e-12)
    assert cohen_kappa(two, labels).value == pytest.approx(said["kappa_True"], abs=1e-12)
    assert cohen_kappa(one, two).value == pytest.approx(said["kappa_agreement"], abs=1e-12)


def test_gpt_4s_kappa_with_people_is_0_88_and_not_the_published_0_26() -> None:
    """Where verdicts and labels mean the same, agreement of 94 in 100 is a kappa of 0.88."""
    found = judgments("GPT-4-Swap")
    kappa = cohen_kappa([j.a_first for j in found], [j.human for j in found])
    assert kappa.value == pytest.approx(0.8777, abs=1e-4)
    assert published()["GPT-4-Swap"]["kappa_False"] == pytest.approx(0.2640, abs=1e-4)


def test_both_orders_together_are_right_oftener_than_one_when_the_judge_wavers() -> None:
    found = judgments("ChatGPT-Vanilla")
    decided = [j for j in found if j.winner != "tie"]
    assert len(decided) == 71
    assert sum(j.winner == j.human for j in decided) / len(decided) > 0.94
    assert sum(j.a_first == j.human for j in found) == 80


def test_the_bias_report_finds_chatgpt_unsteady_and_gpt_4_nearly_steady() -> None:
    chat = pair_biases(judgments("ChatGPT-CoT"), {}, None)
    gpt4 = pair_biases(judgments("GPT-4-Swap"), {}, None)
    unsteady, steady = figure("consistency", chat), figure("consistency", gpt4)
    assert unsteady.value == pytest.approx(64 / 99)
    assert steady.value == 0.97
    assert unsteady.interval.high < steady.interval.low
    assert not figure("longer answer, beside people", gpt4).is_shown


def test_the_position_that_chatgpt_prefers_is_found() -> None:
    first = figure("first position", pair_biases(judgments("ChatGPT-CoT"), {}, None))
    assert first.is_shown
    flips = [j for j in judgments("ChatGPT-CoT") if j.winner == "tie"]
    to_first = sum(j.a_first == "a" for j in flips)
    assert (first.value > 0.5) == (to_first > len(flips) / 2)


def made(n: int, choose: Choose) -> list[Judgment]:
    """`choose(rng, words_a, words_b, a_is_first)` says who wins."""
    rng = random.Random(5)
    found: list[Judgment] = []
    for i in range(n):
        words_a, words_b = rng.randint(20, 200), rng.randint(20, 200)
        truth: Winner = rng.choice(["a", "b"])
        first = choose(rng, words_a, words_b, True, truth)
        second = choose(rng, words_a, words_b, False, truth)
        found.append(
            Judgment(
                case_id=str(i),
                a="one",
                b="two",
                judge="j",
                a_first=first,
                b_first=second,
                words_a=words_a,
                words_b=words_b,
                human=truth,
            )
        )
    return found


def test_a_judge_that_takes_the_first_is_found_out() -> None:
    def choose(rng: random.Random, a: int, b: int, is_a_first: bool, truth: Winner) -> Winner:
        return ("a" if is_a_first else "b") if rng.random() < 0.4 else truth

    found = pair_biases(made(200, choose), {}, None)
    assert figure("first position", found).interval.low > 0.55
    assert figure("consistency", found).value < 0.8
    assert not figure("longer answer, beside people", found).is_shown


def test_a_judge_that_likes_length_is_found_out() -> None:
    def choose(rng: random.Random, a: int, b: int, is_a_first: bool, truth: Winner) -> Winner:
        return "a" if a > b else "b"

    found = pair_biases(made(200, choose), {}, None)
    assert figure("longer answer", found).value > 0.99
    assert figure("longer answer, beside people", found).is_shown
    assert figure("length effect", found).is_shown
    assert not figure("first position", found).is_shown


def test_a_judge_that_likes_its_own_family_is_found_out() -> None:
    def choose(rng: random.Random, a: int, b: int, is_a_first: bool, truth: Winner) -> Winner:
        return "a" if rng.random() < 0.5 else truth

    own = {"one": "acme", "two": "other"}
    biased = figure("own family", pair_biases(made(300, choose), own, "acme"))
    assert biased.is_shown
    assert biased.value > 0.05
    fair = made(300, lambda rng, a, b, first, truth: truth)
    assert not figure("own family", pair_biases(fair, own, "acme")).is_shown


def test_a_lenient_judge_is_found_out_and_where_it_is_lenient() -> None:
    rng = random.Random(7)
    samples: list[Sample] = []
    for i in range(400):
        human, words = rng.random() < 0.6, rng.randint(5, 200)
        is_lenient = words > 100 and rng.random() < 0.6
        family = rng.choice(["acme", "other"])
        samples.append(
            Sample(
                case_id=str(i), human=human, judge=human or is_lenient, words=words, family=family
            )
        )
    found = grade_biases(samples, "acme")
    assert figure("leniency", found).interval.low > 0.05
    assert figure("length", found).interval.low > 0.1
    assert not figure("own family", found).is_shown


def test_agreement_names_what_a_judge_gets_wrong_in_which_direction() -> None:
    found = agreement(calibration(40, 10, 5, 45).counts)
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx(0.7)
    assert found.sensitivity is not None
    assert (found.sensitivity.k, found.sensitivity.n) == (40, 50)
    assert found.specificity is not None
    assert found.specificity.interval.low < 0.9 < found.specificity.interval.high


def test_one_label_only_has_no_kappa() -> None:
    samples = [Sample(case_id=str(i), human=True, judge=True) for i in range(60)]
    assert agreement(graded_counts(samples)).kappa is None
    held = Calibration(
        judge="j",
        models=("p/m",),
        prompt_digest="d",
        kind="grade",
        counts=graded_counts(samples),
        ungraded=0,
        created="2026-11-25",
    )
    assert "one label only" in (may_rank(held, "d") or "")


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (None, "never compared with people"),
        (calibration(40, 10, 5, 45, "another"), "another wording"),
        (calibration(20, 2, 2, 20), "44 labels, and 50 are needed"),
        (calibration(30, 20, 20, 30), "kappa 0.20"),
    ],
)
def test_a_judge_that_nobody_has_validated_may_not_rank(held: Calibration | None, why: str) -> None:
    assert why in (may_rank(held, "d") or "")


def test_a_validated_judge_may_rank() -> None:
    assert may_rank(calibration(40, 10, 5, 45), "d") is None


def test_a_corrected_rate_covers_the_truth_where_the_raw_one_does_not() -> None:
    """Goal: at least 94 of 100 intervals hold the truth under a judge with 10 % errors."""
    rng, truth, held, raw_near, runs = random.Random(11), 0.8, 0, 0, 400
    for _ in range(runs):
        counts = {True: [0, 0], False: [0, 0]}
        for _ in range(200):
            human = rng.random() < truth
            counts[human][int((rng.random() < 0.9) == human)] += 1
        good, bad = counts[True], counts[False]
        passed = sum((rng.random() < 0.9) == (rng.random() < truth) for _ in range(500))
        found = corrected(calibration(good[1], good[0], bad[1], bad[0]), passed, 500)
        held += found.interval.low <= truth <= found.interval.high
        raw_near += abs(passed / 500 - truth) < 0.035
    assert held / runs >= 0.94
    assert raw_near / runs < 0.2


def test_no_rate_follows_from_a_judge_that_is_a_coin_or_from_pairs() -> None:
    with pytest.raises(ValueError, match="says nothing"):
        corrected(calibration(25, 25, 25, 25), 80, 100)
    with pytest.raises(ValueError, match="needs items that people pass"):
        corrected(calibration(50, 5, 0, 0), 80, 100)


def test_pairs_are_counted_by_people_and_by_both_orders() -> None:
    counts = pair_counts(judgments("GPT-4-Swap"))
    assert sum(counts["a"].values()) + sum(counts["b"].values()) == 100
    assert counts["a"]["a"] + counts["b"]["b"] == 93


def test_another_model_or_wording_is_another_digest() -> None:
    judge = JudgeScorer(judges=("j",), rubric="Is it kind to the reader?")
    specs = {"j": JudgeSpec(provider="p", model="m")}
    here = judge_digest(judge, specs)
    assert judge_digest(judge, {"j": JudgeSpec(provider="p", model="m2")}) != here
    assert judge_digest(JudgeScorer(judges=("j",), rubric="Is it short?"), specs) != here
    assert judge_digest(PairJudge(judges=("j",)), specs) != here
    with pytest.raises(InvalidInput, match='no judge "j"'):
        judge_digest(judge, {})


def test_a_calibration_that_cannot_be_read_is_said_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    with pytest.raises(InvalidInput, match=r"c\.json: there is no such file"):
        load_calibration(path)
    path.write_text('{"judge": "j"}')
    with pytest.raises(InvalidInput, match=r"c\.json: not a calibration"):
        load_calibration(path)


def against(case: int, a: str, b: str, winner: Winner, judge: str = "j") -> Judgment:
    return Judgment(
        case_id=str(case),
        a=a,
        b=b,
        judge=judge,
        a_first=winner,
        b_first=winner,
        words_a=10,
        words_b=10,
    )


def test_win_rates_are_the_same_whichever_way_round_a_pair_was_asked() -> None:
    one = [against(i, "x", "y", "a" if i < 7 else "b") for i in range(10)]
    two = [against(i, "y", "x", "b" if i < 7 else "a") for i in range(10)]
    assert win_rates(one) == win_rates(two)
    [rate] = win_rates(one)
    assert (rate.a, rate.rate, rate.wins, rate.losses) == ("x", 0.7, 7, 3)


def test_two_judges_on_one_pair_are_not_two_pairs() -> None:
    once = [against(i, "x", "y", "a" if i < 7 else "b") for i in range(10)]
    twice = once + [against(i, "x", "y", "a" if i < 7 else "b", "k") for i in range(10)]
    assert win_rates(once)[0].interval == win_rates(twice)[0].interval


def test_ungraded_pairs_are_counted_and_count_for_nobody() -> None:
    bad = Judgment(
        case_id="z", a="y", b="x", judge="j", a_first=None, b_first="a", words_a=1, words_b=1
    )
    [rate] = win_rates([*(against(i, "x", "y", "a") for i in range(4)), bad])
    assert (rate.ungraded, rate.wins, rate.ties, rate.losses) == (1, 4, 0, 0)


def test_many_candidates_are_ranked_best_first_with_intervals() -> None:
    rng, skill = random.Random(3), {"best": 1.0, "middle": 0.0, "worst": -1.0}
    every: list[Judgment] = []
    names = list(skill)
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            for case in range(150):
                odds = 2.718281828 ** (skill[a] - skill[b])
                every.append(against(case, a, b, "a" if rng.random() < odds / (1 + odds) else "b"))
    found = ranking(every)
    assert [r.name for r in found] == ["best", "middle", "worst"]
    assert found[2].strength.interval.low < -2.0 < found[2].strength.interval.high
    assert found[0].pairs == 300


def test_who_never_lost_has_no_finite_strength_and_that_is_said() -> None:
    with pytest.raises(ValueError, match="more comparisons"):
        ranking([against(i, "x", "y", "a") for i in range(10)])
