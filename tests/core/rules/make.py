"""Random conditions of the right kinds, and random facts."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from pilothouse.core.facts import Facts
from pilothouse.core.rules.syntax import (
    And,
    Called,
    Compared,
    Constant,
    Has,
    In,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Or,
    Several,
    Size,
    Sum,
)
from pilothouse.core.rules.types import FACTS

TEXT = st.text(max_size=8)
COUNT = st.integers(0, 2**53) | st.floats(0, 2**53)


def _names(kind: str) -> st.SearchStrategy[Node]:
    named = [path for path, of in FACTS.items() if of == kind]
    if kind == "text":
        named += ["metadata.tier", "metadata.n"]
    return st.sampled_from(named).map(Name)


def _numbers(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return (
        st.builds(Sum, st.sampled_from(["+", "-", "*"]), inner, inner)
        | inner.map(Negative)
        | texts().map(Size)
        | texts().map(Number)
    )


def texts() -> st.SearchStrategy[Node]:
    """Nodes that are a text."""
    plain = TEXT.map(Constant) | _names("text")
    return plain | plain.map(lambda node: Called(node, "lower"))


def numbers() -> st.SearchStrategy[Node]:
    """Nodes that are a number."""
    return st.recursive(COUNT.map(Constant) | _names("number"), _numbers, max_leaves=4)


def _joined(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    both = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return (
        both.map(lambda parts: And(tuple(p for p in parts)))
        | both.map(lambda parts: Or(tuple(p for p in parts)))
        | inner.map(Not)
        | st.builds(Compared, st.sampled_from(["==", "!="]), inner, inner)
    )


def conditions() -> st.SearchStrategy[Node]:
    """Nodes that are true or false."""
    compare = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    methods = st.sampled_from(["startsWith", "endsWith", "contains"])
    leaves = (
        st.booleans().map(Constant)
        | _names("truth")
        | (_names("text") | _names("number")).map(lambda n: Has(n))  # type: ignore[arg-type]
        | st.builds(Compared, compare, numbers(), numbers())
        | st.builds(Compared, compare, texts(), texts())
        | st.builds(In, texts(), st.lists(TEXT, min_size=1, max_size=3).map(tuple).map(Several))
        | st.builds(In, numbers(), st.lists(COUNT, min_size=1, max_size=3).map(tuple).map(Several))
        | st.builds(Called, texts(), methods, texts())
    )
    return st.recursive(leaves, _joined, max_leaves=8)


def facts() -> st.SearchStrategy[Facts]:
    """Facts with anything of the right kind, numbers beyond what a float holds included."""
    text = st.none() | TEXT
    number = st.none() | st.integers(0, 10) | st.integers(0, 10**400)
    truth = st.booleans()
    by_kind: dict[str, Any] = {"text": text, "number": number, "truth": truth}
    fields = {
        {"key.id": "key_id", "key.team": "team"}.get(path, path): by_kind[kind]
        for path, kind in FACTS.items()
    }
    fields["model"] = TEXT
    metadata = st.dictionaries(st.sampled_from(["tier", "n"]), TEXT | st.just("1e999"))
    return st.builds(Facts, request_id=st.just("id"), metadata=metadata, **fields)
