"""What every importer does with an entry: collect claims, check prices, note what cannot be taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from pilothouse.catalog.catalog import first_day
from pilothouse.catalog.fields import describe
from pilothouse.catalog.importers.reading import Json, brief, is_list
from pilothouse.catalog.snapshot import Row, Skipped
from pilothouse.core.model import Claim, Confidence

DEAREST_PER_MTOK = Decimal(900)
"""The dearest tokens ever sold cost 600 (o1-pro's output): beyond it the claim is kept, and doubted."""
ABSURD_PER_MTOK = Decimal(100_000)
"""Beyond it there is nothing to keep."""


class Entry:
    """One entry of a list on its way to a `Row`."""

    def __init__(self, source: str, key: str, where: str, skipped: list[Skipped]) -> None:
        self.source = source
        self.key = key
        self.url: str | None = None
        self._where = where
        self._skipped = skipped
        self._claims: list[Claim] = []

    def say(
        self,
        field: str,
        value: Json,
        *,
        since: date | None = None,
        until: date | None = None,
        note: str | None = None,
        protocol: str | None = None,
        error: float | None = None,
        url: str | None = None,
        confidence: Confidence | None = None,
        doubt: str | None = None,
    ) -> None:
        """A claim, when there is a value. What the field cannot hold is skipped with the reason."""
        if value is None:
            return
        fitting = self._fitting(field, value)
        if fitting is not None:
            self._claims.append(
                Claim(
                    field=field,
                    value=fitting,
                    source=self.source,
                    key=self.key,
                    valid_from=since,
                    valid_to=until,
                    note=note,
                    protocol=protocol,
                    error=error,
                    url=url or self.url,
                    confidence=confidence,
                    doubt=doubt,
                )
            )

    def price(
        self,
        field: str,
        value: Json,
        per: Decimal = Decimal(1),
        *,
        since: date | None = None,
        until: date | None = None,
        note: str | None = None,
    ) -> None:
        """A price times `per`, in the field's unit.

        A zero is a free preview or a gap, not a price to plan with: it is left out.
        """
        amount = self.decimal(field, value)
        if amount is None or amount == 0:
            return
        amount *= per
        if amount < 0:
            self.skip(field, f"a price below zero: {value}")
        elif "_per_mtok" in field and amount > ABSURD_PER_MTOK:
            self.skip(field, f"{plain(amount)} USD per million tokens: another unit?")
        else:
            doubt = _doubt(amount) if "_per_mtok" in field else None
            self.say(field, plain(amount), since=since, until=until, note=note, doubt=doubt)

    def decimal(self, field: str, value: Json) -> Decimal | None:
        """A number, or text that is one; None with a reason noted when it is neither."""
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
            self.skip(field, f"{brief(value)} is not a price")
            return None
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            self.skip(field, f'"{str(value)[:40]}" is not a number')
            return None
        if not amount.is_finite():
            self.skip(field, f"{value} is not a number")
            return None
        return amount

    def skip(self, field: str, why: str) -> None:
        """Note what was not taken."""
        self._skipped.append(Skipped(where=f"{self._where}: {field}", why=why))

    def row(self, host: str, name: str, kind: str = "chat") -> Row:
        """The entry with all its claims."""
        return Row(key=self.key, host=host, name=name, kind=kind, claims=tuple(self._claims))

    def _fitting(self, field: str, value: Json) -> str | int | float | bool | list[str] | None:
        known = describe(field)
        if known is None:
            raise KeyError(field)
        if known.type == "money":
            return str(value)
        if known.type == "yes_no" and isinstance(value, bool):
            return value
        if (
            known.type == "count"
            and isinstance(value, int | Decimal)
            and not isinstance(value, bool)
        ):
            return int(value) if 0 < value < 10**12 else self._no(field, value)
        if known.type == "number" and isinstance(value, int | float | Decimal):
            return float(value)
        if known.type == "texts" and is_list(value) and all(isinstance(v, str) for v in value):
            return value
        if known.type == "text" and isinstance(value, str) and value.strip():
            return value.strip()
        if known.type == "date" and is_day(value):
            return str(value)[:10]
        return self._no(field, value)

    def _no(self, field: str, value: Json) -> None:
        self.skip(field, f"{brief(value)} is not what this field holds")


def _doubt(amount: Decimal) -> str | None:
    if amount <= DEAREST_PER_MTOK:
        return None
    return (
        f"{plain(amount)} USD per million tokens: the price of something else, or of a thousand"
        " taken for a token's"
    )


def plain(amount: Decimal) -> str:
    """Without exponent or trailing zeros."""
    return f"{amount.normalize():f}"


def of_day(text: str) -> date:
    """The first day of a day, month or year as ISO text."""
    return first_day(text)


def in_order(rows: Sequence[Row]) -> tuple[Row, ...]:
    """One fixed order, whatever the file's."""
    return tuple(sorted(rows, key=lambda r: (r.host, r.name, r.key)))


def is_day(value: Json) -> bool:
    """Whether it is a day, a month or a year."""
    if not isinstance(value, str | date | int):
        return False
    try:
        first_day(str(value))
    except ValueError:
        return False
    return True
