"""The scorer that runs code: which part of an answer is the program, what its tests say, what is refused before."""

from __future__ import annotations

import shutil

import msgspec
import pytest

from pilothouse import registry
from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._code_text import assembled, fenced_blocks
from pilothouse.scorers.code import CodeScorer

SIGNATURE = 'def twice(n):\n    """Two times n."""\n'
DETAILS = {
    "tests": "assert twice(2) == 4\nassert twice('a') == 'aa'",
    "entry_point": "twice",
    "setup": SIGNATURE,
}
CASE = Case(id="c1", prompt=SIGNATURE, details=DETAILS)


def graded(text: str, case: Case = CASE, **options: object) -> Grade:
    scorer = CodeScorer(**options)  # type: ignore[arg-type]
    scorer.check(case)
    return scorer.score(Given(text=text), case)


@pytest.mark.parametrize(
    "text",
    [
        "    return n * 2\n",
        "def twice(n):\n    return n * 2\n",
        "Here it is:\n\n```python\ndef twice(n):\n    return n + n\n```\nIt adds n to itself.",
        "```\ndef twice(n):\n    return n + n",
        "~~~py\ndef twice(n):\n    return n + n\n~~~",
        "```python\nprint(twice(2))\n```\nwith\n```python\ndef twice(n):\n    return n + n\n```",
        "```python\nreturn n * 2\n```",
        "```python\n    return n * 2\n```",
        "```python\ntwice = lambda n: n * 2\n```",
    ],
)
def test_the_program_is_found_in_what_models_write(text: str) -> None:
    assert graded(text) == Grade(value=1.0, detail="all tests passed")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("    return n * 3\n", "line 1: assert twice(2) == 4 (AssertionError)"),
        (
            "    return n << 1\n",
            "line 2: assert twice('a') == 'aa' (TypeError: unsupported operand",
        ),
        ("I cannot do that.", "SyntaxError"),
        ("", "line 1"),
        ("    while True: pass\n", "timeout after 0."),
        ("    return n *\n", "SyntaxError: invalid syntax"),
        ("    import numpy_that_is_not_there\n", "ModuleNotFoundError"),
        (
            "import os\nos._exit(0)\ndef twice(n): return n * 2",
            "the program ended before its tests",
        ),
    ],
)
def test_a_wrong_program_gets_nothing_and_the_reason(text: str, said: str) -> None:
    grade = graded(text, timeout_s=0.7)
    assert grade.value == 0.0 and said in (grade.detail or ""), grade


def test_a_completion_ends_where_the_case_says() -> None:
    case = msgspec.structs.replace(CASE, details={**DETAILS, "stop": ["\nprint", "\ndef"]})
    text = "    return n * 2\n\nprint(twice(\ndef broken(:"
    assert graded(text, case, assemble="completion").value == 1.0
    assert graded(text, assemble="completion").value == 0.0


IO = Case(
    id="io",
    prompt="Add two numbers.",
    details={"io": [{"input": "1 2\n", "output": "3"}, {"input": "5 -5\n", "output": "0\n"}]},
)


def test_programs_that_read_and_print_are_compared_line_by_line() -> None:
    good = "```python\na, b = map(int, input().split())\nprint(a + b, ' ')\n```"
    assert graded(good, IO).value == 1.0
    bad = graded("a, b = map(int, input().split())\nprint(abs(a) + abs(b))", IO)
    assert bad.value == 0.0 and bad.parts == {"outputs_right": 0.5}
    assert bad.detail == "input 2 of 2: printed '10\\n', expected '0\\n'"
    broken = graded("print(int(input()))", IO)
    assert "input 1 of 2: exit code 1 ValueError" in (broken.detail or "")


