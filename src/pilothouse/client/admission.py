"""Limits and budgets around a request (key, team, route) and around each attempt (target): held before it,
settled to what it used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, Protocol

from msgspec import Struct

from pilothouse.client.keyring import Holder
from pilothouse.client.limits.estimate import UpperEstimates, input_estimate
from pilothouse.client.limits.messages import rate_lines
from pilothouse.client.limits.port import Admission, Ask, Limiter
from pilothouse.core.call import Call
from pilothouse.core.dialect import Envelope
from pilothouse.core.errors import ProviderError
from pilothouse.core.limits import Refused, Scope
from pilothouse.core.pico import pico_usd
from pilothouse.core.ports import NowUs, PriceOf
from pilothouse.core.route import Check, Route, Target


class Question(Protocol):
    """What a request's size is estimated from: an `Ask`, an `EmbeddingAsk`."""

    envelope: Envelope

    @property
    def size(self) -> int:
        """Bytes."""
        ...


class AdmissionRules(Struct, frozen=True, kw_only=True):
    """What the configuration says beside the scopes."""

    default_output_tokens: int = 4096
    unpriced: Literal["refuse", "allow"] = "refuse"
    hold_s: float = 600.0


class Hold:
    """What one request has set aside. Ends once, with `settle`."""

    __slots__ = ("_admission", "_limiter")

    def __init__(self, limiter: Limiter, admission: Admission) -> None:
        self._limiter = limiter
        self._admission = admission

    def settle(self, calls: Iterable[Call]) -> None:
        """What its attempts used is used, the rest is free."""
        tokens_in = tokens_out = pico = 0
        for call in calls:
            tokens_in += call.input_tokens or 0
            tokens_out += call.output_tokens or 0
            if call.cost_usd is not None:
                pico += pico_usd(call.cost_usd)
        self._limiter.settle(
            self._admission, input_tokens=tokens_in, output_tokens=tokens_out, pico_usd=pico
        )

    def lines(self) -> str:
        """`x-ratelimit-*` header lines."""
        return rate_lines(self._limiter.rooms(self._admission))


class Admissions:
    """Asks the limiter for each request that some limit or budget concerns."""

    def __init__(
        self,
        limiter: Limiter,
        routes: Mapping[str, Scope],
        price_of: PriceOf,
        now_us: NowUs,
        rules: AdmissionRules,
        targets: Mapping[str, Scope] | None = None,
    ) -> None:
        self._limiter = limiter
        self._routes = routes
        self._targets = targets or {}
        self._estimates = UpperEstimates(price_of)
        self._now_us = now_us
        self._rules = rules

    async def admit(
        self,
        holder: Holder | None,
        question: Question,
        route: Route,
        request_id: str,
        check: Check | None = None,
    ) -> Hold | Refused | None:
        """None when nothing limits it. With a check all targets may be asked and paid, and who checks, too."""
        scopes = holder.scopes if holder is not None else ()
        of_route = self._routes.get(route.name)
        if of_route is not None:
            scopes = (*scopes, of_route)
        if not scopes:
            return None
        if check is None:
            return await self._admit(scopes, question, route.targets, request_id)
        paid = (*route.targets, *check.asks)
        return await self._admit(scopes, question, paid, request_id, are_all_paid=True)

    @property
    def has_targets(self) -> bool:
        """Whether any target has limits of its own."""
        return bool(self._targets)

    async def at_target(self, target: Target, question: Question, attempt_id: str) -> Hold | None:
        """For one attempt; None when nothing limits its target.

        Raises `ProviderError` (target_limited) when its limits have no room: the next target may.
        """
        scope = self._targets.get(target.name)
        if scope is None:
            return None
        held = await self._admit((scope,), question, (target,), attempt_id)
        if isinstance(held, Refused):
            raise ProviderError("target_limited", held.message, retry_after_s=held.retry_after_s)
        return held

    async def _admit(
        self,
        scopes: tuple[Scope, ...],
        question: Question,
        targets: tuple[Target, ...],
        hold_id: str,
        *,
        are_all_paid: bool = False,
    ) -> Hold | Refused:
        ask = self._ask(scopes, question, targets, hold_id, are_all_paid=are_all_paid)
        if isinstance(ask, Refused):
            return ask
        verdict = self._limiter.admit(ask)
        if verdict is None:
            verdict = await self._limiter.admit_waiting(ask)
        return verdict if isinstance(verdict, Refused) else Hold(self._limiter, verdict)

    def _ask(
        self,
        scopes: tuple[Scope, ...],
        question: Question,
        targets: tuple[Target, ...],
        hold_id: str,
        *,
        are_all_paid: bool,
    ) -> Ask | Refused:
        rules, envelope = self._rules, question.envelope
        input_tokens = input_estimate(question.size)
        most = envelope.max_output_tokens
        output_tokens = (rules.default_output_tokens if most is None else most) * envelope.n
        pico = 0
        if any(scope.budgets for scope in scopes):
            at_us = self._now_us()
            for target in targets:
                found = self._estimates.of(
                    target, at_us, input_tokens=input_tokens, output_tokens=output_tokens
                )
                if found.note is not None and rules.unpriced == "refuse":
                    return _unpriced(scopes, target.name, found.note)
                pico = pico + found.pico_usd if are_all_paid else max(pico, found.pico_usd)
        times = len(targets) if are_all_paid else 1
        return Ask(
            scopes=scopes,
            hold_id=hold_id,
            input_tokens=input_tokens * times,
            output_tokens=output_tokens * times,
            pico_usd=pico,
            hold_s=rules.hold_s,
        )


def _unpriced(scopes: tuple[Scope, ...], target: str, note: str) -> Refused:
    scope = next(scope for scope in scopes if scope.budgets)
    return Refused(
        by="budget",
        scope=scope.label,
        message=f'{scope.label} has a budget, and the target "{target}" is {note}. Give it a price in your '
        "catalogue file, or set limits.unpriced: allow",
    )
