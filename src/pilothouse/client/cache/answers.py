"""The cache as the gateway meets it: look before asking, keep after.

    with await cache.look(ask, route, spec, holder, control) as looked:
        if looked.entry is None and not looked.is_refused:
            reply = ...                       # ask
            await looked.keep(reply, ...)

Whoever waits for the same answer is told when the block is left, however that happens.

The exact cache never lies; the near one does, as seldom as its route allows (docs/caching.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Literal

from pilothouse.client.cache.backend import Backend
from pilothouse.client.cache.control import AS_USUAL, Control
from pilothouse.client.cache.entry import Entry, entry_of, why_not_kept
from pilothouse.client.cache.flights import Flights
from pilothouse.client.cache.key import exact_key, place_of, tenant_of
from pilothouse.client.cache.question import Question, Questions, may_be_deterministic
from pilothouse.client.cache.record import Saved
from pilothouse.client.cache.replay import Gathering
from pilothouse.client.cache.semantic.nearby import Nearby, Spot
from pilothouse.client.keyring import Holder
from pilothouse.core.answer import Event
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.ports import NowUs, Reply
from pilothouse.core.route import Route, RouteSpec
from pilothouse.core.route_settings import CacheSettings

Status = Literal["hit", "miss", "bypass", "off"]


class Looked:
    """What the cache says to one request. Leave it (`with`) when the request is over."""

    __slots__ = (
        "_cache",
        "_flies",
        "_heard",
        "age_s",
        "entry",
        "is_refused",
        "key",
        "similarity",
        "spec",
        "spot",
        "status",
        "why",
    )

    def __init__(self, cache: AnswerCache, status: Status, why: str = "") -> None:
        self._cache = cache
        self._flies = False
        self._heard: Gathering | None = None
        self.status: Status = status
        self.why = why
        """Why the cache was passed by."""
        self.entry: Entry | None = None
        """The answer, when there is one."""
        self.age_s = 0.0
        self.similarity: float | None = None
        """Of a near question's answer; None = the question was the same."""
        self.is_refused = False
        """The caller takes a kept answer or none, and there is none (504)."""
        self.key: bytes | None = None
        """Where the answer is to be kept; None = nowhere."""
        self.spec: RouteSpec | None = None
        self.spot: Spot | None = None

    def __enter__(self) -> Looked:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.land(None)

    @property
    def wants(self) -> bool:
        """Whether an answer would be kept."""
        return self.key is not None and self.entry is None and not self.is_refused

    @property
    def saved(self) -> Saved | None:
        """What a hit saved, for the record."""
        if self.entry is None:
            return None
        return Saved(is_near=self.similarity is not None, usd=self.entry.cost_usd, age_s=self.age_s)

    @property
    def headers(self) -> str:
        """Lines for the answer, each with its end; none on a route without a cache."""
        if self.status == "off":
            return ""
        lines = f"x-pilothouse-cache: {self.status}\r\n"
        if self.entry is None:
            return lines
        lines += f"age: {int(self.age_s)}\r\n"
        if self.similarity is not None:
            lines += f"x-pilothouse-cache-similarity: {self.similarity:.4f}\r\n"
        return lines

    async def keep(self, reply: Reply, call: Call) -> bool:
        """Keep what was answered, if it is fit to be given again; whether it was. `call`: who answered."""
        cache, key, spec = self._cache, self.key, self.spec
        if not self.wants or key is None or spec is None or spec.cache.ttl_s is None:
            return False
        most = spec.cache.max_body_kb * 1024
        if why_not_kept(reply.answer) is not None or len(reply.body) > most:
            return False
        entry = entry_of(
            reply,
            target=call.target,
            provider=call.provider,
            model=call.model,
            at_us=cache.now_us(),
            cost_usd=call.cost_usd,
        )
        if len(entry.answer_json) > most:
            return False
        await cache.backend.put(key, entry, spec.cache.ttl_s)
        nearby = cache.nearby.get(spec.name)
        if nearby is not None and self.spot is not None:
            nearby.remember(self.spot, key)
        self.land(entry)
        return True

    def hear(self, events: Iterable[Event]) -> None:
        """More of a stream that is to be kept."""
        if self.wants:
            if self._heard is None:
                self._heard = Gathering()
            self._heard.add(events)
            assert self.spec is not None
            if self._heard.size > self.spec.cache.max_body_kb * 1024:
                self.land(None)
                self.key = self._heard = None

    async def keep_heard(self, dialect: str, call: Call) -> bool:
        """Keep the stream, if it came to its end and is fit to be given again; whether it was."""
        answer = self._heard.answer() if self._heard is not None else None
        return answer is not None and await self.keep(Reply(b"", answer, dialect), call)

    def land(self, entry: Entry | None) -> None:
        """Tell whoever waits for this answer; nothing to tell twice."""
        if self._flies and self.key is not None:
            self._flies = False
            self._cache.flights.land(self.key, entry)

    def takes_off(self) -> bool:
        """Be the one that asks; False when somebody is asking already."""
        assert self.key is not None
        self._flies = self._cache.flights.begin(self.key)
        return self._flies

    def hit(self, entry: Entry, similarity: float | None = None) -> Looked:
        """With an answer."""
        self.status, self.entry, self.similarity = "hit", entry, similarity
        self.age_s = entry.age_s(self._cache.now_us())
        return self


