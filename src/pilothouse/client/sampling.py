"""Keeps a share of live questions for later proofs, with personal data taken out. Nobody waits for it.

What is sampled is decided by the request's id, so that all processes agree. Redacting and writing happen on a
thread of its own; where the queue is full a sample is shed, never a request.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from msgspec import Struct

from pilothouse.core.ask import Ask
from pilothouse.core.errors import PilothouseError
from pilothouse.core.place import position
from pilothouse.core.request import Request
from pilothouse.core.sample_store import Sample, SampleStore

log = logging.getLogger("pilothouse.sampling")

_MOST_WAITING = 256
_TOGETHER = 64

WriteBody = Callable[[Request], bytes]
Redact = Callable[[Request], Request]


class SampleRules(Struct, frozen=True, kw_only=True):
    """Which questions: `share` of them (0-1), of `routes` (empty = all); at most `keep` of each route stay."""

    share: float
    routes: frozenset[str] = frozenset()
    keep: int = 10_000


class _Taken(Struct, frozen=True):
    ask: Ask
    route: str
    tag: str | None
    request_id: str
    at_us: int


class Sampler:
    """Owns its thread; `close` writes what waits."""

    def __init__(
        self, rules: SampleRules, store: SampleStore, redact: Redact, write_body: WriteBody
    ) -> None:
        self._rules = rules
        self._store = store
        self._redact = redact
        self._write_body = write_body
        self._waiting: queue.Queue[_Taken | None] = queue.Queue(_MOST_WAITING)
        self.shed = 0
        """Samples that were not kept: no room, or no database."""
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._thread.start()

    def take(self, ask: Ask, route: str, tag: str | None, request_id: str, at_us: int) -> None:
        """Keep the question, if it is one of the sample. Takes microseconds, never raises."""
        rules = self._rules
        if rules.routes and route not in rules.routes:
            return
        if position("sample", request_id) >= rules.share:
            return
        try:
            self._waiting.put_nowait(_Taken(ask, route, tag, request_id, at_us))
        except queue.Full:
            self.shed += 1

    def close(self) -> None:
        """Idempotent."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            taken = [self._waiting.get()]
            while len(taken) < _TOGETHER and not self._waiting.empty():
                taken.append(self._waiting.get_nowait())
            is_open = None not in taken
            samples = [s for t in taken if t is not None and (s := self._sample(t)) is not None]
            if not samples:
                continue
            try:
                self._store.keep(samples, self._rules.keep)
            except PilothouseError as error:
                self.shed += len(samples)
                log.error("%d sampled questions are not kept: %s", len(samples), error)

    def _sample(self, taken: _Taken) -> Sample | None:
        try:
            body = self._write_body(self._redact(taken.ask.request))
        except PilothouseError:  # it was answered, yet cannot be said in this form
            self.shed += 1
            return None
        return Sample(
            request_id=taken.request_id,
            at_us=taken.at_us,
            route=taken.route,
            tag=taken.tag,
            body=body,
        )
