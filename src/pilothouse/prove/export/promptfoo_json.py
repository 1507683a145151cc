"""A run as promptfoo's results file (summary version 3), which `promptfoo import` and `view` take.

Source: `OutputFile`, `EvaluateSummaryV3` and `EvaluateResult` of promptfoo's src/types/index.ts.
Version 3 has no table: promptfoo makes it from the results.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from pilothouse.core.case import Case
from pilothouse.prove.evidence import Evidence, Outcome, Shelf
from pilothouse.prove.export.answers import Told, told
from pilothouse.prove.export.inspect_log import asked_prompt

_NONE, _ASSERTION, _ERROR = 0, 1, 2
"""promptfoo's `ResultFailureReason`."""


def promptfoo_json(
    evidence: Evidence,
    shelf: Shelf,
    *,
    name: str,
    template: str = "{prompt}",
    pass_at: float = 0.5,
    prompt: Callable[[Case], str] = asked_prompt,
) -> bytes:
    """All candidates in one file, each a provider. A test passes when the main scorer gives `pass_at` or more."""
    results = [_result(t, evidence, template, pass_at, prompt) for t in told(evidence, shelf)]
    times = [o.at_us for o in evidence.outcomes] or [0]
    at = datetime.fromtimestamp(max(times) // 1_000_000, UTC).isoformat()
    errors = sum(1 for r in results if r["failureReason"] == _ERROR)
    successes = sum(1 for r in results if r["success"])
    out: dict[str, Any] = {
        "evalId": evidence.run_id,
        "results": {
            "version": 3,
            "timestamp": at,
            "prompts": [
                _prompt(evidence, i, template, [r for r in results if r["promptIdx"] == i])
                for i in range(len(evidence.candidates))
            ],
            "results": results,
            "stats": {
                "successes": successes,
                "failures": len(results) - successes - errors,
                "errors": errors,
                "tokenUsage": _usage(evidence.outcomes),
            },
        },
        "config": {
            "description": name,
            "providers": list(evidence.candidates),
            "prompts": [template],
        },
        "shareableUrl": None,
    }
    return msgspec.json.encode(out)


def _prompt(
    evidence: Evidence, index: int, template: str, results: list[dict[str, Any]]
) -> dict[str, Any]:
    outcomes = [o for o in evidence.outcomes if o.candidate == index]
    named: dict[str, float] = {}
    counts: dict[str, int] = {}
    for result in results:
        for name, value in result["namedScores"].items():
            named[name] = named.get(name, 0.0) + value
            counts[name] = counts.get(name, 0) + 1
    passed = sum(1 for r in results if r["success"])
    errors = sum(1 for r in results if r["failureReason"] == _ERROR)
    metrics: dict[str, Any] = {
        "score": sum(r["score"] for r in results),
        "testPassCount": passed,
        "testFailCount": len(results) - passed - errors,
        "testErrorCount": errors,
        "assertPassCount": passed,
        "assertFailCount": len(results) - passed - errors,
        "totalLatencyMs": sum(o.latency_ms or 0 for o in outcomes),
        "tokenUsage": _usage(outcomes),
        "namedScores": named,
        "namedScoresCount": counts,
        "cost": sum(r["cost"] for r in results),
    }
    return {
        "raw": template,
        "label": template,
        "id": _id(template),
        "provider": evidence.candidates[index],
        "metrics": metrics,
    }


def _result(
    told: Told,
    evidence: Evidence,
    template: str,
    pass_at: float,
    prompt: Callable[[Case], str],
) -> dict[str, Any]:
    outcome, case = told.outcome, told.case
    candidate = evidence.candidates[outcome.candidate]
    values = outcome.values or (None,) * len(evidence.scorers)
    graded = zip(evidence.scorers, values, strict=True)
    scores = {name: value for name, value in graded if value is not None}
    main = values[0] if values else None
    is_failed = told.text is None
    is_passed = not is_failed and main is not None and main >= pass_at
    variables: dict[str, Any] = {"prompt": case.prompt, **case.variables}
    cost = outcome.cost_usd
    result: dict[str, Any] = {
        "id": outcome.call_id,
        "promptIdx": outcome.candidate,
        "testIdx": outcome.case,
        "promptId": _id(template),
        "provider": {"id": candidate, "label": candidate},
        "prompt": {"raw": prompt(case), "label": template},
        "vars": variables,
        "testCase": {
            "vars": variables,
            "assert": [{"type": "equals", "value": v} for v in case.right_answers[:1]],
            "metadata": {"id": case.id, "tags": list(case.tags), "accepted": list(case.accepted)},
        },
        "success": is_passed,
        "score": main or 0.0,
        "namedScores": scores,
        "latencyMs": outcome.latency_ms or 0,
        "cost": 0.0 if cost is None else float(cost),
        "tokenUsage": _usage([outcome]),
        "failureReason": _ERROR if is_failed else _NONE if is_passed else _ASSERTION,
        "metadata": {"repeat": outcome.repeat},
    }
    if is_failed:
        return {**result, "error": told.error, "response": {"error": told.error}}
    result["response"] = {"output": told.text, "tokenUsage": _usage([outcome])}
    result["gradingResult"] = _grading(told, scores, is_passed, main, pass_at)
    return result


def _grading(
    told: Told, scores: dict[str, float], is_passed: bool, main: float | None, pass_at: float
) -> dict[str, Any]:
    grades = told.kept.grades if told.kept else {}
    reasons = {n: (g.detail or "") for n, g in grades.items()}
    parts = [
        {"pass": value >= pass_at, "score": value, "reason": reasons.get(name, "")}
        for name, value in scores.items()
    ]
    return {
        "pass": is_passed,
        "score": main or 0.0,
        "reason": next(iter(reasons.values()), "") if main is not None else "not graded",
        "namedScores": scores,
        "componentResults": parts,
    }


def _usage(outcomes: list[Outcome] | Any) -> dict[str, int]:
    asked = sum(o.input_tokens or 0 for o in outcomes)
    given = sum(o.output_tokens or 0 for o in outcomes)
    return {
        "total": asked + given,
        "prompt": asked,
        "completion": given,
        "cached": 0,
        "numRequests": sum(o.attempts for o in outcomes),
    }


def _id(template: str) -> str:
    return hashlib.sha256(template.encode()).hexdigest()