class AnswerCache:
    """One for all routes. `nearby`: the semantic caches by route."""

    def __init__(
        self, backend: Backend, now_us: NowUs, nearby: Mapping[str, Nearby] | None = None
    ) -> None:
        self.backend = backend
        self.now_us = now_us
        self.nearby = dict(nearby or {})
        self.flights = Flights()
        self._questions = Questions()

    async def look(
        self,
        ask: Ask,
        route: Route,
        spec: RouteSpec,
        holder: Holder | None = None,
        control: Control = AS_USUAL,
    ) -> Looked:
        """Raises `BadRequest` when the request cannot be read."""
        settings = spec.cache
        if settings.ttl_s is None:
            return _refused_if(control, Looked(self, "off"))
        if control.no_store:
            return _refused_if(control, Looked(self, "bypass", "the caller said no-store"))
        if _is_too_long(ask, settings):  # not worth reading
            return _refused_if(control, Looked(self, "bypass", _TOO_LONG))
        if settings.only_deterministic and not may_be_deterministic(ask):
            return _refused_if(control, Looked(self, "bypass", _WARM))
        question = self._questions.of(ask)
        why = why_passed(ask, question, settings)
        if why is not None:
            return _refused_if(control, Looked(self, "bypass", why))
        looked = Looked(self, "miss")
        looked.spec = spec
        place = place_of(tenant_of(holder, is_shared=settings.shared), route, ask)
        looked.key = exact_key(place, question.digest)
        if control.no_cache:
            return _refused_if(control, looked)
        await self._find(looked, place, question, ask, control)
        return looked

    async def _find(
        self, looked: Looked, place: bytes, question: Question, ask: Ask, control: Control
    ) -> None:
        key, spec = looked.key, looked.spec
        assert key is not None and spec is not None
        entry = await self.backend.get(key)
        if entry is not None and self._is_fresh(entry, control):
            looked.hit(entry)
            return
        if not self.flights.has(key):
            await self._find_near(looked, place, question, ask, control)
        if (
            looked.entry is not None
            or _refused_if(control, looked).is_refused
            or looked.takes_off()
        ):
            return
        # Somebody asks the same at this moment.
        entry = await self.flights.wait(key, spec.cache.wait_s)
        if entry is not None:
            looked.hit(entry)

    async def _find_near(
        self, looked: Looked, place: bytes, question: Question, ask: Ask, control: Control
    ) -> None:
        assert looked.spec is not None
        nearby = self.nearby.get(looked.spec.name)
        if nearby is None or not question.is_whole:
            return
        looked.spot = await nearby.spot(place, ask.request)
        near = nearby.nearest(looked.spot) if looked.spot is not None else None
        if near is None:
            return
        entry = await self.backend.get(near.key)
        if entry is None:
            nearby.forget(near.key)
        elif self._is_fresh(entry, control):
            looked.hit(entry, near.similarity)

    def _is_fresh(self, entry: Entry, control: Control) -> bool:
        return control.max_age_s is None or entry.age_s(self.now_us()) <= control.max_age_s


_WARM = "its temperature is not 0 (only_deterministic)"
_TOO_LONG = "the request is longer than max_body_kb"


def why_passed(ask: Ask, question: Question, settings: CacheSettings) -> str | None:
    """Why a route with these settings does not answer this from its cache; None when it may."""
    if _is_too_long(ask, settings):
        return _TOO_LONG
    if question.unfit is not None:
        return question.unfit
    if settings.only_deterministic and not question.is_deterministic:
        return _WARM
    return None


def _is_too_long(ask: Ask, settings: CacheSettings) -> bool:
    return ask.size > settings.max_body_kb * 1024


def _refused_if(control: Control, looked: Looked) -> Looked:
    looked.is_refused = control.only_if_cached
    return looked
