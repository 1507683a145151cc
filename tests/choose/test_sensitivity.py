from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.choose.frontier import frontier
from pilothouse.choose.guide.matrix import star_vectors
from pilothouse.choose.ranking import shares
from pilothouse.choose.sensitivity import flips

SPEC = yaml.safe_load(
    (Path(__file__).parents[1] / "known_answers" / "guide_spec.yaml").read_text(encoding="utf-8")
)


def test_the_guides_own_stars_are_won_by_three_models_only() -> None:
    rows = [r for r in SPEC["feature_matrix"]["rows"] if r["cost"] != "Free*"]
    vectors = star_vectors(rows)
    won = shares(vectors, 5)
    assert won["claude-3.5-sonnet"] == pytest.approx(0.49, abs=0.01)
    assert won["claude-3-haiku"] == pytest.approx(0.28, abs=0.01)
    assert won["gemini-1.5-pro"] == pytest.approx(0.23, abs=0.01)
    beaten = {b.id for b in frontier(vectors, {})[1]}
    assert beaten == {"gpt-4", "gpt-4o", "claude-3-opus", "gpt-3.5-turbo"}


def test_the_nearest_flip_moves_weight_to_what_the_rival_is_best_at() -> None:
    (flip,) = flips({"leader": (1.0, 0.2), "rival": (0.4, 0.8)}, [3, 1])
    assert flip.rival == "rival"
    assert flip.weights == pytest.approx((0.5, 0.5))
    assert flip.moved == pytest.approx(0.25)


def test_a_rival_that_is_better_at_nothing_never_leads() -> None:
    assert flips({"leader": (1.0, 0.5), "rival": (0.4, 0.5)}, [1, 1]) == []


@given(
    st.lists(st.tuples(*[st.floats(0, 1)] * 3), min_size=2, max_size=6),
    st.tuples(*[st.floats(0.05, 1)] * 3),
)
def test_at_the_flip_the_two_draw_level(
    rows: list[tuple[float, float, float]], weights: tuple[float, float, float]
) -> None:
    vectors = {f"m{i}": row for i, row in enumerate(rows)}
    total = sum(weights)
    score = {
        i: sum(w * v for w, v in zip(weights, row, strict=True)) / total
        for i, row in vectors.items()
    }
    leader = max(score, key=lambda i: (score[i], -int(i[1:])))
    for flip in flips(vectors, weights):
        assert math.isclose(sum(flip.weights), 1, abs_tol=1e-5)
        ours = sum(w * v for w, v in zip(flip.weights, vectors[flip.rival], strict=True))
        theirs = sum(w * v for w, v in zip(flip.weights, vectors[leader], strict=True))
        assert ours == pytest.approx(theirs, abs=1e-4)


@given(
    st.dictionaries(
        st.sampled_from("abcdefg"), st.tuples(*[st.floats(0, 1)] * 3), min_size=2, max_size=6
    ),
    st.tuples(*[st.floats(0.05, 1)] * 3),
    st.tuples(*[st.floats(0.01, 1)] * 3),
)
def test_nobody_else_leads_where_a_flip_says_its_rival_does_nor_nearer_than_the_first_flip(
    vectors: dict[str, tuple[float, float, float]],
    weights: tuple[float, float, float],
    other: tuple[float, float, float],
) -> None:
    def score(w: tuple[float, ...], i: str) -> float:
        return sum(x * v for x, v in zip(w, vectors[i], strict=True)) / sum(w)

    leader = max(sorted(vectors), key=lambda i: score(weights, i))
    found = flips(vectors, weights)
    for flip in found:
        top = max(score(flip.weights, i) for i in vectors)
        assert score(flip.weights, flip.rival) == pytest.approx(top, abs=1e-4)
    if score(other, leader) < max(score(other, i) for i in vectors) - 1e-6:
        here, there = ([x / sum(w) for x in w] for w in (weights, other))
        moved = sum(abs(x - y) for x, y in zip(here, there, strict=True)) / 2
        assert found and found[0].moved <= moved + 1e-5


def test_a_rival_who_draws_level_only_behind_a_third_is_not_said_to_lead() -> None:
    found = flips({"a": (1.0, 0.0), "b": (0.5, 0.6), "c": (0.5, 0.5)}, [3, 1])
    assert [f.rival for f in found] == ["b"]
