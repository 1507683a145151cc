"""The page about routing names every fact, method, policy and error class that there is."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from pilothouse import registry
from pilothouse.core.errors import ErrorClass
from pilothouse.core.rules.syntax import METHODS
from pilothouse.core.rules.types import FACTS

PAGE = (Path(__file__).parents[3] / "docs" / "routing.md").read_text(encoding="utf-8")


def test_every_fact_and_method_is_documented() -> None:
    assert [fact for fact in FACTS if f"`{fact}`" not in PAGE] == []
    assert [method for method in METHODS if f".{method}(" not in PAGE] == []


def test_every_policy_is_documented() -> None:
    assert [name for name in registry.names("policies") if f"| `{name}` |" not in PAGE] == []


def test_every_error_class_is_documented() -> None:
    assert [kind for kind in get_args(ErrorClass) if f"`{kind}`" not in PAGE] == []
