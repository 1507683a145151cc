"""promptfoo's tests as cases: variables, prompts, assertions, and what no scorer grades is named."""

from pathlib import Path

import pytest

from pilothouse.core.errors import InvalidInput
from pilothouse.prove.cases import load_cases, open_cases

CONFIG = """\
prompts: ['Translate to {{language}}: {{ text }}']
providers: [openai:gpt-4o-mini]
defaultTest:
  vars: {text: Hello}
  assert: [{type: javascript, value: output.length < 10}]
tests:
  - vars: {language: [French, German]}
    metadata: {category: greeting, tags: [edge]}
    assert: [{type: icontains, value: '{{language}}'}, {type: llm-rubric, value: polite}]
  - vars: {language: Dutch, text: Bye}
    options: {suffix: ' (one word)'}
    assert:
      - {type: equals, value: Dag}
      - {type: contains-any, value: [Doei, Tot ziens]}
"""


def test_a_config_gives_a_case_for_each_test_and_each_value_of_a_list(tmp_path: Path) -> None:
    (tmp_path / "promptfooconfig.yaml").write_text(CONFIG)
    source = open_cases("promptfooconfig.yaml", tmp_path)
    french, german, dutch = source
    assert french.prompt == "Translate to French: Hello"
    assert (french.expected, german.expected) == ("French", "German")
    assert french.tags == ("category:greeting", "edge")
    assert dutch.prompt == "Translate to Dutch: Bye (one word)"
    assert (dutch.expected, dutch.accepted) == ("Dag", ("Doei", "Tot ziens"))
    assert [a["type"] for a in dutch.details["promptfoo"]] == [
        "javascript",
        "equals",
        "contains-any",
    ]
    assert (source.place(dutch.id) or "").endswith("promptfooconfig.yaml: test 2")


def test_every_assertion_that_no_scorer_grades_is_named(tmp_path: Path) -> None:
    (tmp_path / "promptfooconfig.yaml").write_text(CONFIG)
    source = open_cases("promptfooconfig.yaml", tmp_path)
    list(source)
    said = "\n".join(source.notes)
    assert "3 assertions `javascript` have no scorer" in said
    assert "2 assertions `llm-rubric` have no scorer" in said
    assert "2 assertions `icontains` ask what the scorer `contains` asks" in said


def test_a_csv_of_tests_has_assertions_in_its_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "question,__expected1,__expected2,__prefix,__metadata:tags[]\n"
        '"2+2?",4,"javascript: output.length < 3","Say: ","a,b\\,c"\n'
        '"1+1?","contains-any: two, 2",,,\n'
    )
    first, second = load_cases("t.csv", tmp_path)
    assert (first.prompt, first.expected, first.tags) == ("Say: 2+2?", "4", ("a", "b,c"))
    assert first.details["promptfoo"][1] == {"type": "javascript", "value": "output.length < 3"}
    assert (second.expected, second.accepted) == ("two", ("2",))


def test_tests_may_stand_in_other_files(tmp_path: Path) -> None:
    (tmp_path / "promptfooconfig.yaml").write_text(
        "prompts: [file://p.txt]\ntests: [file://a.yaml, 'file://more/*.json', file://b.jsonl]\n"
    )
    (tmp_path / "p.txt").write_text("{{q}}!")
    (tmp_path / "a.yaml").write_text("- vars: {q: file://q.md}\n")
    (tmp_path / "q.md").write_text("long")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "c.json").write_text('[{"vars": {"q": "json"}}]')
    (tmp_path / "b.jsonl").write_text('{"vars": {"q": "line", "n": {"x": 1}}}\n')
    cases = load_cases("promptfooconfig.yaml", tmp_path)
    assert [case.prompt for case in cases] == ["long!", "json!", "line!"]
    assert cases[2].variables["n"] == '{"x":1}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "tests:\n- vars: {q: a}\n  asert: []\n",
            'unknown key `asert` of a test. Did you mean "assert"',
        ),
        (
            "tests:\n- vars: {q: a}\n  assert: [{value: x}]\n",
            "assert[0]: an assertion is a mapping",
        ),
        ("tests:\n- vars: {q: a}\n  assert: [{type: equals}]\n", "`equals` needs a text"),
        ("prompts: ['{{p}}']\ntests:\n- vars: {q: a}\n", "{{p}}: no variable of this test"),
        ("prompts: ['{{q | upper}}']\ntests:\n- vars: {q: a}\n", "only plain names are supported"),
        ("prompts: ['{% if q %}']\ntests:\n- vars: {q: a}\n", "is not supported"),
        ("tests: file://make.py:cases\n", "is made by a program"),
        ("tests: huggingface://datasets/x\n", "is made by a program or fetched"),
        ("tests: file://none.yaml\n", "none.yaml: there is no such file"),
        ("tests: [7]\n", "not a test"),
        ("", "the file is empty"),
        ("tests: []\n", "there is no case"),
        (
            "tests:\n- vars: {q: ''}\n  assert: [{type: equals, value: ' '}]\n",
            "`expected` is empty",
        ),
    ],
)
def test_a_fault_of_a_test_is_said(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "promptfooconfig.yaml").write_text(text)
    with pytest.raises(InvalidInput) as caught:
        load_cases("promptfooconfig.yaml", tmp_path)
    assert message in str(caught.value)
