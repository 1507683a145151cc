"""Answers a job as the gateway answers a request: its route, its key's limits, its dialect; whole, never streamed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from decimal import Decimal

from msgspec.structs import replace

from pilothouse.client.admission import Admissions, Hold
from pilothouse.client.attempt import Asked
from pilothouse.client.cascade import Cascade
from pilothouse.client.checking import Checked
from pilothouse.client.guarding import BLOCKED_CODE, BLOCKED_STATUS, GuardBook, Guarding
from pilothouse.client.job_runner import Again
from pilothouse.client.keyring import Holder
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.dialect import Dialect
from pilothouse.core.errors import RETRYABLE, BadRequest, ProviderError
from pilothouse.core.guard import Blocked
from pilothouse.core.job import Job, JobAnswer, JobRules
from pilothouse.core.job_store import JobRequest
from pilothouse.core.keys import Denied
from pilothouse.core.limits import Refused
from pilothouse.core.pico import pico_usd
from pilothouse.core.ports import Reply
from pilothouse.core.route import Route, RouteSpec
from pilothouse.server.doors import dialect as dialect_named
from pilothouse.server.guarded import guarded_ask, guarding_for
from pilothouse.server.refusals import code_of, status_of
from pilothouse.server.routes import Routes, asked_by, facts_of

HolderOf = Callable[[str], Holder | Denied | None]
"""A key's id to its holder now; None where nobody needs a key."""


class JobAnswering:
    """An `Answerer`. Every attempt is recorded under the job's attempt id as its request."""

    def __init__(
        self,
        cascade: Cascade,
        routes: Routes,
        holder_of: HolderOf,
        rules: JobRules,
        admissions: Admissions | None = None,
        guards: GuardBook | None = None,
    ) -> None:
        self._cascade = cascade
        self._routes = routes
        self._holder_of = holder_of
        self._rules = rules
        self._admissions = admissions
        self._guards = guards

    async def __call__(self, job: Job, request: JobRequest) -> JobAnswer | Again:
        """The answer, an error that no other attempt would mend, or why to try again."""
        dialect = dialect_named(job.dialect)
        holder = self._holder_of(job.key_id) if job.key_id else None
        if isinstance(holder, Denied):
            return _error(dialect, 401, holder.message, "invalid_api_key")
        spec = self._routes.spec(job.model, holder)
        if spec is None:
            message = self._routes.unknown(job.model, holder)
            return _error(dialect, 404, message, "model_not_found")
        guarding = guarding_for(self._guards, spec.name, holder)
        try:
            envelope = dialect.read_envelope(request.body, model=job.model)
            ask = Ask(dialect, request.body, envelope, headers=request.headers)
            found = ask if guarding is None else await guarded_ask(guarding, ask)
            if isinstance(found, Blocked):
                return _error(dialect, BLOCKED_STATUS, found.reason, BLOCKED_CODE)
            headers, id = request.headers, job.attempt_id
            facts = facts_of(headers, found.envelope, id, dialect.name, holder)
            route = self._routes.route(facts, spec, found)
            asked = asked_by(headers, holder, id)
            return await self._held(job, found, route, spec, asked, holder, guarding)
        except BadRequest as error:
            return _error(dialect, 422 if error.param else 400, str(error))
        finally:
            if guarding is not None:
                guarding.tell(job.attempt_id)

    async def _held(
        self,
        job: Job,
        ask: Ask,
        route: Route,
        spec: RouteSpec,
        asked: Asked,
        holder: Holder | None,
        guarding: Guarding | None,
    ) -> JobAnswer | Again:
        assert ask.dialect is not None
        hold: Hold | Refused | None = None
        if self._admissions is not None:
            hold = await self._admissions.admit(holder, ask, route, job.attempt_id, spec.check)
        if isinstance(hold, Refused):
            if hold.retry_after_s is not None:
                return Again(hold.message, hold.retry_after_s, counts=False)
            return _error(ask.dialect, 429, hold.message, "insufficient_quota")
        calls: list[Call] = []
        checked = Checked()
        try:
            outcome = await self._cascade.call(
                ask, route, asked=asked, spec=spec, calls=calls, checked=checked
            )
        finally:
            if hold is not None:
                hold.settle((*calls, *checked.calls))
        paid = [*checked.calls, *calls]
        if outcome.reply is not None:
            reply = outcome.reply
            found = reply.answer if guarding is None else await guarding.after(reply.answer)
            if isinstance(found, Blocked):
                blocked = _error(ask.dialect, BLOCKED_STATUS, found.reason, BLOCKED_CODE)
                return replace(blocked, cost_pico_usd=_cost(paid))
            if found is not reply.answer:
                reply = replace(reply, answer=found, dialect="")
            return _answer(job, ask.dialect, reply, paid)
        assert outcome.error is not None
        return self._failed(job, ask.dialect, outcome.error, paid)

    def _failed(
        self, job: Job, dialect: Dialect, error: ProviderError, calls: Sequence[Call]
    ) -> JobAnswer | Again:
        if error.kind in RETRYABLE and job.failures + 1 < self._rules.attempts:
            return Again(str(error), error.retry_after_s or 0.0)
        body = dialect.write_error(
            status_of(error), str(error), code=code_of(error), request_id=job.attempt_id
        )
        return JobAnswer(status=status_of(error), body=body, cost_pico_usd=_cost(calls))


def _answer(job: Job, dialect: Dialect, reply: Reply, calls: Sequence[Call]) -> JobAnswer:
    last = calls[-1]
    body = reply.body
    if reply.dialect != dialect.name:
        body = dialect.write_answer(
            reply.answer, model=last.model, id=job.attempt_id, created_s=int(time.time())
        )
    return JobAnswer(status=200, body=body, target=last.target, cost_pico_usd=_cost(calls))


def _cost(calls: Sequence[Call]) -> int | None:
    costs = [call.cost_usd for call in calls if call.cost_usd is not None]
    return pico_usd(sum(costs, Decimal(0))) if costs else None


def _error(dialect: Dialect, status: int, message: str, code: str | None = None) -> JobAnswer:
    return JobAnswer(status=status, body=dialect.write_error(status, message, code=code))
