"""A row of promptfoo's CSV as the test that it stands for.

Columns that begin with `__` are not variables. Source: promptfoo.dev/docs/configuration/test-cases#csv-format.
"""

from __future__ import annotations

import re
from typing import Any

_ASSERTION = re.compile(r"(not-)?([a-z][a-z0-9-]*)(?:\((\d+(?:\.\d+)?)\))?:(.*)", re.DOTALL)
_OLD = {"fn": "javascript", "eval": "javascript", "grade": "llm-rubric"}
_MANY = ("contains-all", "contains-any", "icontains-all", "icontains-any")
_BARE = ("is-json", "contains-json", "is-sql", "is-xml", "is-html", "is-refusal")
_TYPES = frozenset(
    [
        *(*_MANY, *_BARE, "answer-relevance", "bleu", "classifier", "contains", "contains-html"),
        *("contains-sql", "contains-xml", "context-faithfulness", "context-recall", "cost"),
        *(
            "context-relevance",
            "equals",
            "f-score",
            "factuality",
            "finish-reason",
            "g-eval",
            "gleu",
        ),
        *("guardrails", "icontains", "is-valid-function-call", "is-valid-openai-function-call"),
        *("is-valid-openai-tools-call", "javascript", "latency", "levenshtein", "llm-rubric"),
        *("meteor", "model-graded-closedqa", "model-graded-factuality", "moderation", "perplexity"),
        *("perplexity-score", "pi", "python", "regex", "rouge-n", "ruby", "search-rubric"),
        *("select-best", "similar", "starts-with", "tool-call-f1", "webhook", "word-count"),
    ]
)


def test_of_row(row: dict[str, str]) -> dict[str, Any]:
    """The same test as a mapping: vars, assert, options, metadata."""
    variables: dict[str, str] = {}
    asserts: list[dict[str, Any]] = []
    options: dict[str, str] = {}
    metadata: dict[str, Any] = {}
    config: dict[str, str] = {}
    for name, cell in row.items():
        if name.startswith("__config:"):
            config[name] = cell
        elif name.startswith("__expected"):
            if cell.strip():
                asserts.append(assertion_of(cell))
        elif name in ("__prefix", "__suffix"):
            options[name[2:]] = cell
        elif name.startswith("__metadata:"):
            key = name.removeprefix("__metadata:")
            metadata[key.removesuffix("[]")] = _split(cell) if key.endswith("[]") else cell
        elif not name.startswith("__"):
            variables[name] = cell
    return {"vars": variables, "assert": asserts, "options": options, "metadata": metadata}


def assertion_of(cell: str) -> dict[str, Any]:
    """`contains: Paris` and the like; a text without a known type before its colon is `equals`."""
    found = _ASSERTION.fullmatch(cell)
    kind = _OLD.get(found[2], found[2]) if found else cell
    if found is None or kind not in _TYPES:
        bare = cell.strip()
        return {"type": bare} if bare in _BARE else {"type": "equals", "value": cell}
    value: Any = found[4].strip()
    out: dict[str, Any] = {"type": f"{found[1] or ''}{kind}"}
    out["value"] = [part.strip() for part in value.split(",")] if kind in _MANY else value
    if found[3]:
        out["threshold"] = float(found[3])
    return out


def _split(cell: str) -> list[str]:
    parts = re.split(r"(?<!\\),", cell)
    return [part.replace("\\,", ",").strip() for part in parts if part.strip()]
