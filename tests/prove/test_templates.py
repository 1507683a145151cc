"""Templates are strict: what a case lacks is an error, what a template ignores is a note."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.core.request import Message
from pilothouse.prove.template import Fit, Turn, letter, parse_template, read_messages, read_prompt

CASE = Case(
    id="c1",
    prompt="Which?",
    choices=("red", "blue"),
    context=("one", "two"),
    variables={"tone": "dry"},
)


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("{prompt}", "Which?"),
        ("{{prompt}} {prompt}", "{prompt} Which?"),
        ("{context}\n{tone}", "[1] one\n\n[2] two\ndry"),
        ("{choices}", "A. red\nB. blue"),
        ("no names", "no names"),
        ("", ""),
    ],
)
def test_a_template_is_filled(text: str, rendered: str) -> None:
    assert parse_template(text).render(CASE) == rendered


@given(st.text(), st.text())
def test_any_text_can_be_written_with_doubled_braces(around: str, prompt: str) -> None:
    written = around.replace("{", "{{").replace("}", "}}")
    case = Case(id="c", prompt=prompt)
    assert parse_template(written + "{prompt}").render(case) == around + prompt


@pytest.mark.parametrize(
    "text", ["{prompt", "prompt}", "{}", "{0}", "{a.b}", "{a!r}", "{a:>3}", "{a b}"]
)
def test_what_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_template(text)


def test_a_name_that_a_case_lacks_is_an_error_with_the_case() -> None:
    with pytest.raises(
        InvalidInput, match=r'case "c1": unknown variable "\{tonne\}"\. Did you mean "tone"'
    ):
        parse_template("{tonne}").render(CASE)
    with pytest.raises(InvalidInput, match='case "x" has no context'):
        parse_template("{context}").render(Case(id="x", prompt="q"))


def test_a_prompt_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text("Say {prompt}\n")
    assert read_prompt("file:p.md", tmp_path).render(CASE) == "Say Which?"
    with pytest.raises(InvalidInput, match="there is no such file"):
        read_prompt("file:none.md", tmp_path)


def test_turns_stand_around_the_conversation_of_the_case(tmp_path: Path) -> None:
    turns = [Turn(role="system", content="Be {tone}."), Turn(role="user", content="{prompt}")]
    earlier = (Message.of_text("user", "hi"), Message.of_text("assistant", "hello"))
    case = Case(id="c", prompt="q", messages=earlier, variables={"tone": "dry"})
    sent = read_messages(turns, tmp_path).render(case)
    assert [(m.role, m.text) for m in sent] == [
        ("system", "Be dry."),
        ("user", "hi"),
        ("assistant", "hello"),
        ("user", "q"),
    ]
    with pytest.raises(InvalidInput, match="no turn is the user's"):
        read_messages(turns[:1], tmp_path)


def test_cases_that_do_not_fit_are_said_at_once_with_their_lines() -> None:
    fit = Fit(frozenset({"prompt", "tone"}))
    fit.see(CASE, "c.jsonl:1")
    fit.see(Case(id="c2", prompt="q"), "c.jsonl:2")
    fit.see(Case(id="c3", prompt="q"), "c.jsonl:3")
    with pytest.raises(InvalidInput) as caught:
        fit.done()
    first, second = str(caught.value).splitlines()
    assert first.startswith('c.jsonl:2: case "c2": unknown variable') and "c3" in second


def test_a_variable_that_no_template_uses_is_noted_once() -> None:
    fit = Fit(frozenset({"prompt"}))
    fit.see(CASE, None)
    fit.see(CASE, None)
    assert fit.done() == ["2 cases have the variable `tone`, which the prompt does not use"]


def test_letters_go_on_after_z() -> None:
    assert [letter(i) for i in (0, 25, 26, 27, 52)] == ["A", "Z", "AA", "AB", "BA"]
