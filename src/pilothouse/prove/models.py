"""The models that scorers ask: judges and embedders of `judges:` in `poc.yaml`, through the one call path.

A question is its content: provider, model, request and sample make its key. What is kept under a key is never
paid again, and two equal questions in flight are asked once.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta, Struct, structs

from pilothouse import registry
from pilothouse.client.caller import Asked, Client
from pilothouse.core.call import Call
from pilothouse.core.embedding import EmbeddingRequest, floats
from pilothouse.core.embedding_ask import EmbeddingAsk
from pilothouse.core.errors import InvalidInput, ProviderError, did_you_mean
from pilothouse.core.grade import Given
from pilothouse.core.request import Request
from pilothouse.core.route import Route, RouteSpec, Target

LEXICAL = "lexical"
"""The embedder that needs no model (`embedders/lexical.py`)."""
ROUTE = RouteSpec(name="judge", policy="fallback", targets=())
"""How judges are asked, and the name their calls are recorded under; two tries, as a route has by default."""


class JudgeSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A judge as written: a model at a provider, and how it is asked."""

    provider: str
    model: str
    catalog_model: str | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = 0.0
    """None = not sent: some models refuse any."""
    max_output_tokens: Annotated[int, Meta(ge=1)] | None = None

    def target(self, name: str) -> Target:
        """Where its attempts go."""
        return Target(
            name=name, provider=self.provider, model=self.model, catalog_model=self.catalog_model
        )

    def asked(self, request: Request) -> Request:
        """`request` as this judge is sent it; what the request sets itself stands."""
        return structs.replace(
            request,
            model=self.model,
            temperature=self.temperature if request.temperature is None else request.temperature,
            max_output_tokens=request.max_output_tokens or self.max_output_tokens,
        )


class JudgeMemory(Protocol):
    """What judges have said, by question. Durable when `keep` returns."""

    def get(self, key: str) -> Given | None:
        """What was said, if this was asked before."""
        ...

    def keep(self, key: str, given: Given, call: Call) -> None:
        """`call` is the attempt that answered. Texts embedded together share one call under several keys."""
        ...


