"""Tests that judge from a second process see what they would see from inside the program."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.sandbox.limits import Limits
from pilothouse.sandbox.ran import Ran
from pilothouse.sandbox.run import run_tests

LIMITS = Limits(timeout_s=5)
ECHO = "def echo(x, *, twice=False):\n    return [x, x] if twice else x\n"
KINDS = """
def kinds(value):
    if isinstance(value, (list, tuple)):
        return type(value), [kinds(v) for v in value]
    if isinstance(value, dict):
        return [(kinds(k), kinds(v)) for k, v in value.items()]
    return type(value), str(value) if isinstance(value, float) else None
"""

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.fractions(),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.tuples(st.integers(), st.text()), inner)
        | st.sets(st.integers() | st.text())
        | st.frozensets(st.integers())
    ),
    max_leaves=12,
)


def judged(source: str, tests: str, **options: str) -> Ran:
    return run_tests(source, tests, limits=LIMITS, **options)  # type: ignore[arg-type]


@given(plain)
@settings(max_examples=60)
def test_plain_values_come_back_as_they_went_with_their_types(value: object) -> None:
    tests = (
        "from decimal import Decimal\nfrom fractions import Fraction\ninf = float('inf')\nnan = inf - inf\n"
        f"wanted = {value!r}\n"
        "got = echo(wanted)\n"
        f"{KINDS}assert got == wanted and kinds(got) == kinds(wanted)\n"
    )
    ran = judged(ECHO, tests)
    assert ran.is_ok, (value, ran)


@pytest.mark.parametrize(
    ("source", "tests"),
    [
        ("def f(x): x.sort()", "a = [3, 1]\nf(a)\nassert a == [1, 3]"),
        ("def f(d): d['k'] = 1", "d = {}\nf(d)\nassert d == {'k': 1}"),
        ("def f(n):\n    yield from range(n)", "assert list(f(3)) == [0, 1, 2] and sum(f(4)) == 6"),
        ("def f(g, x): return g(x) + 1", "assert f(lambda x: x * 2, 5) == 11"),
        ("def f(kind, x): return isinstance(x, kind)", "assert f(int, 3) and not f(str, 3)"),
        ("def f(): raise ValueError('no')", "try:\n    f()\n    assert False\nexcept ValueError as e:\n    assert str(e) == 'no'"),
        ("class Own(Exception): pass\ndef f(): raise Own('x')", "try:\n    f()\nexcept Exception as e:\n    assert 'Own' in str(e)"),
        ("class Node:\n    def __init__(self, v): self.v = v", "n = Node(1)\nn.left = Node(2)\nassert n.left.v == 2 and n.v == 1"),
        ("class V:\n    def __init__(s, x): s.x = x\n    def __add__(s, o): return V(s.x + o.x)\n    def __eq__(s, o): return s.x == o.x",
         "assert V(1) + V(2) == V(3) and V(1) != V(2)"),
        ("class S(list):\n    def top(self): return self[-1]\ndef f(): return S([1, 2])",
         "s = f()\nassert s.top() == 2 and s == [1, 2] and len(s) == 2 and 2 in s"),
        ("from collections import Counter, namedtuple\nP = namedtuple('P', 'a b')\ndef f(): return Counter('aab'), P(1, 2)",
         "assert f() == ({'a': 2, 'b': 1}, (1, 2))"),
        ("def f(*a, **k): return a, k", "assert f(1, 2, k=[3]) == ((1, 2), {'k': [3]})"),
        ("X = 7\nasync def f(): return 1", "assert X == 7"),
        ("import math\ndef f(): return math.inf, -0.0", "a, b = f()\nassert a > 10**400 and str(b) == '-0.0'"),
    ],
)  # fmt: skip
def test_tests_use_the_program_as_if_they_were_in_it(source: str, tests: str) -> None:
    ran = judged(source, tests)
    assert ran.is_ok, ran


@pytest.mark.parametrize(
    ("source", "tests", "said"),
    [
        ("def f(x): return x", "assert f(1) == 1\nassert f(2) == 3", "line 2: assert f(2) == 3 (AssertionError)"),
        ("def f(x): return x / 0", "f(1)", "line 1: f(1) (ZeroDivisionError: division by zero)"),
        ("def g(): pass", "assert f(1)", 'the program defines no "f"'),
        ("def f(:", "assert f(1)", "the program ended before its tests"),
        ("def f(x): return x", "assert f(1) == 2, 'one is not two'", "one is not two"),
    ],
)  # fmt: skip
def test_the_detail_says_which_line_failed_and_why(source: str, tests: str, said: str) -> None:
    ran = judged(source, tests, entry_point="f")
    assert ran.verdict is not None and not ran.is_ok
    assert said in ran.verdict.detail


def test_helpers_come_from_the_case_and_not_from_the_program() -> None:
    cheat = "def poly(x): return 0\ndef root(): return 1\n"
    ran = judged(
        cheat, "assert poly(root()) == 0", setup="def poly(x): return x - 5", entry_point="root"
    )
    assert not ran.is_ok


def test_a_test_that_never_ends_is_a_timeout() -> None:
    ran = run_tests("def f(): return 1", "while f(): pass", limits=Limits(timeout_s=0.5))
    assert ran.is_timeout and not ran.is_ok and ran.verdict is None
