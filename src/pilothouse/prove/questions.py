"""What is asked: a case put to a candidate, the parts that processes share, and what makes two questions the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct, structs

from pilothouse.core.case import Case
from pilothouse.core.request import Message, Part, Request, TextPart, ToolCallPart
from pilothouse.prove.spec import Candidate, Poc
from pilothouse.providers._config import ProviderConfig

PART_CASES = 32
"""Cases of one repeat that a process takes at a time, put to all candidates."""
_encode = msgspec.json.Encoder(decimal_format="string").encode
_TIMEOUTS = {"connect_s", "first_byte_s", "first_token_s", "between_s", "total_s"}


class Question(Struct, frozen=True, gc=False):
    """One case to one candidate. `ordinal` and `candidate` are positions."""

    ordinal: int
    case: Case
    candidate: int
    repeat: int


class Parts(Struct, frozen=True):
    """How a run is cut: part p holds `PART_CASES` cases of one repeat."""

    cases: int
    repeats: int

    @property
    def per_repeat(self) -> int:
        """Parts of one repeat."""
        return -(-self.cases // PART_CASES)

    @property
    def count(self) -> int:
        """All parts."""
        return self.per_repeat * self.repeats

    def repeat(self, part: int) -> int:
        """Which repeat it belongs to."""
        return part // self.per_repeat

    def span(self, part: int) -> tuple[int, int]:
        """Its cases: first ordinal, and the one after the last."""
        first = part % self.per_repeat * PART_CASES
        return first, min(self.cases, first + PART_CASES)


class Asker:
    """Makes requests of questions, and the keys under which their answers are found again."""

    def __init__(self, poc: Poc) -> None:
        self._poc = poc
        file = poc.file
        self._tools = poc.tools
        self._heads = [_head(c, file.providers[c.provider]) for c in file.candidates]

    def request(self, question: Question) -> Request:
        """The first (or only) turn."""
        file, case = self._poc.file, question.case
        return Request(
            model=file.candidates[question.candidate].model,
            messages=self._poc.template.render(case),
            max_output_tokens=file.max_output_tokens,
            temperature=file.temperature,
            top_p=file.top_p,
            seed=file.seed,
            tools=case.tools or self._tools,
            thinking=file.thinking,
        )

    def key(self, question: Question, request: Request) -> str:
        """The same for the same request to the same model at the same place, in whichever run."""
        said = _encode(structs.replace(request, model=""))
        digest = hashlib.sha256(self._heads[question.candidate])
        digest.update(b"%d\n" % question.repeat)
        digest.update(said)
        for turn in question.case.then:
            digest.update(b"\n" + turn.encode(errors="surrogatepass"))
        return digest.hexdigest()[:32]


def in_part(cases: Sequence[Case], first: int, candidates: int, repeat: int) -> Iterator[Question]:
    """Candidates side by side, so that a bad hour hits them alike."""
    for at, case in enumerate(cases, first):
        for candidate in range(candidates):
            yield Question(at, case, candidate, repeat)


def next_turn(request: Request, said: tuple[Part, ...], turn: str) -> Request:
    """The conversation with what was answered, and what is said next."""
    kept = tuple(part for part in said if isinstance(part, TextPart | ToolCallPart))
    messages = (
        *request.messages,
        Message(role="assistant", parts=kept),
        Message.of_text("user", turn),
    )
    return structs.replace(request, messages=messages)


def _head(candidate: Candidate, provider: ProviderConfig) -> bytes:
    """Where it is asked; how long we wait and how we are let in make no other question."""
    where: dict[str, Any] = {
        name: value
        for name, value in msgspec.to_builtins(provider).items()
        if name not in _TIMEOUTS and not name.startswith("key_") and value is not None
    }
    return _encode([candidate.model, sorted(where.items())]) + b"\n"
