"""Reads a need file, and says no to limits that contradict each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from pathlib import Path

from msgspec import Struct

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.need import TASK_KINDS, Names, Need
from pilothouse.documents.strict import load

_CODE = frozenset({"coding", "code_generation", "programming", "software"})
"""What people write for `code`."""


class Known(Struct, frozen=True, kw_only=True):
    """The names that a need may use. What is left empty is not checked."""

    vendors: Collection[str] = ()
    benchmarks: Collection[str] = ()
    hosts: Collection[str] = ()
    regions: Collection[str] = ()
    purposes: Collection[str] = ()
    """What special models are made for."""


def load_need(path: Path, known: Known) -> Need:
    """Read and check. Raises `InvalidInput` with file, line and key, all problems at once."""
    document = load(path, Need)
    found = [str(document.error(key, text)) for key, text in problems(document.value, known)]
    if found:
        raise InvalidInput("\n".join(found))
    return document.value


def problems(need: Need, known: Known) -> Iterator[tuple[str, str]]:
    """Keys of limits that contradict each other, are absurd, or name what nobody knows, and why."""
    yield from _money(need)
    yield from _latency(need)
    yield from _names("vendor", need.must.vendors, known.vendors)
    yield from _names("host", need.must.hosts, known.hosts)
    yield from _quality(need, known.benchmarks)
    yield from _words(need, known)
    yield from _sizes(need)
    yield from _places(need)
    yield from _days(need)
    must = need.must
    for i, code in enumerate(must.languages):
        if not (code.isalpha() and code.islower() and len(code) == 2):
            yield (
                f"must.languages[{i}]",
                f'"{code}" is not an ISO 639-1 code such as de or ja',
            )
    if "vision" in must.requires and must.inputs and "image" not in must.inputs:
        yield "must.inputs", "vision is required, and image is not among the inputs"
    if not any((need.nice.quality, need.nice.cost, need.nice.speed, need.nice.context)):
        yield "nice", "every weight is 0, so nothing can be ranked"


def _sizes(need: Need) -> Iterator[tuple[str, str]]:
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


def _places(need: Need) -> Iterator[tuple[str, str]]:
    must = need.must
    if need.is_on_own_machines and must.open_weights is False:
        yield (
            "must.open_weights",
            f"{must.deployment} needs open weights, and this says there must be none",
        )
    if need.is_on_own_machines and must.hosts.allow:
        hosts = ", ".join(must.hosts.allow)
        yield "must.hosts.allow", f"{must.deployment} leaves no host, and this allows {hosts}"
    if must.deployment == "offline" and must.budget.per_request_usd:
        yield "must.deployment", "offline leaves no host to pay by the request"


def _days(need: Need) -> Iterator[tuple[str, str]]:
    until, as_of = need.must.lives_until, need.as_of
    if until is not None and as_of is not None and until <= as_of:
        yield "must.lives_until", f"{until} is not after as_of, {as_of}"


def _words(need: Need, known: Known) -> Iterator[tuple[str, str]]:
    """Tasks are free words, but one that is nearly a known one would silently mean nothing."""
    special = {*TASK_KINDS, *known.purposes}
    for i, task in enumerate(need.tasks if known.purposes else ()):
        near = ["code"] if task in _CODE else get_close_matches(task, special, n=1, cutoff=0.8)
        if task not in special and near:
            yield (
                f"tasks[{i}]",
                f'"{task}" is no task that special models are made for. Did you mean "{near[0]}"?',
            )
    for i, region in enumerate(need.must.privacy.residency):
        if known.regions and region not in known.regions:
            among = ", ".join(sorted(known.regions))
            yield (
                f"must.privacy.residency[{i}]",
                f'nobody in the catalogue holds data in "{region}". Known: {among}.',
            )


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


def _names(word: str, rule: Names, known: Collection[str]) -> Iterator[tuple[str, str]]:
    for key, names in (("allow", rule.allow), ("deny", rule.deny)):
        for i, name in enumerate(names):
            if known and name not in known:
                hint = did_you_mean(name, known) or f" Known: {', '.join(sorted(known))}."
                yield f"must.{word}s.{key}[{i}]", f'no {word} "{name}" in the catalogue.{hint}'
    both = sorted(set(rule.allow) & set(rule.deny))
    if both:
        verb = "is" if len(both) == 1 else "are"
        yield f"must.{word}s.deny", f"{', '.join(both)} {verb} allowed and denied"
    if known and set(known) <= set(rule.deny):
        yield f"must.{word}s.deny", f"every {word} of the catalogue is denied"


def _quality(need: Need, known: Collection[str]) -> Iterator[tuple[str, str]]:
    for name in need.must.quality:
        if name not in known:
            hint = did_you_mean(name, known) or f" Known: {', '.join(sorted(known))}."
            yield f"must.quality.{name}", f'no benchmark "{name}" in the catalogue.{hint}'
    if need.quality_by is not None and need.quality_by not in known:
        hint = did_you_mean(need.quality_by, known) or f" Known: {', '.join(sorted(known))}."
        yield "quality_by", f'no benchmark "{need.quality_by}" in the catalogue.{hint}'
