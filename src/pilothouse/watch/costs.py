"""What happened and what it cost, summed by SQL: nothing here grows with the number of calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal, Protocol

from msgspec import Struct

from pilothouse.core.pico import usd
from pilothouse.core.ports import CallFilter
from pilothouse.stores._rows import where_clause

Dimension = Literal[
    "model",
    "route",
    "arm",
    "target",
    "provider",
    "key",
    "team",
    "tag",
    "cache",
    "day",
    "source",
]

_COLUMN: dict[Dimension, str] = {
    "model": "model",
    "route": "route",
    "arm": "arm",
    "target": "target",
    "provider": "provider",
    "key": "COALESCE(key_id, '')",
    "team": "COALESCE(team, '')",
    "tag": "COALESCE(tag, '')",
    "cache": "COALESCE(cache, '')",
    "day": "at_us / 86400000000",  # days since 1970: SQLite and PostgreSQL have no date function in common
    "source": "source",
}

_DAY_0 = date(1970, 1, 1)

# A sum of pico-dollars overflows SQLite's 64 bits at 9.2 million dollars, so it is summed in two parts.
_PART = 1_000_000

_SUMS = f"""
SELECT {{columns}}
  COUNT(DISTINCT request_id), COUNT(*), COUNT(*) FILTER (WHERE status = 'error'),
  SUM(input_tokens), SUM(output_tokens), MAX(is_usage_estimated),
  SUM(cost_pico_usd / {_PART}), SUM(cost_pico_usd % {_PART}), COUNT(cost_pico_usd),
  COUNT(*) FILTER (WHERE status = 'ok' AND input_tokens IS NULL),
  COUNT(*) FILTER (WHERE status = 'ok' AND cost_pico_usd IS NULL),
  COUNT(*) FILTER (WHERE status = 'error' AND cost_pico_usd IS NULL),
  SUM(saved_pico_usd / {_PART}), SUM(saved_pico_usd % {_PART}), COUNT(saved_pico_usd)
FROM calls WHERE {{where}} {{group}}
"""

# Nearest rank: the smallest value with at least a share p at or below it.
_QUANTILES = """
SELECT {columns} MAX(CASE WHEN place = (n * 50 + 99) / 100 THEN value END),
  MAX(CASE WHEN place = (n * 95 + 99) / 100 THEN value END)
FROM (
  SELECT {inner} {value} AS value,
    ROW_NUMBER() OVER (PARTITION BY {partition} ORDER BY {value}) AS place,
    COUNT(*) OVER (PARTITION BY {partition}) AS n
  FROM calls WHERE {where} AND status = 'ok' AND {value} IS NOT NULL
) AS ranked {group}
"""


class Queryable(Protocol):
    """What is needed of a store: rows of one SELECT."""

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...


class CostRow(Struct, frozen=True, kw_only=True):
    """One group of calls. What was not recorded is None, never zero."""

    group: dict[Dimension, str]
    requests: int
    """Questions; one that fell back once is one request in two attempts."""
    attempts: int
    errors: int
    error_rate: float
    latency_p50_ms: float | None
    """Of answered attempts whose time was recorded; so are p95 and TTFT."""
    latency_p95_ms: float | None
    ttft_p50_ms: float | None
    input_tokens: int | None
    output_tokens: int | None
    is_usage_estimated: bool
    """True when a token count of the group is our estimate, not the provider's."""
    cost_usd: Decimal | None
    """The exact sum over priced attempts; None when there is none."""
    not_counted: int
    """Answered attempts without token counts: missing in the token sums."""
    not_priced: int
    """Answered attempts without a price: missing in `cost_usd`."""
    failed_not_priced: int
    """Failed attempts without a price; most providers do not bill them."""
    saved_usd: Decimal | None = None
    """What answers given again from the cache had cost when they were asked for; None when there is none."""


def costs(store: Queryable, by: Sequence[Dimension], where: CallFilter) -> list[CostRow]:
    """One row a group, dearest first (days in order). `by` empty: one row of everything.

    Raises `StoreError`.
    """
    by = tuple(dict.fromkeys(by))
    clause, values = where_clause(where)
    columns = "".join(f"{_COLUMN[d]} AS by_{d}, " for d in by)
    names = ", ".join(f"by_{d}" for d in by)
    group = f"GROUP BY {names}" if by else ""
    sums = store.query(_SUMS.format(columns=columns, where=clause, group=group), values)

    def quantiles(value: str) -> dict[tuple[Any, ...], tuple[float | None, float | None]]:
        sql = _QUANTILES.format(
            columns=f"{names}, " if by else "",
            inner=columns,
            value=value,
            partition=", ".join(_COLUMN[d] for d in by) or "1",
            where=clause,
            group=group,
        )
        return {tuple(row[:-2]): (row[-2], row[-1]) for row in store.query(sql, values)}

    latency, ttft = quantiles("latency_ms"), quantiles("ttft_ms")
    rows = [
        _row(by, row, latency.get(row[: len(by)]), ttft.get(row[: len(by)]))
        for row in sums
        if row[len(by) + 1]
    ]
    return sorted(rows, key=_order)


def _row(
    by: Sequence[Dimension],
    row: tuple[Any, ...],
    latency: tuple[float | None, float | None] | None,
    ttft: tuple[float | None, float | None] | None,
) -> CostRow:
    (requests, attempts, errors, tokens_in, tokens_out, estimated, *money) = row[len(by) :]
    high, low, priced, not_counted, not_priced, failed_not_priced, *saved = money
    return CostRow(
        group={d: _named(d, value) for d, value in zip(by, row, strict=False)},
        requests=requests,
        attempts=attempts,
        errors=errors,
        error_rate=errors / attempts,
        latency_p50_ms=latency[0] if latency else None,
        latency_p95_ms=latency[1] if latency else None,
        ttft_p50_ms=ttft[0] if ttft else None,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        is_usage_estimated=bool(estimated),
        cost_usd=usd(high * _PART + low) if priced else None,
        not_counted=not_counted,
        not_priced=not_priced,
        failed_not_priced=failed_not_priced,
        saved_usd=usd(saved[0] * _PART + saved[1]) if saved[2] else None,
    )


def _named(dimension: Dimension, value: Any) -> str:
    return (_DAY_0 + timedelta(days=value)).isoformat() if dimension == "day" else value


def _order(row: CostRow) -> tuple[Any, ...]:
    return (
        row.group.get("day", ""),
        -(row.cost_usd or Decimal(0)),
        -row.attempts,
        *row.group.values(),
    )
