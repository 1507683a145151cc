"""MultiPL-E: the publisher's layout, with tests that stand behind the program and may begin with its last brace."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pilothouse.core.grade import Given
from pilothouse.scorers.code import CodeScorer
from pilothouse.suites.multipl_e import plugin as suite

JS = {
    "name": "HumanEval_1_twice", "language": "js", "doctests": "transform", "original": "x.py",
    "prompt": "//Two times n.\nfunction twice(n){\n", "prompt_terminology": "reworded",
    "tests": "const assert = require('node:assert');\n\nfunction test() {\n  let candidate = twice;\n"
    "  assert.deepEqual(candidate(2),4);\n}\n\ntest();",
    "stop_tokens": ["\nfunction ", "\n/*", "\n//", "\nconsole.log"],
}  # fmt: skip
SH = {
    "name": "HumanEval_1_twice", "language": "sh", "doctests": "transform", "original": "x.py",
    "prompt": "#!/bin/bash\n# Two times n.\n#\n# $1 is an integer\ntwice() {\n",
    "prompt_terminology": "reworded",
    "tests": '}\n\ncandidate() {\n    twice "$@"\n}\n\nset -e\nrun_test() {\n'
    '    [[ $(candidate "2") = "4" ]]\n}\n\nrun_test',
    "stop_tokens": ["\n}"],
}  # fmt: skip
ANSWERS = {
    "js": (
        "  return n * 2;\n}\nconsole.log(twice(",
        "```js\nfunction twice(n){\n  return n + n;\n}\n```",
    ),
    "sh": ("  echo $(($1 * 2))\n}\nmore", "```bash\ntwice() {\n  echo $(($1 + $1))\n}\n```"),
}


@pytest.mark.parametrize(("item", "program"), [(JS, "node"), (SH, "bash")], ids=["js", "sh"])
def test_completions_and_whole_functions_pass_and_wrong_ones_fail(
    item: dict[str, object], program: str, tmp_path: Path
) -> None:
    language = str(item["language"])
    file = tmp_path / f"humaneval-{language}-reworded.jsonl"
    file.write_text(json.dumps(item) + "\n")
    [case] = suite.read(tmp_path)
    assert case.id == f"{language}/HumanEval_1_twice" and case.tags == (language,)
    if not shutil.which(program):
        pytest.skip(f"*** NOT TESTED HERE: there is no {program} ***")
    scorer = CodeScorer(**suite.scorers["tests"]["code"])
    scorer.check(case)
    for text in ANSWERS[language]:
        assert scorer.score(Given(text=text), case).value == 1.0, text
        assert scorer.score(Given(text=text.replace("2", "3").replace("+", "-")), case).value == 0.0


def test_a_language_that_is_not_here_is_refused_by_the_scorer(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(json.dumps({**JS, "language": "rkt"}))
    [case] = suite.read(tmp_path)
    with pytest.raises(ValueError, match='unknown language "rkt"'):
        CodeScorer().check(case)
