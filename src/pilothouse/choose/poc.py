"""The ready `poc.yaml` of a shortlist: the same limits, now to be proven on the team's own cases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, ROUND_UP, Decimal

from pilothouse.choose.decision import Decision, Pick
from pilothouse.core.need import Need

KINDS = ("openai", "anthropic", "google", "mistral", "xai", "deepseek", "cohere")
"""Vendors that are a provider's kind under the same name, with their key in `<NAME>_API_KEY`."""
_LOCAL = "http://localhost:8000/v1"
_CASES_EXPECTED = 200


def poc_yaml(decision: Decision) -> str:
    """The text of the file. Raises `ValueError` when there is no shortlist."""
    if not decision.shortlist:
        raise ValueError("a proof of concept needs a shortlist")
    return "\n".join(_lines(decision)) + "\n"


def criteria(need: Need) -> dict[str, str]:
    """What the need asks, as criteria of a proof."""
    found = {"accuracy": f">= {need.success.accuracy:.2f}"}
    budget = need.must.budget
    limits = [budget.per_request_usd]
    if budget.per_month_usd is not None:
        limits.append(budget.per_month_usd / need.requests_per_month)
    a_request = min((x for x in limits if x is not None), default=None)
    if a_request is not None:
        found["cost_per_request"] = f"<= {_plain(a_request)}"
    if need.latency_limit_s is not None:
        found["latency_p95_ms"] = f"<= {need.latency_limit_s * 1000:.0f}"
    if need.must.latency.ttft_s is not None:
        found["ttft_p95_ms"] = f"<= {need.must.latency.ttft_s * 1000:.0f}"
    return found


def _lines(decision: Decision) -> Iterator[str]:
    need = decision.need
    picks = decision.shortlist
    is_local = need.must.deployment == "self_hosted"
    yield f"# The shortlist of {_quoted(need.name)} as of {decision.as_of}, to be proven on your own cases."
    yield f"# {need.success.cases}: one JSON object a line, with id, prompt and expected; 100 or more."
    yield f"name: {_slug(need.name)}"
    yield f"cases: {_quoted(need.success.cases)}"
    yield "providers:"
    for vendor in sorted({p.vendor for p in picks}):
        yield f"  {_provider(vendor, is_local)}"
    yield "candidates:"
    for pick in picks:
        yield (
            f"  - {{name: {_quoted(pick.id)}, provider: {_provider_name(pick.vendor, is_local)}, "
            f"model: {_quoted(pick.api_id)}, catalog_model: {_quoted(pick.id)}}}"
        )
    yield f"baseline: {_quoted(picks[0].id)}"
    yield "scorer: {exact: {ignore_case: true}}    # choose what grades your cases"
    yield "criteria:"
    for metric, text in criteria(need).items():
        yield f'  {metric}: "{text}"'
    yield "repeats: 1"
    yield "concurrency: 8"
    budget = _budget(picks)
    if budget is not None:
        yield f"budget_usd: {budget}              # twice what {_CASES_EXPECTED} cases should cost"


def _provider(vendor: str, is_local: bool) -> str:
    name = _provider_name(vendor, is_local)
    if is_local or vendor not in KINDS:
        return f"{name}: {{kind: openai_compatible, base_url: {_quoted(_LOCAL)}}}    # where you host it"
    key = f"{name.upper()}_API_KEY"
    return f"{name}: {{kind: {vendor}, key_env: {key}}}"


def _provider_name(vendor: str, is_local: bool) -> str:
    return "local" if is_local else _slug(vendor or "unknown")


def _budget(picks: tuple[Pick, ...]) -> Decimal | None:
    known = [p.cost_per_request_usd for p in picks if p.cost_per_request_usd is not None]
    if len(known) < len(picks):
        return None
    return (2 * _CASES_EXPECTED * sum(known, Decimal(0))).quantize(Decimal("0.01"), ROUND_UP)


def _plain(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal('0.0000001'), ROUND_HALF_EVEN).normalize():f}"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "need"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
