"""A hedged request: when the first target says nothing for a while a second one is asked, and the quicker
answer counts. Who may be hedged, and at what price, is `caller`'s to decide.

Source: "The Tail at Scale" (Dean and Barroso, 2013): hedging after a delay near the usual latency cuts the
tail for few more requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from msgspec import Struct

from pilothouse.client.attempt import Attempt
from pilothouse.core.errors import RETRYABLE, ProviderError

T = TypeVar("T")
LOST = "lost the hedge: another target answered first"


class Try(Struct, Generic[T], frozen=True):
    """An attempt that has been started on paper, and what makes it."""

    attempt: Attempt
    run: Callable[[], Coroutine[Any, Any, T]]


class Ended(Struct, Generic[T], frozen=True):
    """The attempt that decided. Exactly one of `value` and `error` is None."""

    value: T | None
    error: ProviderError | None
    attempt: Attempt


class Endings(Struct, Generic[T], frozen=True):
    """What becomes of attempts that did not decide; each is told once."""

    failed: Callable[[Attempt, ProviderError], None]
    spare: Callable[[T, Attempt], None]
    """It gave its answer in the same moment as the winner."""


async def hedged(
    first: Try[T], second: Callable[[], Try[T] | None], after_s: float, endings: Endings[T]
) -> Ended[T]:
    """The first to succeed; the other is cancelled at once.

    `second` is asked for a try once `first` has been silent for `after_s`; None = no hedge is to be had.
    A failure of the first that no other target could mend decides at once; any other failure waits for
    the one still running, and the last failure decides.
    """
    runs = {asyncio.create_task(first.run()): first.attempt}
    try:
        done, _ = await asyncio.wait(runs, timeout=after_s)
        if not done and (other := second()) is not None:
            runs[asyncio.create_task(other.run())] = other.attempt
        return await _decided(runs, first.attempt, endings)
    except BaseException:
        _drop(runs, ProviderError("cancelled", "the caller went away"), endings)
        raise


async def _decided(
    runs: dict[asyncio.Task[T], Attempt], first: Attempt, endings: Endings[T]
) -> Ended[T]:
    while True:
        done = {task for task in runs if task.done()}
        if not done:
            done, _ = await asyncio.wait(runs, return_when=asyncio.FIRST_COMPLETED)
        for task in [task for task in runs if task in done]:
            attempt = runs.pop(task)
            try:
                ended = Ended(task.result(), None, attempt)
            except ProviderError as error:
                ended = Ended[T](None, error, attempt)
                is_final = attempt is first and error.kind not in RETRYABLE
                if runs and not is_final:
                    endings.failed(attempt, error)
                    continue
            await _leave(runs, ended, endings)
            return ended


async def _leave(
    runs: dict[asyncio.Task[T], Attempt], ended: Ended[T], endings: Endings[T]
) -> None:
    """Cancel whoever still runs, and see it end, so that nothing of it outlives the request."""
    left = _drop(runs, ProviderError("cancelled", LOST), endings)
    try:
        if left:
            await asyncio.wait(left)
    except BaseException:
        if ended.value is not None:
            endings.spare(ended.value, ended.attempt)
        raise


def _drop(
    runs: dict[asyncio.Task[T], Attempt], why: ProviderError, endings: Endings[T]
) -> list[asyncio.Task[T]]:
    left: list[asyncio.Task[T]] = []
    while runs:
        task, attempt = runs.popitem()
        if not task.done():
            task.cancel()
            left.append(task)
            endings.failed(attempt, why)
        elif (failed := task.exception()) is None:
            endings.spare(task.result(), attempt)
        else:
            endings.failed(attempt, failed if isinstance(failed, ProviderError) else why)
    return left
