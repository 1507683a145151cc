"""Multiple-choice questions as cases: the protocol's words around lettered options."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.core.case import Case

ASKED = (
    "Answer the question with the letter of the right option. "
    'End with a line of the form "The answer is (X)".\n\n'
)
EXTRACTION = 'the letter after the last "answer is", else the last letter that stands alone'


def lettered(options: Sequence[str]) -> str:
    """(A) ... on a line each."""
    return "\n".join(f"({chr(65 + i)}) {text}" for i, text in enumerate(options))


def choice_case(
    case_id: str,
    question: str,
    options: Sequence[str],
    answer: int,
    *,
    tags: Sequence[str] = (),
    asked: str = ASKED,
    shots: str = "",
) -> Case:
    """`answer`: the position of the right option."""
    return Case(
        id=case_id,
        prompt=f"{asked}{shots}{question.strip()}\n{lettered(options)}",
        expected=chr(65 + answer),
        choices=tuple(options),
        tags=tuple(tags),
        cluster=tags[0] if tags else None,
    )