@pytest.mark.skipif(not shutil.which("bash"), reason="*** NOT TESTED HERE: there is no bash ***")
def test_a_program_of_another_language_must_come_to_its_end() -> None:
    case = Case(id="b", prompt="twice() {\n", details={
        "language": "sh", "tests": 'set -e\n[[ $(twice 2) = 4 ]]', "completion_end": "\n}", "stop": ["\n}"],
    })  # fmt: skip
    assert graded("    echo $(( $1 * 2 ))\n}\nrubbish (", case).value == 1.0
    assert graded("```bash\ntwice() {\n  echo $(($1 * 2))\n}\n```", case).value == 1.0
    assert graded("    echo $(( $1 * 3 ))", case).detail == "exit code 1"
    left = graded("    echo 4\n}\nexit 0\nx() {\n", msgspec.structs.replace(case, details={
        **case.details, "stop": []}))  # fmt: skip
    assert left.value == 0.0 and left.detail == "the program ended before its tests did"


@pytest.mark.skipif(not shutil.which("node"), reason="*** NOT TESTED HERE: there is no node ***")
def test_javascript_says_which_assertion_failed() -> None:
    case = Case(id="j", prompt="function twice(n){\n", details={
        "language": "js",
        "tests": "const assert = require('node:assert');\nassert.deepEqual(twice(2), 4);\n",
    })  # fmt: skip
    assert graded("  return n * 2;\n}\n", case).value == 1.0
    assert "AssertionError" in (graded("  return n * 3;\n}\n", case).detail or "")
    assert graded("  process.exit(0);\n}\n", case).value == 0.0


def test_a_language_of_the_users_own_runs_where_its_program_is() -> None:
    shell = {"posix": {"argv": ["sh", "{box}/a.sh"], "file": "a.sh", "ending": 'echo "{token}"'}}
    scorer = msgspec.convert({"language": "posix", "languages": shell}, CodeScorer)
    case = Case(id="s", prompt="", details={"tests": '[ "$(hi)" = hello ] || exit 1'})
    assert scorer.score(Given(text="```sh\nhi() { echo hello; }\n```"), case).value == 1.0


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({}, 'give either "tests" or "io"'),
        (
            {"tests": "assert f()", "io": [{"input": "", "output": ""}]},
            'give either "tests" or "io"',
        ),
        ({"tests": "assert f( =="}, "line 1 of its test_code"),
        ({"tests": "assert f()", "setup": "def ("}, "line 1 of its setup"),
        ({"tests": 7}, "details: Expected"),
        ({"io": [{"input": "", "ouput": ""}]}, "details: "),
        ({"tests": "assert f()", "language": "pyton"}, 'Did you mean "python"?'),
        ({"tests": "x", "language": "gone"}, 'gone needs the program "no-such-program"'),
    ],
)
def test_a_case_that_cannot_be_graded_is_refused_before_money_is_spent(
    details: dict[str, object], said: str
) -> None:
    gone = {"gone": {"argv": ["no-such-program", "{box}/a"], "file": "a"}}
    scorer = msgspec.convert({"languages": gone}, CodeScorer)
    with pytest.raises(ValueError, match="case bad: ") as refused:
        scorer.check(Case(id="bad", details=details))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"language": "fortran"}, "unknown language"),
        ({"timeout_s": 0}, "timeout_s must be more than 0"),
        ({"memory_mb": 8}, "memory_mb must be 64 or more"),
        ({"container": "lxc"}, "lxc"),
        ({"languages": {"x": {"argv": [], "file": "a"}}}, "argv names no program"),
        ({"languages": {"x": {"argv": ["x"], "file": "../a"}}}, "must be a plain name"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.convert(options, CodeScorer)


def test_it_is_found_by_name_and_told_to_be_slow() -> None:
    assert registry.plugin("scorers", "code") is CodeScorer
    assert CodeScorer.is_slow


def test_fences_inside_longer_fences_belong_to_the_code() -> None:
    assert fenced_blocks("````md\n```\nx\n```\n````\n") == ["```\nx\n```\n"]
    assert fenced_blocks("no code") == []


def test_a_program_is_the_code_alone() -> None:
    options = {"prompt": "p", "setup": "s", "entry_point": None}
    assert assembled("a\n```\nb\n```", how="program", **options) == "b\n"
    assert assembled("b", how="function", **options) == "s\nb"
