"""For every test: databases that a test opened are closed with it (newer Pythons warn otherwise)."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

# A busy machine is no defect: properties are checked, their speed is not.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _databases_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def noted(*args: Any, **options: Any) -> sqlite3.Connection:
        db = connect(*args, **options)
        opened.append(db)
        return db

    monkeypatch.setattr(sqlite3, "connect", noted)
    yield
    for db in opened:
        with contextlib.suppress(sqlite3.Error):
            db.close()
