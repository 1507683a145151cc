"""Drawn choices as the store keeps them: first attempts with their chance, score and question, to logged decisions.

What is counted and not used: requests without a kept question, the caller's own mistakes, answers that nobody
scored, later turns of conversations (they follow their first question, which alone is drawn).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from pilothouse.core.errors import BadRequest, InvalidInput
from pilothouse.core.pico import usd
from pilothouse.core.request import Request
from pilothouse.route.off_policy_terms import Logged

_NOBODYS_FAULT = ("caller", "cancelled")
_FIRST = (
    "calls.route = ? AND calls.at_us >= ? AND calls.at_us < ? AND calls.source = 'serve' "
    "AND calls.attempt = 1 AND calls.cache IS NULL"
)
_DRAWN = f"{_FIRST} AND calls.propensity IS NOT NULL"
_COUNT = f"SELECT COUNT(*), COUNT(calls.propensity) FROM calls WHERE {_FIRST}"
_SCORERS = (
    "SELECT scores.scorer, COUNT(*) FROM calls JOIN scores ON scores.call_id = calls.id "
    f"WHERE {_DRAWN} GROUP BY scores.scorer ORDER BY scores.scorer"
)
_ROWS = (
    "SELECT calls.request_id, calls.target, calls.model, calls.status, calls.error_class, "
    "calls.cost_pico_usd, calls.cost_note, calls.tag, calls.propensity, scores.value, samples.body "
    "FROM calls JOIN samples ON samples.request_id = calls.request_id "
    "LEFT JOIN scores ON scores.call_id = calls.id AND scores.scorer = ? "
    f"WHERE {_DRAWN} ORDER BY calls.at_us, calls.request_id"
)


class Queryable(Protocol):
    """What is needed of a store: rows of one SELECT. Raises `StoreError`."""

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...


class Drawn(Struct, frozen=True, kw_only=True):
    """A first attempt whose target was drawn, and its question."""

    request_id: str
    target: str
    model: str
    is_ok: bool
    error_class: str | None
    cost_usd: float | None
    tag: str | None
    propensity: float
    score: float | None
    body: bytes


class Counts(Struct, frozen=True, kw_only=True):
    """What became of the drawn requests."""

    not_drawn: int
    """The target was certain, or another was asked first: no other policy can be read off them."""
    drawn: int
    without_question: int
    """Not sampled, or no longer kept."""
    later_turns: int
    nobodys_fault: int
    """The caller's mistake, or cancelled."""
    not_scored: int
    used: int
    scored_share: dict[str, float]
    """By model, of answers with a question; each scored one stands for the others."""


class Case(Struct, frozen=True, kw_only=True):
    """A decision with what a policy may look at."""

    logged: Logged
    prompt: str
    tag: str | None


class Log(Struct, frozen=True, kw_only=True):
    """Drawn requests with a question, oldest first, among how many."""

    rows: tuple[Drawn, ...]
    requests: int
    drawn: int
    scorer: str


def read_log(store: Queryable, route: str, scorer: str | None, since_us: int, until_us: int) -> Log:
    """`scorer` None = the only one there is.

    Raises `InvalidInput`: nothing was drawn, no such scorer, or several and none named.
    """
    which = (route, since_us, until_us)
    ((requests, drawn),) = store.query(_COUNT, which)
    if not drawn:
        raise InvalidInput(
            f'of {requests} requests to the route "{route}" none was drawn then: `learned: {{explore: 0.02}}` in its '
            "configuration sends some to other models, with known chances"
        )
    scorers: dict[str, int] = dict(store.query(_SCORERS, which))
    names = ", ".join(f"{name} ({n})" for name, n in scorers.items())
    if not scorers:
        raise InvalidInput("no answer was scored then: send feedback, or grade a sample")
    if scorer is None and len(scorers) > 1:
        raise InvalidInput(f"name the scorer with --scorer (there are: {names})")
    chosen = scorer or next(iter(scorers))
    if chosen not in scorers:
        raise InvalidInput(f'no answer has a score of "{chosen}" (there are: {names})')
    rows = tuple([_drawn(row) for row in store.query(_ROWS, (chosen, *which))])
    return Log(rows=rows, requests=requests, drawn=drawn, scorer=chosen)


def cases_of(
    log: Log, read: Callable[[bytes], Request], name_of: Callable[[Drawn], str]
) -> tuple[list[Case], Counts]:
    """An error is a reward of 0. `name_of`: the model as the new policy calls it."""
    first: list[tuple[Drawn, str, str]] = []
    later = nobodys = unreadable = 0
    for row in log.rows:
        texts = _user_texts(read, row.body)
        if row.error_class in _NOBODYS_FAULT:
            nobodys += 1
        elif not texts:
            unreadable += 1
        elif len(texts) > 1:
            later += 1
        else:
            first.append((row, name_of(row), texts[0]))
    shares = _scored_shares([(row, name) for row, name, _ in first])
    # Errors of a model whose answers nobody scored would be all that is known of it.
    used = [
        Case(logged=_logged(row, name, prompt, shares), prompt=prompt, tag=row.tag)
        for row, name, prompt in first
        if (row.score is not None if row.is_ok else shares.get(name) != 0)
    ]
    return used, Counts(
        not_drawn=log.requests - log.drawn,
        drawn=log.drawn,
        without_question=log.drawn - len(log.rows) + unreadable,
        later_turns=later,
        nobodys_fault=nobodys,
        not_scored=len(first) - len(used),
        used=len(used),
        scored_share=shares,
    )


def _logged(row: Drawn, name: str, prompt: str, shares: Mapping[str, float]) -> Logged:
    return Logged(
        id=row.request_id,
        chosen=name,
        propensity=row.propensity,
        reward=(row.score or 0.0) if row.is_ok else 0.0,
        cost_usd=row.cost_usd,
        group=prompt,  # chance looks at the first question only, so the same one is drawn once
        weight=1 / shares[name] if row.is_ok else 1.0,
    )


def _scored_shares(rows: Sequence[tuple[Drawn, str]]) -> dict[str, float]:
    answered: dict[str, list[bool]] = {}
    for row, name in rows:
        if row.is_ok:
            answered.setdefault(name, []).append(row.score is not None)
    return {name: sum(flags) / len(flags) for name, flags in sorted(answered.items())}


def _user_texts(read: Callable[[bytes], Request], body: bytes) -> list[str]:
    try:
        return [m.text for m in read(body).messages if m.role == "user"]
    except BadRequest:  # kept by another version
        return []


def _drawn(row: tuple[Any, ...]) -> Drawn:
    request_id, target, model, status, error_class, pico, note, tag, propensity, score, body = row
    is_free = pico is None and note is None and status == "error"  # it used nothing
    return Drawn(
        request_id=request_id,
        target=target,
        model=model,
        is_ok=status == "ok",
        error_class=error_class,
        cost_usd=0.0 if is_free else None if pico is None else float(usd(pico)),
        tag=tag,
        propensity=propensity,
        score=score,
        body=bytes(body),
    )
