"""Reads a need file, and says no to limits that contradict each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.need import Need
from pilothouse.documents.strict import Document, load

_EARLIEST = date(2020, 1, 1)
"""The first facts of the catalogue are of this year."""


def load_need(path: Path, *, vendors: Collection[str], benchmarks: Collection[str]) -> Need:
    """Read and check. Raises `InvalidInput` with file, line and key, all problems at once."""
    document = load(path, Need)
    problems = [
        str(document.error(key, text)) for key, text in _problems(document, vendors, benchmarks)
    ]
    if problems:
        raise InvalidInput("\n".join(problems))
    return document.value


def _problems(
    document: Document[Need], vendors: Collection[str], benchmarks: Collection[str]
) -> Iterator[tuple[str, str]]:
    need = document.value
    yield from _money(need)
    yield from _latency(need)
    yield from _vendors(need, vendors)
    yield from _quality(need, benchmarks)
    room = need.tokens.input + need.tokens.output
    must = need.must
    if must.context_tokens is not None and must.context_tokens < room:
        yield (
            "must.context_tokens",
            f"{must.context_tokens:,} is less than a mean request ({room:,})",
        )
    if must.max_output_tokens is not None and must.max_output_tokens < need.tokens.output:
        yield (
            "must.max_output_tokens",
            f"{must.max_output_tokens:,} is less than a mean answer ({need.tokens.output:,})",
        )
    if need.tokens.longest_input is not None and need.tokens.longest_input < need.tokens.input:
        yield (
            "tokens.longest_input",
            f"{need.tokens.longest_input:,} is less than the mean ({need.tokens.input:,})",
        )
    if need.is_on_own_machines and must.open_weights is False:
        yield (
            "must.open_weights",
            f"{must.deployment} needs open weights, and this says there must be none",
        )
    if must.deployment == "offline" and (must.hosts.allow or must.budget.per_request_usd):
        yield "must.deployment", "offline leaves no host to pay by the request"
    for i, code in enumerate(must.languages):
        if not (code.isalpha() and code.islower() and len(code) == 2):
            yield (
                f"must.languages[{i}]",
                f'"{code}" is not an ISO 639-1 code such as de or ja"'.rstrip('"'),
            )
    if need.known_at is not None and need.as_of is not None and need.known_at < _EARLIEST:
        yield "known_at", f"nothing is known before {_EARLIEST}"
    if "vision" in must.requires and must.inputs and "image" not in must.inputs:
        yield "must.inputs", "vision is required, and image is not among the inputs"
    if not any((need.nice.quality, need.nice.cost, need.nice.speed, need.nice.context)):
        yield "nice", "every weight is 0, so nothing can be ranked"
    if must.lives_until is not None and need.as_of is not None and must.lives_until <= need.as_of:
        yield "must.lives_until", f"{must.lives_until} is not after as_of, {need.as_of}"


def _money(need: Need) -> Iterator[tuple[str, str]]:
    budget = need.must.budget
    for key, amount in (
        ("per_month_usd", budget.per_month_usd),
        ("per_request_usd", budget.per_request_usd),
    ):
        if amount is not None and not amount.is_finite():
            yield f"must.budget.{key}", f"{amount} is not an amount"
        elif amount is not None and amount <= 0:
            yield f"must.budget.{key}", "a budget is more than nothing"


def _latency(need: Need) -> Iterator[tuple[str, str]]:
    latency = need.must.latency
    if latency.end_to_end_s is not None and latency.end_to_end_s > 86_400:
        yield "must.latency.end_to_end_s", "more than a day: leave it out, or say category: batch"
    if (
        latency.ttft_s is not None
        and latency.end_to_end_s is not None
        and latency.ttft_s > latency.end_to_end_s
    ):
        yield (
            "must.latency.ttft_s",
            f"the first token may come after {latency.ttft_s:g} s, but the whole answer "
            f"must be there after {latency.end_to_end_s:g} s",
        )


def _vendors(need: Need, known: Collection[str]) -> Iterator[tuple[str, str]]:
    rule = need.must.vendors
    for key, names in (("allow", rule.allow), ("deny", rule.deny)):
        for i, name in enumerate(names):
            if name not in known:
                hint = did_you_mean(name, known) or f" Known: {', '.join(sorted(known))}."
                yield f"must.vendors.{key}[{i}]", f'no vendor "{name}" in the catalogue.{hint}'
    both = sorted(set(rule.allow) & set(rule.deny))
    if both:
        yield "must.vendors.deny", f"{', '.join(both)} is allowed and denied"
    if known and set(known) <= set(rule.deny):
        yield "must.vendors.deny", "every vendor of the catalogue is denied"


def _quality(need: Need, known: Collection[str]) -> Iterator[tuple[str, str]]:
    for name in need.must.quality:
        if name not in known:
            hint = did_you_mean(name, known) or f" Known: {', '.join(sorted(known))}."
            yield f"must.quality.{name}", f'no benchmark "{name}" in the catalogue.{hint}'
    if need.quality_by is not None and need.quality_by not in known:
        hint = did_you_mean(need.quality_by, known) or f" Known: {', '.join(sorted(known))}."
        yield "quality_by", f'no benchmark "{need.quality_by}" in the catalogue.{hint}'
