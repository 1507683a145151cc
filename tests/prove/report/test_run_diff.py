"""Two runs over the same cases: regressions by case, matched by id and name."""

import msgspec
import pytest
from evidence_builder import evidence, outcome, yes_no
from msgspec.structs import replace

from pilothouse.core.errors import InvalidInput
from pilothouse.prove.diff import diff
from pilothouse.prove.evidence import CaseFact
from pilothouse.prove.render.diff import markdown, sentences


def test_what_got_worse_and_better_is_listed_by_case() -> None:
    made = diff(yes_no("1100"), yes_no("1010"))
    [candidate] = made.candidates
    assert [c.case_id for c in candidate.regressions] == ["q1"]
    assert [c.case_id for c in candidate.improvements] == ["q2"]
    assert (candidate.unchanged, candidate.change.value) == (2, 0)
    assert "1 case worse, 1 better, 2 as before" in sentences(made)[0]


def test_cases_are_matched_by_id_and_the_rest_is_counted() -> None:
    after = [CaseFact(id=f"q{i}") for i in (3, 2, 1, 9)]
    made = diff(yes_no("1000"), yes_no("0111", cases=after))
    assert (made.common_cases, made.only_before, made.only_after) == (3, 1, 1)
    assert [c.case_id for c in made.candidates[0].improvements] == ["q2", "q1"]


def test_the_mean_of_repeats_is_compared() -> None:
    before = evidence([outcome(c, 0, 1.0, repeat=r) for c in range(3) for r in range(2)], ["a"])
    after = evidence(
        [outcome(c, 0, float(r or c), repeat=r) for c in range(3) for r in range(2)], ["a"]
    )
    [lost] = diff(before, after).candidates[0].regressions
    assert (lost.case_id, lost.before, lost.after) == ("q0", 1.0, 0.5)


def test_two_lone_candidates_are_compared_whatever_their_names() -> None:
    old, new = yes_no("110"), replace(yes_no("100"), candidates=("newer",))
    [candidate] = diff(old, new).candidates
    assert (candidate.before_name, candidate.after_name) == ("a", "newer")


def test_a_successor_can_be_named() -> None:
    made = diff(
        yes_no("110", "110"), replace(yes_no("100", "111"), candidates=("a", "c")), {"b": "c"}
    )
    assert [(c.before_name, c.after_name) for c in made.candidates] == [("a", "a"), ("b", "c")]


@pytest.mark.parametrize(
    ("names", "words"),
    [({"aa": "a"}, 'no candidate "aa". Did you mean "a"?'), ({"a": "z"}, 'no candidate "z"')],
)
def test_an_unknown_candidate_is_an_error_with_a_suggestion(
    names: dict[str, str], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words.replace("?", r"\?")):
        diff(yes_no("110", "110"), yes_no("110", "110"), names)


def test_runs_without_a_common_case_or_candidate_are_refused() -> None:
    other = [CaseFact(id=f"x{i}") for i in range(3)]
    with pytest.raises(InvalidInput, match="share no case"):
        diff(yes_no("110"), yes_no("110", cases=other))
    with pytest.raises(InvalidInput, match="share no candidate: say which stands for which"):
        diff(yes_no("110", "110"), replace(yes_no("110", "110"), candidates=("x", "y")))


def test_tags_show_where_it_got_worse() -> None:
    facts = [CaseFact(id=f"q{i}", tags=("new" if i < 40 else "old",)) for i in range(80)]
    before = yes_no("1" * 80, cases=facts)
    after = yes_no("0" * 30 + "1" * 50, cases=facts)
    worst, rest = diff(before, after).candidates[0].tags
    assert (worst.tag, worst.change.value, worst.stands_out) == ("new", -0.75, True)
    assert (rest.tag, rest.change.value, rest.stands_out) == ("old", 0, False)


def test_another_scorer_is_told() -> None:
    other = replace(yes_no("110"), scorer_words=("number (take: marked)",))
    made = diff(yes_no("110"), other)
    assert any("scored otherwise" in note for note in made.notes)
    assert "scored otherwise" in markdown(made)


def test_the_same_runs_give_the_same_bytes() -> None:
    made = [msgspec.json.encode(diff(yes_no("1100"), yes_no("1010"))) for _ in range(2)]
    assert made[0] == made[1]
