"""Amounts of money in words: for people, and as a limit that holds."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal


def usd(amount: Decimal) -> str:
    """Money for people: cents from a dollar up, else four significant digits, never a power of ten."""
    if amount >= 1:
        return f"${amount:,.2f}"
    if amount >= _POWERS_BELOW or not amount:
        return f"${float(amount):.4g}"
    return f"${Decimal(f'{amount:.3e}').normalize():f}"


_POWERS_BELOW = Decimal("0.0001")


def rounded_up(amount: Decimal) -> str:
    """Rounded up, so that a budget of it lets in what costs `amount`: to cents, or 4 digits below one."""
    if amount >= 1:
        return f"{amount.quantize(Decimal('0.01'), ROUND_CEILING):,}"
    place = Decimal(1).scaleb(amount.adjusted() - 3)
    return f"{amount.quantize(place, ROUND_CEILING).normalize():f}"
