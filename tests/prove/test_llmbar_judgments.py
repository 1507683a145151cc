"""Known answers from real judges: our reading of their words gives the published figures of LLMBar."""

from __future__ import annotations

import pytest

from pilothouse.prove.pairwise import Judgment

from .llmbar import judgments, published, rows

JUDGES = sorted(published())
SIDES = {"1": "a", "2": "b", None: None}


def share(text: str) -> float:
    return float(text.split("=")[-1].strip().rstrip("%"))


def test_the_file_holds_nine_judges_on_a_hundred_pairs() -> None:
    assert len(JUDGES) == 9
    assert len(rows()) == 101


@pytest.mark.parametrize("judge", JUDGES)
def test_our_reading_of_a_judges_words_is_the_authors_reading(judge: str) -> None:
    read = [(j.a_first, j.b_first) for j in judgments(judge)]
    winners = [tuple(SIDES[w] for w in row["winner"][judge]) for row in rows()[1:]]
    assert read == winners


@pytest.mark.parametrize("judge", JUDGES)
def test_shares_right_are_the_published_ones(judge: str) -> None:
    found, said = judgments(judge), published()[judge]
    assert sum(j.a_first == j.human for j in found) == share(said["correct_False"])
    assert sum(j.b_first == j.human for j in found) == share(said["correct_True"])
    both = sum(j.a_first == j.b_first == j.human for j in found)
    assert both == round(share(said["correct_both"]), 9)
    assert sum(j.a_first == j.b_first for j in found) == share(said["equal"])
    assert sum(j.winner == j.human for j in found) == both


def test_gpt_4_with_debate_is_right_in_93_of_100_pairs_in_both_orders() -> None:
    found = judgments("GPT-4-Swap")
    assert sum(j.a_first == j.human for j in found) == 94
    assert sum(j.b_first == j.human for j in found) == 95
    assert sum(j.winner == j.human for j in found) == 93


def test_one_of_1800_texts_names_no_winner_and_is_ungraded_not_a_tie() -> None:
    every: list[Judgment] = [j for judge in JUDGES for j in judgments(judge)]
    ungraded = [j for j in every if j.winner is None]
    assert len(ungraded) == 1
    assert ungraded[0].judge == "ChatGPT-CoT"
