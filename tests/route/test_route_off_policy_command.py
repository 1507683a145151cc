"""`pilothouse route off-policy`: a store's traffic against a known truth."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import off_policy_store as world
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from pilothouse.cli.route_off_policy import off_policy
from pilothouse.core.call import Score
from pilothouse.core.errors import InvalidInput, StoreError
from pilothouse.learned.artefact import sealed
from pilothouse.learned.decide import Decider, Dial
from pilothouse.stores.sqlite import SqliteStore

ROWS = 1500
PERIOD = ("--since", "2026-01-01", "--until", "2030-01-01")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("off_policy")
    world.file_of(made)
    world.traffic(made / "t.db", ROWS, kept=0.9, scored=0.8)
    return made


def run(folder: Path, *args: object, route: str = "support") -> tuple[int, str]:
    all_args = [folder / "new.json", "--store", folder / "t.db", "--route", route, *PERIOD, *args]
    result = CliRunner().invoke(off_policy, [str(a) for a in all_args], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.output


def truth(tolerance: float) -> float:
    """What the new policy gives on drawn questions of this kind."""
    decider, dice = Decider(world.artefact()), random.Random(2)
    found: list[float] = []
    for i in range(4000):
        kind = ("easy", "hard")[i % 2]
        decision = decider.decide(world.question(dice, kind), None, Dial(tolerance=tolerance))
        if decision.gate != "unfamiliar":
            found.append(world.GOOD[decider.artefact.models[decision.chosen]][kind])
    return sum(found) / len(found)


def test_a_better_policy_is_found_with_the_dial_that_it_was_certified_for(folder: Path) -> None:
    code, said = run(folder, "--json")
    report: dict[str, Any] = json.loads(said)
    assert code == 0
    assert report["tolerance"] == next(
        c.tolerance for c in world.artefact().certificates if c.epsilon == 0.05
    )
    assert report["found"]["verdict"] == "better"
    best = report["found"]["quality"]["best"]
    assert best["method"] == "DR"
    low, high = best["new"]["interval"]["low"], best["new"]["interval"]["high"]
    assert low <= truth(report["tolerance"]) <= high
    assert high - low < 0.1
    counts = report["counts"]
    assert counts["drawn"] + counts["not_drawn"] == ROWS
    assert counts["without_question"] > 0 and counts["not_scored"] > 0
    assert counts["used"] == counts["drawn"] - counts["without_question"] - counts["not_scored"]
    assert set(report["chosen_share"]) == {"big", "small"}
    assert report["found"]["cost"]["best"]["difference"]["value"] > 0


def test_in_words_it_says_what_is_left_out_and_why_it_is_so(folder: Path) -> None:
    code, said = run(folder, "--scorer", "thumb")
    assert code == 0
    assert "on the route support, by thumb" in said
    for words in ("without a question", "not scored", "quality, new, SNIPS",
                  "$ a request, new, DR", "have no kept question", "stands for the others of its model", "Better: +"):  # fmt: skip
        assert words in said


def test_exit_1_when_it_is_worse(folder: Path) -> None:
    code, said = run(folder, "--tolerance", "1")
    assert code == 1
    assert "Worse: -" in said and "beyond the margin of 1 points" in said


def test_exit_1_when_too_little_is_known_with_how_much_more_would_settle_it(tmp_path: Path) -> None:
    world.file_of(tmp_path)
    world.traffic(tmp_path / "t.db", 120, explore=0.1)
    code, said = run(tmp_path)
    assert code == 1
    assert "Not yet known" in said and "more would settle it" in said and "20 are the least" in said


def test_a_model_that_was_never_tried_is_said_to_be(folder: Path, tmp_path: Path) -> None:
    world.file_of(tmp_path)
    store = SqliteStore(tmp_path / "t.db")
    calls = [world.a_call(i, world.TARGETS[1], 0.5) for i in range(60)]
    store.write_scored([(c, (Score(call_id=c.id, scorer="thumb", value=1.0),)) for c in calls])
    dice = random.Random(3)
    store.samples.keep([world.a_sample(i, world.question(dice, "hard")) for i in range(60)], 100)
    store.close()
    code, said = run(tmp_path)
    assert code == 1
    assert "of the new policy's choices are of models that were never tried" in said


def test_exploration_of_its_own_spreads_its_choices(folder: Path) -> None:
    shares = [
        json.loads(run(folder, "--tolerance", "-1", *more, "--json")[1])["chosen_share"]
        for more in ((), ("--explore", "0.2"))
    ]
    assert shares == [{"big": 1.0}, {"big": 1.0}]  # nothing but the reference is tolerated
    spread = json.loads(run(folder, "--tolerance", "1", "--explore", "0.2", "--json")[1])
    certain = json.loads(run(folder, "--tolerance", "1", "--json")[1])["chosen_share"]["small"]
    assert spread["chosen_share"]["small"] == pytest.approx(0.9 * certain, abs=0.01)


def test_errors_count_as_nothing_later_turns_and_callers_mistakes_not_at_all(
    tmp_path: Path,
) -> None:
    world.file_of(tmp_path)
    store = SqliteStore(tmp_path / "t.db")
    small, big = world.TARGETS[1], world.TARGETS[0]
    calls = [world.a_call(i, (small, big)[i % 2], 0.5) for i in range(100)]
    failed = {"status": "error", "cost_usd": None}
    calls[:10] = [replace(c, error_class="provider_down", **failed) for c in calls[:10]]
    calls[10:13] = [replace(c, error_class="caller", **failed) for c in calls[10:13]]
    later = world.a_call(100, small, 0.5)
    again = world.a_call(101, big, 0.5, request_id="r0", attempt=2)
    cached = world.a_call(102, big, 0.5, cache="exact")
    scored = [
        (c, (Score(call_id=c.id, scorer="thumb", value=1.0),) if c.status == "ok" else ())
        for c in (*calls, later, again, cached)
    ]
    store.write_scored(scored)
    dice = random.Random(3)
    samples = [world.a_sample(i, world.question(dice, "easy")) for i in range(100)]
    store.samples.keep([*samples, world.a_sample(100, "one", "two"), world.a_sample(102, "x")], 999)
    store.close()
    report = json.loads(run(tmp_path, "--json")[1])
    counts = report["counts"]
    assert (counts["drawn"], counts["later_turns"], counts["nobodys_fault"], counts["used"]) == (101, 1, 3, 97)  # fmt: skip
    assert report["found"]["quality"]["own"]["value"] == pytest.approx(87 / 97)
    assert report["found"]["cost"]["rows"] == 97  # an error that used nothing cost nothing


def test_a_model_called_otherwise_on_the_route_is_named(folder: Path, tmp_path: Path) -> None:
    artefact = replace(world.artefact(), models=("large", "tiny"))
    (tmp_path / "new.json").write_bytes(sealed(artefact))
    (tmp_path / "t.db").write_bytes((folder / "t.db").read_bytes())
    with pytest.raises(
        InvalidInput, match=r"none of its models \(large, tiny\).*there: big, small"
    ):
        run(tmp_path)
    named = ("--model", "large=big", "--model", "tiny=small-1")
    assert run(tmp_path, *named)[0] == 0


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("--promise", "0.03"), r"0\.03 is not certified \(there are: 0\.01, "),
        (("--promise", "0.05", "--tolerance", "0.1"), "say one of them"),
        (("--scorer", "judge"), r'no answer has a score of "judge" \(there are: thumb'),
        (("--model", "big"), "write MODEL=TARGET"),
        (("--model", "bigg=x"), 'knows no model "bigg". Did you mean "big"'),
        (("--until", "2026-01-02"), "of 0 requests to the route .* none was drawn"),
        (("--since", "yesterday"), "yesterday"),
    ],
)
def test_bad_input_is_refused(folder: Path, args: tuple[str, ...], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        run(folder, *args)


def test_an_unknown_route_a_missing_store_and_a_broken_file_are_refused(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match='of 0 requests to the route "suport" none was drawn'):
        run(folder, route="suport")
    world.file_of(tmp_path)
    with pytest.raises((StoreError, InvalidInput), match=r"t\.db"):
        run(tmp_path)
    (tmp_path / "new.json").write_text("{")
    with pytest.raises(InvalidInput, match="not a learned router"):
        run(tmp_path)


def test_an_artefact_without_certificate_needs_a_tolerance(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "t.db").write_bytes((folder / "t.db").read_bytes())
    (tmp_path / "new.json").write_bytes(sealed(replace(world.artefact(), certificates=())))
    with pytest.raises(InvalidInput, match="it has no certificate: say --tolerance"):
        run(tmp_path)
    assert run(tmp_path, "--tolerance", "0.3")[0] == 0


def test_where_no_promise_holds_everything_goes_to_the_reference(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "t.db").write_bytes((folder / "t.db").read_bytes())
    none = tuple(replace(c, tolerance=None) for c in world.artefact().certificates)
    (tmp_path / "new.json").write_bytes(sealed(replace(world.artefact(), certificates=none)))
    report = json.loads(run(tmp_path, "--json")[1])
    assert report["tolerance"] is None
    assert report["chosen_share"] == {"big": 1.0}


def test_several_scorers_must_be_chosen_from(tmp_path: Path) -> None:
    world.file_of(tmp_path)
    store = SqliteStore(tmp_path / "t.db")
    call = world.a_call(1, world.TARGETS[0], 0.5)
    scores = tuple(Score(call_id=call.id, scorer=s, value=1.0) for s in ("thumb", "judge"))
    store.write_scored([(call, scores)])
    store.close()
    with pytest.raises(InvalidInput, match=r"--scorer \(there are: judge \(1\), thumb \(1\)\)"):
        run(tmp_path)
    with pytest.raises(InvalidInput, match="none has both a kept question and a score"):
        run(tmp_path, "--scorer", "thumb")


def test_where_nothing_was_scored_it_says_what_to_do(tmp_path: Path) -> None:
    world.file_of(tmp_path)
    store = SqliteStore(tmp_path / "t.db")
    store.write_calls([world.a_call(1, world.TARGETS[0], 0.5)])
    store.close()
    with pytest.raises(InvalidInput, match="no answer was scored then: send feedback"):
        run(tmp_path)
