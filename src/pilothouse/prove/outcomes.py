"""From kept answers to the small `Outcome`s that figures are made from."""

from __future__ import annotations

from pilothouse.core.call import Call
from pilothouse.core.pico import pico_usd
from pilothouse.core.proof_store import PaidAnswer
from pilothouse.prove.evidence import Outcome
from pilothouse.prove.grading import Graded

NOTHING = Graded(())


def outcome(answer: PaidAnswer, ordinal: int, candidate: int, graded: Graded) -> Outcome:
    """`ordinal` and `candidate` are positions. What earlier turns took is added."""
    call, before = answer.call, answer.before
    cost = call.cost_usd
    latency_ms, inside, out = call.latency_ms, call.input_tokens, call.output_tokens
    if before is not None:
        cost = None if cost is None or before.cost_usd is None else cost + before.cost_usd
        latency_ms = _plus(latency_ms, before.latency_ms)
        inside = _whole(_plus(inside, before.input_tokens))
        out = _whole(_plus(out, before.output_tokens))
    return Outcome(
        case=ordinal,
        candidate=candidate,
        repeat=answer.repeat,
        call_id=call.id,
        at_us=call.at_us,
        error_class=_error(answer, call),
        values=graded.values,
        labels=graded.labels,
        cost_pico_usd=None if cost is None else pico_usd(cost),
        latency_ms=latency_ms,
        ttft_ms=call.ttft_ms,
        input_tokens=inside,
        output_tokens=out,
        is_usage_estimated=call.is_usage_estimated,
        attempts=answer.attempts,
    )


def _error(answer: PaidAnswer, call: Call) -> str | None:
    return None if answer.given is not None else call.error_class or "garbage"


def _plus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
