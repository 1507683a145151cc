"""One verdict of one judge: asked, read, and asked once more when the answer is no verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from pilothouse.core.grade import Models
from pilothouse.core.request import Request
from pilothouse.scorers._judge_prompt import again
from pilothouse.scorers._judge_reading import Nonsense, shown

T = TypeVar("T")


async def ask_verdict(
    models: Models, judge: str, request: Request, read: Callable[[str], T], sample: int = 0
) -> tuple[T, str]:
    """What `read` made of the answer, and the answer.

    Raises `Nonsense` (a `ValueError`) when two answers were none: that is no verdict, and never a zero.
    """
    said = (await models.ask(judge, request, sample=sample)).text
    try:
        return read(said), said
    except Nonsense as first:
        once_more = again(request, said, str(first))
    last = await models.ask(judge, once_more, sample=sample)
    try:
        return read(last.text), last.text
    except Nonsense as error:
        was_cut = (
            " (cut off: raise its max_output_tokens)" if last.finish_reason == "length" else ""
        )
        raise Nonsense(
            f"the judge {judge} gave no verdict, asked twice: {error}; it said {shown(last.text)}{was_cut}"
        ) from None


async def every(asking: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """All results, in order, asked side by side; the first failure ends the others and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in asking]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
