"""Texts to vectors over HTTP: the same way as an answer's, and one rule of its own.

Vectors of two models cannot be compared. So a route whose targets that make vectors are of several models is
refused, and what a rollout decided falls back to the same model elsewhere only.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from pilothouse import registry
from pilothouse.client.admission import Admissions
from pilothouse.client.attempt import Asked
from pilothouse.client.caller import Client
from pilothouse.client.guarding import GuardBook, Guarding
from pilothouse.client.keyring import Holder
from pilothouse.core.call import Call
from pilothouse.core.embedding import EmbeddingDialect
from pilothouse.core.embedding_ask import EmbeddingAsk
from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.core.guard import Blocked
from pilothouse.core.limits import Refused
from pilothouse.core.ports import Embedder, Vectors
from pilothouse.core.route import Route, RouteSpec, Target
from pilothouse.server.doors import Door
from pilothouse.server.guarded import guarded_texts, guarding_for, refuse_blocked
from pilothouse.server.http import Exchange, HttpRequest
from pilothouse.server.refusals import (
    header_text,
    id_lines,
    refuse,
    refuse_bad,
    refuse_for,
    refuse_limited,
    refuse_unknown,
)
from pilothouse.server.routes import Routes, asked_by, facts_of

_JSON = "content-type: application/json\r\n"
_ALONE = ":embedContent"


class Embeddings:
    """`POST /v1/embeddings`, Gemini's `:embedContent` and `:batchEmbedContents`."""

    def __init__(
        self,
        client: Client,
        routes: Routes,
        admissions: Admissions | None,
        guards: GuardBook | None = None,
    ) -> None:
        self._client = client
        self._routes = routes
        self._admissions = admissions
        self._guards = guards

    async def answer(
        self, door: Door, http: HttpRequest, out: Exchange, holder: Holder | None
    ) -> None:
        """One request."""
        request_id = self._client.new_id()
        try:
            ask = _read(door, http)
        except BadRequest as error:
            refuse_bad(out, door.dialect, error, request_id)
            return
        model = ask.envelope.model
        spec = self._routes.spec(model, holder)
        if spec is None:
            refuse_unknown(out, door.dialect, self._routes.unknown(model, holder), request_id)
            return
        try:
            spec = self._that_embeds(spec)
            facts = facts_of(http.headers, ask.envelope, request_id, ask.dialect.name, holder)
            route = self._of_one_model(self._routes.route(facts, spec))
        except BadRequest as error:
            message, param = str(error), error.param
            refuse(out, door.dialect, 400, message, param=param, request_id=request_id)
            return
        guarding = guarding_for(self._guards, spec.name, holder)
        one = _One(
            door, ask, spec, route, asked_by(http.headers, holder, request_id), request_id, guarding
        )
        if guarding is None:
            await self._through(one, out, holder)
            return
        try:
            found = await guarded_texts(guarding, ask)
            if isinstance(found, Blocked):
                refuse_blocked(out, door.dialect, found, guarding, request_id)
            else:
                await self._through(replace(one, ask=found), out, holder)
        except BadRequest as error:
            refuse_bad(out, door.dialect, error, request_id)
        finally:
            guarding.tell(request_id)

    async def _through(self, one: _One, out: Exchange, holder: Holder | None) -> None:
        """Limits, attempts, and what they came to."""
        dialect, request_id = one.door.dialect, one.request_id
        hold = None
        if self._admissions is not None:
            hold = await self._admissions.admit(holder, one.ask, one.route, request_id)
            if isinstance(hold, Refused):
                refuse_limited(out, dialect, hold, request_id)
                return
        calls: list[Call] = []
        try:
            vectors = await self._client.embed(
                one.ask, one.route, asked=one.asked, spec=one.spec, calls=calls
            )
        except ProviderError as error:
            refuse_for(out, dialect, error, request_id)
            return
        finally:
            if hold is not None:
                hold.settle(calls)
        lines = f"{_JSON}{id_lines(request_id)}x-pilothouse-target: {calls[-1].target}\r\n"
        if hold is not None:
            lines += hold.lines()
        if one.guarding is not None:
            lines += one.guarding.line
        if vectors.lost and one.spec.unsupported != "drop":
            lines += f"x-pilothouse-unsupported: {header_text(vectors.lost)}\r\n"
        out.send(200, _in_dialect(one.ask, vectors, calls[-1].model), lines.encode())

    def _can(self, target: Target) -> bool:
        provider = self._client.providers[target.provider]
        return isinstance(provider, Embedder) and provider.has_embeddings

    def _that_embeds(self, spec: RouteSpec) -> RouteSpec:
        """The route with those of its targets that make vectors. Raises `BadRequest`."""
        able = tuple([target for target in spec.targets if self._can(target)])
        if not able:
            raise BadRequest(
                f'"{spec.name}" makes no embeddings: {_named(spec.targets)}. Ask for a route whose target '
                "is an embedding model at a provider that has them (pilothouse providers capabilities "
                "--can embeddings)",
                param="model",
            )
        models = sorted({target.priced_as for target in able})
        if len(models) > 1:
            raise BadRequest(
                f'"{spec.name}" has targets of several models ({", ".join(models)}), and their vectors '
                "cannot be compared. Give embeddings a route of one model, at as many providers as you "
                "like; where one model has two names, say its catalog_model",
                param="model",
            )
        weights = spec.weights
        if weights and len(weights) == len(spec.targets):
            pairs = zip(spec.targets, weights, strict=True)
            weights = tuple([weight for target, weight in pairs if self._can(target)])
        return replace(
            spec, targets=able, weights=weights, context_fallbacks=(), content_fallbacks=()
        )

    def _of_one_model(self, route: Route) -> Route:
        """Those of its targets that may stand in for the first. Raises `BadRequest` when there is none."""
        able = [target for target in route.targets if self._can(target)]
        if not able:
            raise BadRequest(
                f'"{route.name}" makes no embeddings where this request goes ({route.why}): '
                f"{_named(route.targets)}",
                param="model",
            )
        model = able[0].priced_as
        return replace(route, targets=tuple([t for t in able if t.priced_as == model]))


class _One(Struct, frozen=True):
    """One request on its way through."""

    door: Door
    ask: EmbeddingAsk
    spec: RouteSpec
    route: Route
    asked: Asked
    request_id: str
    guarding: Guarding | None = None


def _read(door: Door, http: HttpRequest) -> EmbeddingAsk:
    assert door.embeds is not None
    dialect: EmbeddingDialect = registry.plugin("dialects", door.embeds)
    envelope = dialect.read_envelope(http.body, model=door.model)
    return EmbeddingAsk(dialect, http.body, envelope, is_single=http.path.endswith(_ALONE))


def _named(targets: Sequence[Target]) -> str:
    said = [f"{target.name} is {target.model} at {target.provider}" for target in targets]
    return ", ".join(said)


def _in_dialect(ask: EmbeddingAsk, vectors: Vectors, model: str) -> bytes:
    if vectors.answer is None:
        return vectors.body
    return ask.dialect.write_answer(vectors.answer, replace(ask.request, model=model))
