"""A router's file: read back whole, or refused with what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from learned_tables import skills
from msgspec.structs import replace

from pilothouse.core.errors import InvalidInput
from pilothouse.learned.artefact import FORMAT, Artefact, artefact_of, read_artefact, sealed
from pilothouse.learned.decide import Decider, Dial
from pilothouse.route.fit import fit


@pytest.fixture(scope="module")
def artefact() -> Artefact:
    return fit(skills(200), at_us=7)


def test_what_is_written_decides_as_what_was_learned(artefact: Artefact, tmp_path: Path) -> None:
    path = tmp_path / "router.json"
    path.write_bytes(sealed(artefact))
    again = read_artefact(path)
    assert replace(again, checksum="") == artefact
    for prompt in ("add 3 and 4", "prove that the sum is even", ""):
        one, other = (Decider(a).decide(prompt) for a in (artefact, again))
        assert one == other


def test_cut_off_changed_older_and_foreign_files_are_refused(
    artefact: Artefact, tmp_path: Path
) -> None:
    whole = sealed(artefact)
    with pytest.raises(InvalidInput, match=r"x\.json: not a learned router, or cut off"):
        artefact_of(whole[: len(whole) // 2], "x.json")
    document = json.loads(whole)
    document["mean"][0] += 0.1
    with pytest.raises(InvalidInput, match=r"checksum is wrong, it was changed"):
        artefact_of(json.dumps(document).encode(), "x.json")
    older = json.dumps({**json.loads(whole), "format": FORMAT - 1}).encode()
    with pytest.raises(InvalidInput, match=r"of an older format \(0; this version reads 1\)"):
        artefact_of(older, "x.json")
    newer = json.dumps({"format": FORMAT + 1, "what": "is new"}).encode()
    with pytest.raises(InvalidInput, match="of a newer format"):
        artefact_of(newer, "x.json")
    with pytest.raises(InvalidInput, match="not a learned router"):
        artefact_of(b'{"hello": 1}', "x.json")
    with pytest.raises(InvalidInput, match="unknown field"):
        artefact_of(json.dumps({**json.loads(whole), "more": 1}).encode(), "x.json")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_artefact(tmp_path / "none.json")


def test_parts_that_do_not_fit_are_refused_though_the_checksum_is_right(artefact: Artefact) -> None:
    for broken in (
        replace(artefact, reference=9),
        replace(artefact, mean=(0.5,)),
        replace(artefact, terms={"add": (1.0,)}),
        replace(artefact, plain=replace(artefact.plain, surface=((0.0,),))),
    ):
        with pytest.raises(InvalidInput, match="do not fit together"):
            artefact_of(sealed(broken), "x.json")


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "\x00\xff\ufffd\ud800",
        "一只猫坐在垫子上看着窗外的雨" * 50,
        "กขค" * 400,
        "x" * 2_000_000,
        "🙂" * 9,
    ],
)
def test_any_text_gets_a_decision_and_the_same_one_twice(artefact: Artefact, prompt: str) -> None:
    decider = Decider(artefact)
    one = decider.decide(prompt, None, Dial(tolerance=0.05))
    assert one == decider.decide(prompt, None, Dial(tolerance=0.05))
    assert all(0 <= p <= 1 for p in one.good)
    assert one.gate == "familiar" or one.chosen == artefact.reference


def test_a_tag_never_seen_goes_to_the_reference(artefact: Artefact) -> None:
    decision = Decider(artefact).decide("add 3 and 4", "poetry")
    assert (decision.gate, decision.chosen) == ("unfamiliar", artefact.reference)
    known = "Please add 31 and 48 and say the result."
    assert Decider(artefact).decide(known, "sums").gate == "familiar"
    assert Decider(artefact).decide(known, "poetry").gate == "unfamiliar"


def test_the_tolerance_and_the_worth_move_without_learning_again(artefact: Artefact) -> None:
    decider = Decider(artefact)
    asked = [decider.read(p, t) for p, t in zip(skills(60).prompts, skills(60).tags, strict=True)]
    dear = artefact.reference

    def to_the_dear(dial: Dial) -> int:
        return sum(decider.choose(r, dial).chosen == dear for r in asked)

    counts = [to_the_dear(Dial(tolerance=t)) for t in (-1.0, 0.0, 0.05, 0.3, 1.0)]
    assert counts == sorted(counts, reverse=True)
    assert (counts[0], counts[-1]) == (60, 0)
    assert to_the_dear(Dial(quality_usd=100.0)) > to_the_dear(Dial(quality_usd=0.001))


def test_models_that_are_not_allowed_are_not_chosen(artefact: Artefact) -> None:
    decider = Decider(artefact)
    only = {1 - artefact.reference}
    decision = decider.decide("prove that the sum is even", "proofs", Dial(tolerance=-1), only)
    assert {decision.chosen, *decision.order} == only
