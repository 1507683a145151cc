"""Every piece of the guide's advice against an extract of it that was made apart from ours."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from pilothouse.catalog.catalog import first_day, load_bundled
from pilothouse.choose.guide.book import WRITTEN_ON, load_guide
from pilothouse.choose.guide.seats import FAMILIES, compared, occupants, warnings
from pilothouse.choose.guide.tree import walk
from pilothouse.core.errors import InvalidInput, NotFound

SPEC = yaml.safe_load(
    (Path(__file__).parents[2] / "known_answers" / "guide_spec.yaml").read_text(encoding="utf-8")
)
GUIDE = load_guide()
CATALOG = load_bundled()
NODES = {n["id"]: n for n in SPEC["decision_tree"]["nodes"]}


def names(listed: Any) -> list[str]:
    """The models in a list of the extract: without what stands in brackets, or after `if`, `for`, `+`."""
    rows = listed if isinstance(listed, list) else [listed]
    found = [re.split(r" \(| if | for | \+ ", str(r))[0].strip() for r in rows]
    return [n for n in found if is_model(n)]


def is_model(name: str) -> bool:
    if name in FAMILIES:
        return True
    try:
        CATALOG.find(name)
    except NotFound:
        return False
    return True


def by_guide(models: list[str]) -> list[str]:
    return [o.model for o in occupants(GUIDE, CATALOG, models, WRITTEN_ON)]


@pytest.mark.parametrize("node", list(NODES))
def test_every_node_ends_as_the_guide_says(node: str) -> None:
    spec = NODES[node]
    found = walk(GUIDE, {} if spec.get("default") else {node: True})
    assert [s.answer for s in found.path] == ["no"] * (spec["n"] - 1) + ["yes"]
    assert found.path[-1].lines == tuple(spec["L"])
    wanted = spec["models"] if spec.get("default") else spec.get(True, {}).get("models", [])
    assert by_guide(found.advice.models) == names(wanted)


@pytest.mark.parametrize(
    ("node", "answer"),
    [(n, a) for n, s in NODES.items() for a in (s.get("then") or {}) if a not in
     ("question", "plus_when_no", "action", "simple", "complex")],
)  # fmt: skip
def test_every_branch_ends_as_the_guide_says(node: str, answer: Any) -> None:
    word = {True: "yes", False: "no"}.get(answer, answer)
    found = walk(GUIDE, {node: True, f"{node}.then": word})
    assert by_guide(found.advice.models) == names(NODES[node]["then"][answer])
    assert found.path[-1].answer == word


def test_high_volume_is_routed_between_a_cheap_and_an_expensive_model() -> None:
    answers = {
        word: walk(GUIDE, {"high_volume_simple": True, "high_volume_simple.then": word})
        for word in ("simple", "complex")
    }
    assert all(answers[w].advice.models for w in answers)


@pytest.mark.parametrize("i", range(8))
def test_the_matrix_row(i: int) -> None:
    row, spec = GUIDE.matrix[i], SPEC["decision_matrix"][i]
    assert row.line == spec["L"]
    assert [w.replace(" ", "_") for w in row.when] == spec["if"]
    assert by_guide(row.models) == names(spec["then"])


@pytest.mark.parametrize("i", range(7))
def test_the_shortcut(i: int) -> None:
    row, spec = GUIDE.shortcuts[i], SPEC["shortcuts"][i]
    assert (row.line, row.when) == (spec["L"], spec["if"])
    assert by_guide(row.models) == (names(spec["then"]) if isinstance(spec["then"], list) else [])
    assert row.models or row.notes


@pytest.mark.parametrize("i", range(10))
def test_the_use_case(i: int) -> None:
    case, spec = GUIDE.use_cases[i], SPEC["use_cases"][i]
    assert (case.id, case.lines, case.requirements) == (spec["id"], spec["L"], spec["requirements"])
    if isinstance(spec["best"], dict):
        assert {k: a.models for k, a in case.parts.items()} == {
            k: names(v) for k, v in spec["best"].items()
        }
    else:
        assert by_guide(case.best.models) == names(spec["best"])
    told = {m for o in case.others for m in o.models}
    for kind in ("fallback", "alternative", "budget", "privacy", "consider"):
        row = spec.get(kind)
        if isinstance(row, dict):
            assert set(names(row.get("models") or row.get("to"))) <= told
        elif row:
            assert {n for n in names(row) if n in told or not n.startswith("fine")} <= told


@pytest.mark.parametrize("spec", [o for rows in SPEC["orderings"].values() if isinstance(rows, list)
                                  for o in rows], ids=lambda o: o["id"])  # fmt: skip
def test_the_ordering(spec: dict[str, Any]) -> None:
    ordering = next(o for o in GUIDE.orderings if o.id == spec["id"])
    assert (ordering.line, ordering.op) == (spec["L"], spec["op"])
    tiers = spec.get("tiers", [])
    for i, better in enumerate(tiers):
        for worse in tiers[i + 1 :]:
            for a in better:
                for b in worse:
                    assert compared(ordering, a, b) == "before"
                    assert compared(ordering, b, a) == "after"
        assert all(compared(ordering, a, b) == "level" for a in better for b in better)
    if spec["op"] == "set":
        a, b = spec["models"][:2]
        assert compared(ordering, a, b) == "not ranked"


def test_an_ordering_reaches_the_members_of_a_family() -> None:
    multilingual = next(o for o in GUIDE.orderings if o.id == "multilingual")
    assert compared(multilingual, "gemini-1.5-pro", "claude-3-opus") == "before"
    assert compared(multilingual, "claude-3-haiku", "llama-3.1-70b") == "level"


def test_guidance_classes_budgets_and_trade_offs_are_the_guides() -> None:
    spec = SPEC["families"]["selection_guidance"]
    assert [(g.line, g.models, g.when) for g in GUIDE.guidance] == [
        (r["L"], r.get("models") or [r["model"]], r["when"]) for r in spec
    ]
    assert [(c.id, c.below_ms) for c in GUIDE.latency_classes] == [
        (c["id"], c["lt_ms"]) for c in SPEC["latency"]["categories"]
    ]
    assert {b.id: [b.from_usd, b.to_usd] for b in GUIDE.budgets} == SPEC["cost"]["budgets"][
        "usd_month"
    ]
    assert [(t.id, t.lines) for t in GUIDE.trade_offs] == [
        (t["id"], t["L"]) for t in SPEC["tradeoffs"]
    ]
    for trade in GUIDE.trade_offs:
        assert len(trade.sides) >= 2
    counts = SPEC["counts"]
    assert len(GUIDE.guidance) == counts["selection_guidance"]
    assert len(GUIDE.orderings) == counts["orderings"]
    assert len(GUIDE.stars) == counts["feature_rows"]


def test_prices_and_contexts_on_the_guides_day_are_the_guides() -> None:
    for name, spec in SPEC["models"].items():
        if not isinstance(spec, dict) or "price_in" not in spec:
            continue
        model = CATALOG.find(name)
        assert CATALOG.value(model, "price_input_per_mtok", WRITTEN_ON) == f"{spec['price_in']}"
        assert CATALOG.value(model, "price_output_per_mtok", WRITTEN_ON) == f"{spec['price_out']}"


def test_today_the_same_advice_names_whoever_lives() -> None:
    today = date(2026, 11, 24)
    found = occupants(GUIDE, CATALOG, ["gpt-4", "claude-3.5-sonnet"], today)
    for one in found:
        assert one.instead_of and one.retired_on and one.retired_on <= today
        end = CATALOG.retired_on(CATALOG.find(one.model))
        assert end is None or end > today
        assert one.why


def test_every_seats_successor_is_in_the_catalogue_and_lives() -> None:
    for seat in GUIDE.seats:
        for one in seat.then[-1:]:
            model = CATALOG.find(one.model)
            end = CATALOG.retired_on(model)
            assert end is None or end > date(2026, 11, 24), one.model


def test_conflicts_and_contradictions_come_with_the_advice() -> None:
    assert any("dominated" in w.says for w in warnings(GUIDE, ["gpt-3.5-turbo"]))
    assert any("8K-32K" in w.says for w in warnings(GUIDE, ["gpt-4"]))
    assert any(w.is_measured for w in warnings(GUIDE, ["creative_writing"]))


def test_a_second_yes_is_not_swallowed() -> None:
    found = walk(GUIDE, {"privacy": True, "very_long_input": True})
    assert found.node == "privacy"
    assert found.also == ("very_long_input",)


def test_an_unknown_question_says_the_nearest() -> None:
    with pytest.raises(InvalidInput, match='Did you mean "privacy"'):
        walk(GUIDE, {"privcy": True})
    with pytest.raises(InvalidInput, match="is not an answer: yes, no"):
        walk(GUIDE, {"code": True, "code.then": "maybe"})


@pytest.mark.parametrize(
    ("day", "model"),
    [
        ("2025-12-31", "claude-3-opus"),
        ("2026-01-10", "claude-opus-4-5"),
        ("2026-03-01", "claude-opus-4-6"),
        ("2026-11-24", "claude-opus-4-8"),
    ],
)
def test_a_role_has_one_occupant_after_another(day: str, model: str) -> None:
    [now] = occupants(GUIDE, CATALOG, ["claude-3-opus"], date.fromisoformat(day))
    assert now.model == model


def test_who_takes_a_role_was_released_by_then_and_follows_in_the_order_of_days() -> None:
    for seat in GUIDE.seats:
        days = [one.since for one in seat.then]
        assert days == sorted(days)
        for one in seat.then:
            released = CATALOG.value(CATALOG.find(one.model), "released_on")
            assert released is None or first_day(str(released)) <= one.since, one


def test_an_occupant_that_has_retired_itself_makes_room_for_the_next() -> None:
    [now] = occupants(GUIDE, CATALOG, ["gemini-1.5-pro"], date(2026, 12, 1))
    assert now.model == "gemini-3.8-flash"
