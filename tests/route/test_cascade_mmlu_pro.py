"""Cascades by agreement on recorded answers: figures known from all 12,032 questions, here on half of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmlu_pro import FLASH, LLAMA_8B, LLAMA_70B, PRO, as_table_file

from pilothouse.route.cascade import Planned, Worth, plan
from pilothouse.route.cascade_outcome import Plan
from pilothouse.route.cascade_words import because
from pilothouse.route.table import Table, read_table


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    path: Path = as_table_file(tmp_path_factory.mktemp("mmlu") / "mmlu_pro.csv")
    return read_table(path)


@pytest.fixture(scope="module")
def found(table: Table) -> Planned:
    return plan(table, kinds=["agreement"], times=400)


def worth(found: Planned, *models: str) -> Worth:
    wanted = Plan(kind="agreement", models=models)
    return next(w for w in found.cascades if w.plan == wanted)


def test_flash_and_the_8b_model_save_a_fifth_at_the_same_score(found: Planned) -> None:
    # On all questions: 69.8 % against pro's 70.1 %, at 0.81x.
    pair = worth(found, FLASH, LLAMA_8B, PRO)
    assert pair.difference == pytest.approx(-0.003, abs=0.005)
    assert pair.cost_ratio == pytest.approx(0.81, abs=0.005)
    assert found.chosen == pair and pair.pays


def test_flash_and_the_70b_model_score_more_at_the_same_cost(found: Planned) -> None:
    # On all questions: they agree on 62 %; 71.8 % against pro's 70.1 %, at 0.99x.
    pair = worth(found, FLASH, LLAMA_70B, PRO)
    assert pair.first_share == pytest.approx(0.62, abs=0.005)
    assert pair.difference == pytest.approx(0.017, abs=0.003)
    assert pair.cost_ratio == pytest.approx(0.99, abs=0.005)
    assert pair.difference_interval is not None and pair.difference_interval.low > 0
    assert found.best_score == pair
    assert not pair.pays  # a cost ratio of 0.99 is not below 1 with certainty


def test_a_cost_that_may_be_higher_is_not_proven(table: Table) -> None:
    found = plan(table, kinds=["agreement"], models=[PRO, FLASH, LLAMA_70B], times=400)
    assert found.chosen is None
    assert "71.4 % at 0.99x, but its cost may be 1.0" in because(found)


def test_a_pair_that_is_not_cheap_costs_more_and_loses(found: Planned) -> None:
    pair = worth(found, LLAMA_70B, LLAMA_8B, PRO)
    assert pair.cost_ratio > 1.1 and pair.difference < 0


def test_the_best_single_model_is_pro(found: Planned) -> None:
    assert (str(found.best.plan), found.cases) == (PRO, 6042)
    assert found.best.score == pytest.approx(0.701, abs=0.006)
