"""Money as whole pico-dollars (1e-12 USD): exact, summed by SQL and by Redis, quick to compare.

Why pico and not nano: docs/decisions/0003-sqlite-one-writer.md.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

PICO = 1_000_000_000_000
_DIGITS = len(str(PICO)) - 1


def pico_usd(cost_usd: Decimal) -> int:
    """Dollars to whole pico-dollars (1e-12 USD), rounded half to even below that."""
    return int((cost_usd * PICO).to_integral_value())


def pico_usd_up(cost_usd: Decimal) -> int:
    """As `pico_usd`, rounded up: for what is set aside, so that it is never a little too little."""
    return int((cost_usd * PICO).to_integral_value(ROUND_CEILING))


def usd(pico: int) -> Decimal:
    """Pico-dollars to dollars, exactly, without trailing zeros."""
    return Decimal(f"{Decimal(pico).scaleb(-_DIGITS).normalize():f}")
