"""Patterns on RE2: as Python reads them, or refused with their place; and never for ever."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse import registry
from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._choice import choose_scorer
from pilothouse.scorers._linear_regex import linear_regex
from pilothouse.scorers.regex import RegexScorer


def graded(pattern: str, text: str, expected: str | None = None, *, whole: bool = False) -> Grade:
    case = Case(id="c", prompt="q", expected=expected)
    scorer = RegexScorer(pattern=pattern, whole=whole)
    scorer.check(case)
    return scorer.score(Given(text=text), case)


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|aa)+$", "(.*)*x$", "(a*)*b$", "(a?){500}a{500}$"]
)
def test_a_pattern_that_pythons_engine_would_never_answer_is_answered(pattern: str) -> None:
    assert graded(pattern, "a" * 100_000 + "b", "a").value == 0.0


def test_nothing_of_a_long_answer_is_cut_off() -> None:
    assert graded(r"total: (\d+)", "x" * 50_000 + " total: 42", "42").value == 1.0


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"\d+", r"\w+", r"\s", r"\D", r"\W", r"\S+", r"[\w-]+$", r"[^\d]", r"[\s\S]x", r"[]\d]"),
        *(
            r"a{,2}b",
            r"a{2}\Z",
            r"(?i)É",
            r"(?m)^a$",
            "[\\u00e9\\U0001d7d8]",
            r"\\\\Z",
            r"(?P<n>a|b)+?1",
        ),
        *("a$", "^$", r"\++", r"[+*?]+", r"(?:ab)?", r"[(?=]", r"\x41|\101", r"\.|\-"),
    ],
)
@given(text=st.text(alphabet="aAbBxéÉ19٣𝟘_-+(?=\\.Z \n\u00a0\u2028", max_size=12))
def test_it_finds_what_pythons_engine_finds(pattern: str, text: str) -> None:
    ours = [match[0] for match in linear_regex(pattern, ignore_case=False).finditer(text)]
    theirs = [match[0] for match in re.finditer(pattern, text)]
    if pattern.endswith(
        "$"
    ):  # Python's stands before a last line break too: the scorer takes that away
        found = linear_regex(pattern, ignore_case=False).search(text.removesuffix("\n"))
        assert (found is not None) == bool(theirs)
    else:
        assert ours == theirs


@pytest.mark.parametrize(
    ("pattern", "at", "what"),
    [
        ("ab(?=c)", 2, "looking ahead"),
        ("a(?!b)", 1, "looking ahead"),
        ("(?<=a)b", 0, "looking behind"),
        (r"\\(?<!a)b", 2, "looking behind"),
        (r"(a)\1", 3, "a back-reference"),
        ("(?P<n>a)(?P=n)", 8, "a back-reference"),
        ("(a)?(?(1)b|c)", 4, "a condition on a group"),
        ("(?>a)b", 0, "an atomic group"),
        ("xa++", 2, "a possessive repeat"),
        ("a{2,}+", 1, "a possessive repeat"),
        (r"x[^\W\d]", 3, "between brackets"),
        ("a(?#c)", 1, "a comment"),
        (r"a\C", 1, "an escape that Python does not know"),
    ],
)
def test_what_linear_time_cannot_do_is_refused_with_its_place(
    pattern: str, at: int, what: str
) -> None:
    with pytest.raises(ValueError, match=f"at position {at}: .*{what}.*scorer `python`"):
        linear_regex(pattern, ignore_case=False)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a(b", r'at position 0: RE2 says "missing \): a\(b"'),
        ("a{1001}", r"at position 1: RE2 says .*repetition size"),
        ("(?x) a", "at position 0: RE2 says"),
        ("\\", "cannot be compiled: RE2 says"),
    ],
)
def test_what_is_no_pattern_is_refused_in_re2s_words(pattern: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        linear_regex(pattern, ignore_case=False)


def test_the_one_difference_that_is_left_is_the_one_that_the_page_names() -> None:
    assert graded(r"\bÜber", "Das Über-Ich").value == 0.0


def test_half_a_surrogate_pair_in_an_answer_is_no_crash() -> None:
    assert graded("a$", "\ud800a\n").value == 1.0


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pilothouse.scorers.regex", "pilothouse.scorers._linear_regex"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "re2", None)
    registry.plugin.cache_clear()
    try:
        with pytest.raises(InvalidInput, match=r"\"regex\" needs re2.*pilothouse\[prove\]"):
            choose_scorer({"regex": {"pattern": "a"}})
    finally:
        registry.plugin.cache_clear()
