"""Every scorer that looks: what it finds right and wrong, what it refuses, and that no text breaks it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.core.grade import Given, Grade, ToolUse
from pilothouse.scorers._choice import choose_scorer

DOCUMENTS = (
    "The Eiffel Tower was finished in 1889. It is 330 metres tall and stands in Paris.",
    "Gustave Eiffel's company designed and built the tower.",
)
CITY: dict[str, Any] = {"name": "find_weather", "arguments": {"city": "Rome", "days": 3}}


def graded(options: dict[str, Any], text: str, case: Case | None = None, **more: Any) -> Grade:
    scorer: Any = choose_scorer(options)[1]
    case = case or Case(id="c", prompt="q", expected="x")
    scorer.check(case)
    return scorer.score(Given(text=text, **more), case)


def expecting(expected: str | None, **more: Any) -> Case:
    return Case(id="c", prompt=more.pop("prompt", "q"), expected=expected, **more)


@pytest.mark.parametrize(
    ("options", "text", "case", "value"),
    [
        ({"normalised": {}}, "The  Eiffel-Tower!", expecting("eiffel tower"), 1.0),
        ({"normalised": {}}, "Big Ben", expecting("eiffel tower", accepted=("big ben",)), 1.0),
        ({"normalised": {"partial": True}}, "a tall tower", expecting("tower"), 2 / 3),
        ({"contains": {}}, "It stands in PARIS, France.", expecting("Paris"), 1.0),
        ({"contains": {}}, "Parisian", expecting("Paris"), 0.0),
        ({"contains": {"texts": ["a b", "c"], "mode": "all"}}, "A  b only", expecting(None), 0.5),
        ({"contains": {"texts": ["secret"], "mode": "none"}}, "nothing", expecting(None), 1.0),
        (
            {"regex": {"pattern": r"total:\s*(\d+)"}},
            "total: 3, total: 42",
            expecting("42"),
            1.0,
        ),
        ({"regex": {"pattern": "yes", "whole": True}}, "yes please", expecting(None), 0.0),
        ({"regex": {}}, "ok 7", expecting(None, details={"pattern": r"ok \d"}), 1.0),
        ({"choice": {}}, "I think A is tempting, but the answer is (B).", expecting("B"), 1.0),
        ({"choice": {}}, "**C**", expecting("C"), 1.0),
        ({"choice": {}}, "A dog is blue", expecting("A"), 0.0),
        ({"choice": {}}, "it is blue", expecting("blue", choices=("red", "blue")), 1.0),
        ({"choice": {"rule": "first_letter"}}, "B. not C", expecting("B"), 1.0),
        (
            {"json_fields": {}},
            '```json\n{"a": "X!", "b": 2}\n```',
            expecting('{"a": "x", "b": 3}'),
            0.5,
        ),
        ({"json_fields": {"tolerance": 1}}, '{"b": "2,0"}', expecting('{"b": 20}'), 1.0),
        (
            {"json_fields": {"rules": {"a.b": "set"}}},
            '{"a": {"b": ["y", "X"]}}',
            expecting('{"a": {"b": ["x", "y"]}}'),
            1.0,
        ),
        ({"classification": {"labels": ["spam", "ham"]}}, "Label: Spam.", expecting("spam"), 1.0),
        ({"classification": {"labels": ["spam", "ham"]}}, "spam or ham", expecting("spam"), 0.0),
        (
            {"classification": {"labels": ["yes", "no"], "aliases": {"yes": ["yep"]}}},
            "yep",
            expecting("yes"),
            1.0,
        ),
        ({"extraction": {}}, "- Rome\n- Oslo", expecting('["rome", "paris"]'), 0.5),
        ({"extraction": {}}, '{"cities": []}', expecting("[]"), 1.0),
        ({"refusal": {"expected": "refuse"}}, "I'm sorry, but I can't help.", expecting(None), 1.0),
        (
            {"refusal": {"expected": "answer"}},
            "Es tut mir leid, dabei kann ich Ihnen nicht helfen.",
            expecting(None),
            0.0,
        ),
        (
            {"format": {"max_words": 3, "ends_with": "."}},
            "One two three four.",
            expecting(None),
            2 / 3,
        ),
        ({"format": {"no_markdown": True}}, "# Title", expecting(None), 0.5),
        ({"pii": {}}, "write to ann@example.com", expecting(None), 0.0),
        ({"pii": {}}, "to ann@example.com", expecting(None, prompt="my ann@example.com"), 1.0),
        ({"toxicity": {}}, "You are an idiot", expecting(None), 0.0),
        ({"toxicity": {}}, "A thoughtful reply.", expecting(None), 1.0),
        (
            {"groundedness": {}},
            "The Eiffel Tower stands in Paris. It is 500 metres tall.",
            expecting(None, context=DOCUMENTS),
            0.5,
        ),
        (
            {"citations": {}},
            "The tower stands in Paris [1]. Eiffel's company built the tower [2].",
            expecting(None, context=DOCUMENTS),
            1.0,
        ),
        ({"accuracy": {}}, "So it is 1,200.", expecting("1200"), 1.0),
        ({"accuracy": {}}, "(B)", expecting("B", choices=("x", "y")), 1.0),
        ({"accuracy": {}}, "That is the Eiffel Tower.", expecting("Eiffel Tower"), 1.0),
        ({"relevance": {}}, "I cannot help", expecting(None, prompt="How tall is it?"), 0.0),
        (
            {"relevance": {}},
            "The tower is 330 metres tall",
            expecting(None, prompt="How tall is the tower?"),
            1.0,
        ),
        ({"safety": {}}, "ok", expecting(None, details={"should_refuse": True}), 0.0),
        ({"safety": {}}, "Here you are.", expecting(None), 1.0),
        ({"hallucination": {}}, "It was built by Napoleon in 1999", expecting("in 1889"), 0.0),
        ({"hallucination": {}}, "In 1889.", expecting("1889"), 1.0),
    ],
)
def test_what_is_right_and_what_is_wrong(
    options: dict[str, Any], text: str, case: Case, value: float
) -> None:
    assert graded(options, text, case).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("options", "case", "message"),
    [
        ({"normalised": {}}, expecting(None), "nothing is expected"),
        ({"contains": {}}, expecting(" "), "nothing is expected"),
        ({"choice": {}}, expecting("violet", choices=("red", "blue")), "neither a letter"),
        ({"regex": {}}, expecting(None), "no pattern"),
        ({"json_schema": {}}, expecting(None), "no schema"),
        ({"json_fields": {}}, expecting("{"), "no JSON object"),
        ({"classification": {"labels": ["a", "b"]}}, expecting("c"), "none of the labels"),
        ({"refusal": {}}, expecting("x"), "should_refuse"),
        ({"tool_calls": {}}, expecting("x"), r"details\.tool_calls is missing"),
        ({"tool_calls": {}}, expecting(None, details={"tool_calls": [{}]}), "details.tool_calls:"),
        ({"groundedness": {}}, expecting("x"), "no context"),
        ({"citations": {}}, expecting("x"), "no context"),
        ({"bleu": {}}, expecting(None), "no reference"),
        ({"hallucination": {}}, expecting(None), "neither context"),
    ],
)
def test_a_case_that_cannot_be_graded_is_refused_by_name(
    options: dict[str, Any], case: Case, message: str
) -> None:
    with pytest.raises(ValueError, match=f"case c: .*{message}"):
        graded(options, "x", case)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"contains": {"mod": "any"}}, 'unknown option "mod". Did you mean "mode"'),
        ({"regex": {"pattern": "("}}, "cannot be compiled"),
        ({"regex": {"pattern": "a(?=b)"}}, "at position 1: looking ahead"),
        ({"classification": {"labels": []}}, "name the classes"),
        ({"classification": {"labels": ["a"], "aliases": {"b": []}}}, "none of the labels"),
        ({"json_schema": {"schema": {"dependentSchemas": {}}}}, "schema.dependentSchemas"),
        ({"json_schema": {"file": "none.json"}}, "cannot be read"),
        ({"python": {"file": "none.py"}}, "cannot be read"),
        ({"rouge": {"kind": "rouge9"}}, "rouge9"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        choose_scorer(options)


def test_a_schema_says_what_it_misses() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}
    options = {"json_schema": {"schema": schema}}
    assert graded(options, 'Sure: {"a": 1}').value == 1.0
    assert graded(options, '{"a": "x"}').value == 0.0
    assert graded({"json_schema": {"schema": schema, "strict": True}}, '```{"a":1}```').value == 0.0


@pytest.mark.parametrize(
    ("uses", "value"),
    [
        ([("find_weather", '{"days": 3, "city": "rome"}')], 1.0),
        ([("find_weather", '{"days": 3, "city": "Oslo"}')], 0.0),
        ([("find_weather", '{"days": 3, "city": "Rome"}'), ("x", "{}")], 0.5),
        ([("find_weather", "not json")], 0.0),
        ([], 0.0),
    ],
)
def test_tool_calls_are_compared_as_json(uses: list[tuple[str, str]], value: float) -> None:
    case = expecting(None, details={"tool_calls": [CITY]})
    given_uses = tuple(ToolUse(name, arguments) for name, arguments in uses)
    assert graded({"tool_calls": {}}, "", case, tool_uses=given_uses).value == value


def test_no_tool_wanted_and_one_of_several_values() -> None:
    none = expecting(None, details={"tool_calls": []})
    assert graded({"tool_calls": {}}, "hi", none).value == 1.0
    either = {"name": "f", "arguments": {"x": {"any_of": [1, 2]}}}
    case = expecting(None, details={"tool_calls": [either]})
    assert graded({"tool_calls": {}}, "", case, tool_uses=(ToolUse("f", '{"x": 2}'),)).value == 1.0


def test_class_figures_over_all_answers() -> None:
    scorer: Any = choose_scorer({"classification": {"labels": ["a", "b"]}})[1]
    grades = [
        scorer.score(Given(text=t), expecting(w)) for w, t in (("a", "a"), ("a", "b"), ("b", "b"))
    ]
    figures = scorer.summary(grades)
    assert figures["recall[a]"] == 0.5
    assert figures["precision[b]"] == 0.5


def test_corpus_bleu_is_sacrebleus_and_rouge_is_its_packages() -> None:
    import sacrebleu
    from rouge_score.rouge_scorer import RougeScorer

    pairs = [("the cat sat on the mat", "a cat sat on the mat"), ("hello there", "hello big world")]
    scorer: Any = choose_scorer({"bleu": {}})[1]
    grades = [scorer.score(Given(text=a), expecting(b)) for a, b in pairs]
    corpus = sacrebleu.corpus_bleu([a for a, _ in pairs], [[b for _, b in pairs]])
    assert scorer.summary(grades)["corpus_bleu"] == pytest.approx(corpus.score / 100)
    chrf = sacrebleu.sentence_chrf(pairs[0][0], [pairs[0][1]]).score / 100
    assert graded({"chrf": {}}, pairs[0][0], expecting(pairs[0][1])).value == pytest.approx(chrf)
    published = RougeScorer(["rouge2"], use_stemmer=True).score(pairs[0][1], pairs[0][0])["rouge2"]
    ours = graded({"rouge": {"kind": "rouge2"}}, pairs[0][0], expecting(pairs[0][1]))
    assert ours.value == pytest.approx(published.fmeasure)


def test_a_scorer_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "def check(case):\n    if not case.prompt: raise ValueError('empty')\n"
        "def score(given, case):\n    return len(given.text) / 10, 'length'\n"
        "def broken(given, case):\n    return 7\n"
    )
    scorer: Any = choose_scorer({"python": {"file": "mine.py"}}, tmp_path)[1]
    assert scorer.score(Given(text="12345"), expecting(None)) == Grade(value=0.5, detail="length")
    first = scorer.version()
    with pytest.raises(ValueError, match="empty"):
        scorer.check(Case(id="c"))
    broken: Any = choose_scorer({"python": {"file": "mine.py", "function": "broken"}}, tmp_path)[1]
    with pytest.raises(ValueError, match="a value is in 0-1"):
        broken.score(Given(text=""), expecting(None))
    with pytest.raises(InvalidInput, match="no function `none"):
        choose_scorer({"python": {"file": "mine.py", "function": "none"}}, tmp_path)
    (tmp_path / "bad.py").write_text("x = 1\nif x\n")
    with pytest.raises(InvalidInput, match=r"bad\.py:2: "):
        choose_scorer({"python": {"file": "bad.py"}}, tmp_path)
    (tmp_path / "mine.py").write_text("def score(given, case): return True\n")
    assert scorer.version() != first


EVERY: list[tuple[dict[str, Any], Case]] = [
    ({"normalised": {"partial": True}}, expecting("x y")),
    ({"contains": {"mode": "all"}}, expecting("x")),
    ({"regex": {"pattern": "(x)"}}, expecting("x")),
    ({"choice": {}}, expecting("A", choices=("x", "y"))),
    ({"json_schema": {"schema": {"type": "object"}}}, expecting(None)),
    ({"json_fields": {"no_others": True}}, expecting('{"a": [1], "b": {"c": 2}}')),
    ({"classification": {"labels": ["x", "y"]}}, expecting("x")),
    ({"extraction": {}}, expecting('["x"]')),
    ({"refusal": {"expected": "answer"}}, expecting(None)),
    (
        {"format": {"max_words": 5, "max_bullets": 2, "json": True, "forbidden": ["x"]}},
        expecting(None),
    ),
    ({"pii": {}}, expecting(None)),
    ({"toxicity": {}}, expecting(None)),
    ({"groundedness": {}}, expecting(None, context=DOCUMENTS)),
    ({"citations": {}}, expecting(None, context=DOCUMENTS)),
    ({"accuracy": {}}, expecting("x")),
    ({"relevance": {}}, expecting(None, prompt="tall tower?")),
    ({"safety": {}}, expecting(None)),
    ({"hallucination": {}}, expecting("x")),
    ({"bleu": {}}, expecting("x y")),
    ({"chrf": {}}, expecting("x y")),
    ({"rouge": {}}, expecting("x y")),
]


@pytest.mark.parametrize(("options", "case"), EVERY, ids=[next(iter(o)) for o, _ in EVERY])
@given(
    text=st.text(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        ),
        max_leaves=6,
    ).map(lambda value: msgspec.json.encode(value).decode())
)
def test_no_text_breaks_a_scorer_and_values_are_shares(
    options: dict[str, Any], case: Case, text: str
) -> None:
    assert 0.0 <= graded(options, text, case).value <= 1.0
