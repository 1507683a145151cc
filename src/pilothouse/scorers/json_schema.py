"""Does the answer keep a JSON schema? The keywords known are those of the guard `json_schema_out`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.core.grade import Given, Grade
from pilothouse.guards._json_schema import first_error, schema_problems
from pilothouse.scorers._json_in import json_in


class JsonSchemaScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`schema` inline, `file` with one, or `details.schema` of the case."""

    schema: dict[str, Any] | None = None
    file: str | None = None
    strict: bool = False
    """The whole answer must be JSON: no fence, no word around it."""

    def anchored(self, folder: Path) -> JsonSchemaScorer:
        """The schema read. Raises `InvalidInput` when it cannot be, or is none."""
        if self.schema is not None and self.file is not None:
            raise InvalidInput("give either `schema` or `file`")
        if self.file is None:
            if self.schema is not None:
                _refuse(self.schema, "schema")
            return self
        path = folder / self.file
        try:
            schema = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        except OSError as error:
            raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None
        except msgspec.DecodeError as error:
            raise InvalidInput(f"{path}: not a JSON schema: {error}") from None
        _refuse(schema, str(path))
        return replace(self, schema=schema, file=None)

    def version(self) -> str:
        """The schema, whichever way it came."""
        return msgspec.json.encode(self.schema).decode() if self.schema is not None else ""

    def check(self, case: Case) -> None:
        """Raises `ValueError` without a schema."""
        if not isinstance(self._of(case), dict):
            raise ValueError(
                f"case {case.id}: there is no schema: give `schema`, `file` or details.schema"
            )

    def score(self, given: Given, case: Case) -> Grade:
        """1.0, or 0.0 with the first thing that is wrong."""
        try:
            value = json_in(given.text, only_whole=self.strict)
        except ValueError as error:
            return Grade(value=0.0, detail=str(error)[:300])
        wrong = first_error(value, self._of(case))
        return Grade(value=float(not wrong), detail=wrong or "keeps the schema")

    def _of(self, case: Case) -> Any:
        return self.schema if self.schema is not None else case.details.get("schema")


def _refuse(schema: dict[str, Any], where: str) -> None:
    for at, problem in schema_problems(schema):
        raise InvalidInput(f"{where}{at and '.' + at}: {problem}")


plugin = JsonSchemaScorer
