"""A candidate's part of a run as an Inspect log (EvalLog, version 2), which Inspect's viewer opens.

Source: `inspect_ai.log.EvalLog` of inspect_ai 0.3.285, and inspect.aisi.org.uk/eval-logs.html.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from pilothouse.core.case import Case
from pilothouse.core.grade import Grade
from pilothouse.core.request import MediaPart, Message, ToolCallPart, ToolResultPart
from pilothouse.prove.evidence import Evidence, Outcome, Shelf
from pilothouse.prove.export.answers import Told, told

_STOPS = {
    "stop": "stop",
    "length": "max_tokens",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
}


def asked_prompt(case: Case) -> str:
    """What a prompt is when no template wraps it."""
    return case.prompt


def inspect_log(
    evidence: Evidence,
    shelf: Shelf,
    candidate: str,
    *,
    task: str,
    dataset: str,
    prompt: Callable[[Case], str] = asked_prompt,
) -> bytes:
    """One candidate as a log: Inspect knows one model a log. `prompt` renders what was sent.

    Accuracy is the mean over cases of the mean over repeats, and its error as Inspect's `stderr()` is:
    the deviation of the cases' means over the root of their number.
    """
    index = evidence.candidates.index(candidate)
    outcomes = [o for o in evidence.outcomes if o.candidate == index]
    times = [o.at_us for o in outcomes] or [0]
    repeats = len({o.repeat for o in outcomes}) or 1
    samples = [_sample(t, evidence, candidate, prompt) for t in told(evidence, shelf, index)]
    answered = sum(1 for o in outcomes if o.error_class is None)
    log: dict[str, Any] = {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": f"{evidence.run_id}-{index}",
            "run_id": evidence.run_id,
            "created": _time(min(times)),
            "task": task,
            "task_id": task,
            "dataset": {
                "name": dataset,
                "samples": len(evidence.cases),
                "sample_ids": [case.id for case in evidence.cases],
                "shuffled": False,
            },
            "model": candidate,
            "config": {"epochs": repeats},
            "packages": {},
            "metadata": {"made_by": "pilothouse"},
        },
        "plan": {"name": "plan", "steps": [{"solver": "generate", "params": {}}]},
        "results": {
            "total_samples": len(outcomes),
            "completed_samples": answered,
            "scores": _scores(evidence, outcomes, repeats),
        },
        "stats": {
            "started_at": _time(min(times)),
            "completed_at": _time(max(times)),
            "model_usage": {candidate: _usage(outcomes)},
        },
        "samples": samples,
    }
    return msgspec.json.encode(log)


def _scores(evidence: Evidence, outcomes: list[Outcome], repeats: int) -> list[dict[str, Any]]:
    scores: list[dict[str, Any]] = []
    for i, name in enumerate(evidence.scorers):
        by_case: defaultdict[int, list[float]] = defaultdict(list)
        for outcome in outcomes:
            value = outcome.values[i] if outcome.values else None
            if value is not None:
                by_case[outcome.case].append(value)
        means = [statistics.fmean(values) for values in by_case.values()]
        error = statistics.stdev(means) / len(means) ** 0.5 if len(means) > 1 else 0.0
        figures = {"accuracy": statistics.fmean(means), "stderr": error} if means else {}
        graded = sum(len(values) for values in by_case.values())
        scores.append(
            {
                "name": name,
                "scorer": name,
                **({"reducer": "mean"} if repeats > 1 else {}),
                "scored_samples": graded,
                "unscored_samples": len(outcomes) - graded,
                "params": {},
                "metrics": {n: {"name": n, "value": value} for n, value in figures.items()},
            }
        )
    return scores


def _sample(
    told: Told, evidence: Evidence, model: str, prompt: Callable[[Case], str]
) -> dict[str, Any]:
    case, outcome = told.case, told.outcome
    earlier = [turn for message in case.messages for turn in inspect_turns(message)]
    asked: list[dict[str, Any]] = [*earlier, {"role": "user", "content": prompt(case)}]
    sample: dict[str, Any] = {
        "id": case.id,
        "epoch": outcome.repeat + 1,
        "input": asked if earlier else prompt(case),
        "choices": list(case.choices) or None,
        "target": _target(case),
        "messages": asked,
        "output": {"model": model, "choices": [], "completion": ""},
        "scores": {},
        "metadata": {"tags": list(case.tags), "cluster": case.cluster},
        "total_time": None if outcome.latency_ms is None else outcome.latency_ms / 1000,
    }
    if told.text is None:
        said = told.error or ""
        sample["error"] = {"message": said, "traceback": said, "traceback_ansi": said}
        return sample
    answer = _answer(told, model)
    reason = told.kept.given.finish_reason if told.kept and told.kept.given else None
    sample["messages"] = [*asked, answer]
    sample["output"] = {
        "model": model,
        "choices": [{"message": answer, "stop_reason": _STOPS.get(reason or "stop", "unknown")}],
        "completion": told.text,
        "usage": _usage([outcome]),
        "time": sample["total_time"],
    }
    grades = told.kept.grades if told.kept else {}
    values = outcome.values or (None,) * len(evidence.scorers)
    for name, value in zip(evidence.scorers, values, strict=True):
        if value is not None:
            sample["scores"][name] = _score(value, grades.get(name), told.text)
    return sample


def _answer(told: Told, model: str) -> dict[str, Any]:
    uses = told.kept.given.tool_uses if told.kept and told.kept.given else ()
    answer: dict[str, Any] = {
        "role": "assistant",
        "content": told.text,
        "source": "generate",
        "model": model,
    }
    if uses:
        answer["tool_calls"] = [
            _call(f"call_{i}", use.name, use.arguments) for i, use in enumerate(uses)
        ]
    return answer


def _score(value: float, grade: Grade | None, text: str) -> dict[str, Any]:
    score: dict[str, Any] = {"value": value, "answer": text}
    if grade is not None:
        score["explanation"] = grade.detail
        score["metadata"] = {"parts": grade.parts} if grade.parts else None
        if grade.labels is not None:
            score["answer"] = grade.labels[1]
    return score


def inspect_turns(message: Message) -> list[dict[str, Any]]:
    """A message as Inspect writes it; a turn of several tool results becomes one for each."""
    results = [part for part in message.parts if isinstance(part, ToolResultPart)]
    if results:
        return [
            {
                "role": "tool",
                "content": Message(role="tool", parts=(part,)).text,
                "tool_call_id": part.call_id,
                "function": part.name,
            }
            for part in results
        ]
    calls = [part for part in message.parts if isinstance(part, ToolCallPart)]
    media = [part for part in message.parts if isinstance(part, MediaPart) and part.kind == "image"]
    content: Any = message.text
    if media:
        texts = [{"type": "text", "text": content}] if content else []
        content = [*({"type": "image", "image": _address(part)} for part in media), *texts]
    turn: dict[str, Any] = {
        "role": "system" if message.role == "developer" else message.role,
        "content": content,
    }
    if calls:
        turn["tool_calls"] = [_call(c.id, c.name, c.arguments) for c in calls]
    return [turn]


def _address(part: MediaPart) -> str:
    return part.url or f"data:{part.mime or 'image/png'};base64,{part.data or ''}"


def _call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    try:
        read = msgspec.json.decode(arguments, type=dict[str, Any])
    except msgspec.DecodeError:
        read = {"_unreadable": arguments}
    return {"id": call_id, "function": name, "arguments": read, "type": "function"}


def _target(case: Case) -> str | list[str]:
    right = list(case.right_answers)
    return right if len(right) > 1 else right[0] if right else ""


def _usage(outcomes: list[Outcome]) -> dict[str, Any]:
    asked = sum(o.input_tokens or 0 for o in outcomes)
    given = sum(o.output_tokens or 0 for o in outcomes)
    costs = [o.cost_usd for o in outcomes if o.cost_usd is not None]
    return {
        "input_tokens": asked,
        "output_tokens": given,
        "total_tokens": asked + given,
        "total_cost": float(sum(costs)) if costs else None,
    }


def _time(at_us: int) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).isoformat()