class _Waiting:
    """Questions that are being asked; those who ask one of them too wait here."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.error: ProviderError | None = None


class JudgeModels:
    """Implements `Models`. One for a run; `concurrency` bounds what is asked at a time."""

    def __init__(
        self,
        client: Client,
        judges: Mapping[str, JudgeSpec],
        memory: JudgeMemory,
        *,
        run_id: str | None = None,
        concurrency: int = 16,
    ) -> None:
        self.spent_usd = Decimal(0)
        """Paid by this run, failed attempts included."""
        self.unpriced = 0
        """Answers that nobody could price."""
        self.asked = 0
        """Answers that were not kept before."""
        self._client = client
        self._judges = judges
        self._memory = memory
        self._run_id = run_id
        self._room = asyncio.Semaphore(concurrency)
        self._waiting: dict[str, _Waiting] = {}

    async def ask(self, name: str, request: Request, *, sample: int = 0) -> Given:
        """See `Models`. Raises `InvalidInput` when no judge has this name."""
        spec = self._spec(name)
        request = spec.asked(request)
        key = question_key(spec, request, sample)
        await self._settle([key], lambda keys: self._answer(name, spec, request, sample, key))
        return self._kept(key)

    async def embed(self, name: str, texts: Sequence[str]) -> list[list[float]]:
        """See `Models`. A text without a word has no lexical vector: it gets zeros."""
        if name == LEXICAL and name not in self._judges:
            return _lexical(texts)
        spec = self._spec(name)
        keys = {text: _embedding_key(spec, text) for text in texts}
        texts_by_key = {key: text for text, key in keys.items()}
        await self._settle(
            list(texts_by_key),
            lambda free: self._embedded(name, spec, {key: texts_by_key[key] for key in free}),
        )
        return [msgspec.json.decode(self._kept(keys[t]).text, type=list[float]) for t in texts]

    async def _settle(
        self, keys: Sequence[str], ask: Callable[[list[str]], Awaitable[None]]
    ) -> None:
        """When it returns every key is kept. `ask` gets those that nobody has asked or is asking."""
        while True:
            missing = [key for key in keys if self._memory.get(key) is None]
            if not missing:
                return
            free = [key for key in missing if key not in self._waiting]
            if free:
                await self._ask_for(free, ask)
                continue
            other = self._waiting[missing[0]]
            await other.over.wait()
            if other.error is not None:
                raise other.error
            # kept by now; or who asked was cancelled, and we ask

    async def _ask_for(self, free: list[str], ask: Callable[[list[str]], Awaitable[None]]) -> None:
        mine = _Waiting()
        self._waiting.update(dict.fromkeys(free, mine))
        try:
            async with self._room:
                await ask(free)
        except ProviderError as error:
            mine.error = error
            raise
        finally:
            for key in free:
                del self._waiting[key]
            mine.over.set()

    async def _answer(
        self, name: str, spec: JudgeSpec, request: Request, sample: int, key: str
    ) -> None:
        calls: list[Call] = []
        route = Route(name=ROUTE.name, targets=(spec.target(name),))
        try:
            asked = self._asked(key, sample)
            outcome = await self._client.call(request, route, asked=asked, spec=ROUTE, calls=calls)
        finally:
            self._count(calls)
        if outcome.error is not None:
            raise outcome.error
        assert outcome.answer is not None
        self._memory.keep(key, Given.of(outcome.answer), calls[-1])

    async def _embedded(self, name: str, spec: JudgeSpec, missing: dict[str, str]) -> None:
        """`missing`: texts by their keys."""
        dialect = registry.plugin("dialects", "openai_embeddings")
        request = EmbeddingRequest(model=spec.model, inputs=tuple(missing.values()))
        body = dialect.write_request(request).body
        ask = EmbeddingAsk(dialect, body, dialect.read_envelope(body))
        route = Route(name=ROUTE.name, targets=(spec.target(name),))
        calls: list[Call] = []
        try:
            asked = self._asked(next(iter(missing)), 0)
            vectors = await self._client.embed(ask, route, asked=asked, spec=ROUTE, calls=calls)
        finally:
            self._count(calls)
        answer = vectors.answer or dialect.read_answer(vectors.body)
        if len(answer.vectors) != len(missing):
            what = f"{len(answer.vectors)} vectors for {len(missing)} texts"
            raise ProviderError("garbage", what)
        for key, vector in zip(missing, answer.vectors, strict=True):
            text = msgspec.json.encode(floats(vector)).decode()
            self._memory.keep(key, Given(text=text), calls[-1])

    def _kept(self, key: str) -> Given:
        kept = self._memory.get(key)
        assert kept is not None, "it was kept a moment ago"
        return kept

    def _asked(self, key: str, sample: int) -> Asked:
        return Asked(source="judge", run_id=self._run_id, case_id=key, repeat=sample)

    def _count(self, calls: Sequence[Call]) -> None:
        for call in calls:
            self.spent_usd += call.cost_usd or Decimal(0)
            if call.status == "ok":
                self.asked += 1
                self.unpriced += call.cost_usd is None

    def _spec(self, name: str) -> JudgeSpec:
        try:
            return self._judges[name]
        except KeyError:
            raise InvalidInput(unknown_judge(name, self._judges)) from None


def unknown_judge(name: str, judges: Mapping[str, JudgeSpec]) -> str:
    """What to say of a judge that `judges:` does not have."""
    hint = did_you_mean(name, judges) or " Name its provider and model under judges:"
    return f'no judge "{name}".{hint}'


def question_key(spec: JudgeSpec, request: Request, sample: int) -> str:
    """The content of a question as 64 hex digits. `request` is the one that is sent."""
    return _digest([spec.provider, spec.model, request, sample])


def _embedding_key(spec: JudgeSpec, text: str) -> str:
    return _digest([spec.provider, spec.model, "embed", text])


def _digest(content: Sequence[object]) -> str:
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()


def _lexical(texts: Sequence[str]) -> list[list[float]]:
    embedder = registry.plugin("embedders", LEXICAL)
    found = [embedder.embed(text) for text in texts]
    length = max((len(vector) for vector in found if vector is not None), default=1)
    return [[0.0] * length if vector is None else list(vector) for vector in found]
