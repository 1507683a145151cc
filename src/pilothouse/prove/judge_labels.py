"""Answers that people have graded, as JSON lines, for the calibration of a judge.

A line is one answer with `human` (pass or fail), or two answers with whom a person preferred (a, b, tie). A line
may hold what a judge said of it (`judge`, or its own words in `judge_said`): then nobody need be asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct, structs

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.grade import Given
from pilothouse.prove.pairwise import Judgment, Pair, Winner, read_judgment

Mark = bool | Literal["pass", "fail", 0, 1]
_PASSED = (True, "pass", 1)


class GradedLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer with what a person said of it."""

    id: str
    answer: str
    human: Mark
    prompt: str = ""
    expected: str | None = None
    accepted: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    details: dict[str, Any] = {}
    """As a case has them: `should_refuse`, `references`."""
    cluster: str | None = None
    family: str | None = None
    """Of the model that answered, for the bias towards one's own."""
    judge: Mark | None = None
    """What a judge said of it, if one has been asked."""

    @property
    def is_passed(self) -> bool:
        """What the person said."""
        return self.human in _PASSED

    @property
    def judged(self) -> bool | None:
        """What the judge said, if recorded."""
        return None if self.judge is None else self.judge in _PASSED

    @property
    def case(self) -> Case:
        """The question."""
        return Case(
            id=self.id,
            prompt=self.prompt,
            expected=self.expected,
            accepted=self.accepted,
            context=self.context,
            details=self.details,
            cluster=self.cluster,
        )


class PairLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two answers with whom a person preferred."""

    id: str
    answer_a: str
    answer_b: str
    human: Winner
    prompt: str = ""
    context: tuple[str, ...] = ()
    cluster: str | None = None
    a: str = "a"
    """Whose the first answer is."""
    b: str = "b"
    families: dict[str, str] = {}
    """Candidate to family."""
    judge: tuple[Winner, Winner] | None = None
    """Whom a judge preferred with a's answer first, and with b's first."""
    judge_said: tuple[str, str] | None = None
    """The same in the judge's own words."""

    @property
    def pair(self) -> Pair:
        """What a judge is shown."""
        case = Case(id=self.id, prompt=self.prompt, context=self.context, cluster=self.cluster)
        return Pair(
            case=case,
            a=self.a,
            b=self.b,
            answer_a=Given(text=self.answer_a),
            answer_b=Given(text=self.answer_b),
        )

    @property
    def recorded(self) -> Judgment | None:
        """The judgment that the line holds, if one."""
        if self.judge is not None:
            a_first, b_first = self.judge
        elif self.judge_said is not None:
            a_first, b_first = read_judgment(*self.judge_said)
        else:
            return None
        return Judgment(
            case_id=self.id,
            a=self.a,
            b=self.b,
            judge="recorded",
            a_first=a_first,
            b_first=b_first,
            words_a=len(self.answer_a.split()),
            words_b=len(self.answer_b.split()),
            cluster=self.cluster,
            human=self.human,
        )

    def labelled(self, judgment: Judgment) -> Judgment:
        """`judgment` with what the person said."""
        return structs.replace(judgment, human=self.human)


class Labels(Struct, frozen=True):
    """A file of one kind of lines."""

    graded: tuple[GradedLine, ...] = ()
    pairs: tuple[PairLine, ...] = ()


def read_labels(path: Path) -> Labels:
    """Raises `InvalidInput` with file and line: a broken line, an id used twice, both kinds in one file."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        raise InvalidInput(f"{path}: there is no such file") from None
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None
    graded: list[GradedLine] = []
    pairs: list[PairLine] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        found = _read(f"{path}:{number}", line)
        if found.id in seen:
            first = f"first on line {seen[found.id]}"
            raise InvalidInput(f'{path}:{number}: the id "{found.id}" is used twice ({first})')
        seen[found.id] = number
        if isinstance(found, PairLine):
            pairs.append(found)
        else:
            graded.append(found)
        if graded and pairs:
            raise InvalidInput(
                f"{path}:{number}: graded answers and pairs do not go in one file: they are two calibrations"
            )
    if not seen:
        raise InvalidInput(f"{path}: there is no label in this file")
    return Labels(tuple(graded), tuple(pairs))


def _read(where: str, line: bytes) -> GradedLine | PairLine:
    try:
        found = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        kind = PairLine if "answer_a" in found or "answer_b" in found else GradedLine
        unknown = [key for key in found if key not in kind.__struct_fields__]
        if unknown:
            hint = did_you_mean(unknown[0], kind.__struct_fields__)
            raise InvalidInput(f'{where}: unknown key "{unknown[0]}".{hint}')
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{where}: not a label: {error}") from None
