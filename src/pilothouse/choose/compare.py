"""Models side by side: what is known of each, who is best at what, what it would cost. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from pilothouse.choose.dollars import usd
from pilothouse.choose.facts import Offer
from pilothouse.choose.page import page

_BIG_IS_GOOD = ("context", "max output", "speed")
_SMALL_IS_GOOD = ("input", "output", "cached", "a request", "a month")


class Line(Struct, frozen=True, kw_only=True):
    """One fact of every model compared."""

    group: str
    label: str
    cells: tuple[str | None, ...]
    """As said to people; None = nobody says."""
    best: tuple[int, ...] = ()
    """Columns that lead, where leading means something and not all are equal."""


class Comparison(Struct, frozen=True, kw_only=True):
    """A table: models across, facts down."""

    as_of: date
    models: tuple[str, ...]
    lines: tuple[Line, ...]
    warnings: tuple[str, ...]


def compare(
    offers: Sequence[Offer],
    as_of: date,
    *,
    input_tokens: int = 1000,
    output_tokens: int = 300,
    requests_per_month: int | None = None,
) -> Comparison:
    """Everything that differs or that somebody says; `input_tokens` and so on are of one request."""
    lines = [*_who(offers), *_sizes(offers), *_abilities(offers), *_policies(offers)]
    lines += _money(offers, input_tokens, output_tokens, requests_per_month)
    lines += _scores(offers)
    return Comparison(
        as_of=as_of,
        models=tuple(o.id for o in offers),
        lines=tuple(line for line in lines if any(cell is not None for cell in line.cells)),
        warnings=tuple(_warnings(offers, as_of)),
    )


def markdown(comparison: Comparison) -> str:
    """A table with the leader of each line in bold."""
    out = [f"# {' v '.join(comparison.models)}", "", f"As of {comparison.as_of}.", ""]
    out.append(f"| | {' | '.join(comparison.models)} |")
    out.append("|---|" + "---|" * len(comparison.models))
    for line in comparison.lines:
        cells = [f"**{c}**" if i in line.best else c for i, c in enumerate(_said(line))]
        out.append("| " + " | ".join([line.label, *(c.replace("|", "\\|") for c in cells)]) + " |")
    out += ["", *(f"- take care: {w}" for w in comparison.warnings)]
    return "\n".join(out).rstrip() + "\n"


def html(comparison: Comparison) -> str:
    """The same as one page."""
    return page(" v ".join(comparison.models), markdown(comparison))


def _said(line: Line) -> list[str]:
    return ["-" if cell is None else cell for cell in line.cells]


def _who(offers: Sequence[Offer]) -> list[Line]:
    rows: list[tuple[str, list[object]]] = [
        ("name", [o.name for o in offers]),
        ("vendor", [o.vendor for o in offers]),
        ("served by", [o.host for o in offers]),
        ("released", [o.released_on for o in offers]),
        ("retires", [o.retired_on for o in offers]),
        ("weights", [_yes_no(o.is_open_weights, "open", "closed") for o in offers]),
        ("licence", [o.licence for o in offers]),
        ("licence class", [o.licence_class for o in offers]),
    ]
    return [_line("identity", label, values) for label, values in rows]


def _sizes(offers: Sequence[Offer]) -> list[Line]:
    return [
        _line("limits", "context", [o.context_tokens for o in offers], " tokens"),
        _line("limits", "max output", [o.max_output_tokens for o in offers], " tokens"),
        _line("limits", "reads", [_list(o.inputs) for o in offers]),
        _line("limits", "latency class", [o.latency_class for o in offers]),
        _line("limits", "speed", [o.speed for o in offers], " of 5 stars"),
    ]


def _abilities(offers: Sequence[Offer]) -> list[Line]:
    names = sorted({name for o in offers for name in o.abilities})
    return [
        _line("abilities", n.replace("_", " "), [_yes_no(o.abilities.get(n)) for o in offers])
        for n in names
    ]


def _policies(offers: Sequence[Offer]) -> list[Line]:
    rows: list[tuple[str, list[object]]] = [
        ("data held in", [_list(o.policy.residency) for o in offers]),
        ("certifications", [_list(o.policy.certifications) for o in offers]),
        ("trains on inputs", [o.policy.trains_on_inputs for o in offers]),
        ("availability promised", [_share(o.policy.sla_share) for o in offers]),
    ]
    return [_line("policy", label, values) for label, values in rows]


def _money(
    offers: Sequence[Offer], input_tokens: int, output_tokens: int, per_month: int | None
) -> list[Line]:
    lines: list[Line] = []
    for label, field in (
        ("input", "price_input_per_mtok"),
        ("output", "price_output_per_mtok"),
        ("cached", "price_cached_input_per_mtok"),
    ):
        prices = [
            Decimal(str(o.claims[field].value)) if field in o.claims else None for o in offers
        ]
        lines.append(_line("money, USD per million tokens", label, prices))
    costs = [o.rates.cost(input_tokens, output_tokens) if o.rates else None for o in offers]
    group = f"money, of {input_tokens:,} tokens in and {output_tokens:,} out"
    lines.append(_line(group, "a request", costs))
    if per_month is not None:
        months = [None if c is None else c * per_month for c in costs]
        lines.append(_line(group, "a month", months))
    return lines


def _scores(offers: Sequence[Offer]) -> list[Line]:
    """A benchmark is compared only where everybody measured was measured in the same way."""
    lines: list[Line] = []
    for name in sorted({n for o in offers for n in o.benchmarks}):
        found = [o.benchmarks.get(name) for o in offers]
        protocols = {m.protocol for m in found if m is not None}
        cells = tuple(
            None
            if m is None
            else f"{m.value:g}"
            + (f" ± {1.96 * m.error:.2g}" if m.error else "")
            + (" (self-reported)" if m.is_self_reported else "")
            for m in found
        )
        known = [m.value for m in found if m is not None]
        best: tuple[int, ...] = ()
        if len(protocols) == 1 and len(known) > 1:
            best = _leading([None if m is None else m.value for m in found], max(known))
        lines.append(Line(group="benchmarks", label=name, cells=cells, best=best))
    return lines


def _warnings(offers: Sequence[Offer], as_of: date) -> list[str]:
    out: list[str] = []
    for offer in offers:
        if offer.retired_on is not None:
            verb = "retired" if offer.retired_on <= as_of else "retires"
            after = f"; successor {offer.successor}" if offer.successor else ""
            out.append(f"{offer.id} {verb} {offer.retired_on}{after}")
    for name in sorted({n for o in offers for n in o.benchmarks}):
        protocols = {m.protocol for o in offers if (m := o.benchmarks.get(name)) is not None}
        if len(protocols) > 1:
            out.append(
                f"{name} was measured in {len(protocols)} different ways: no leader is named"
            )
    return out


def _line(group: str, label: str, values: Sequence[object], unit: str = "") -> Line:
    best: tuple[int, ...] = ()
    numbers = [v for v in values if isinstance(v, int | float | Decimal)]
    if len(numbers) > 1 and len(set(numbers)) > 1:
        if label in _BIG_IS_GOOD:
            best = _leading(values, max(numbers))
        elif label in _SMALL_IS_GOOD:
            best = _leading(values, min(numbers))
    return Line(group=group, label=label, cells=tuple(_cell(v, unit) for v in values), best=best)


def _leading(values: Sequence[object], top: object) -> tuple[int, ...]:
    return tuple(i for i, v in enumerate(values) if v == top)


def _cell(value: object, unit: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, Decimal):
        return usd(value)
    return (f"{value:,}" if isinstance(value, int) else str(value)) + unit


def _yes_no(value: bool | None, yes: str = "yes", no: str = "no") -> str | None:
    return None if value is None else (yes if value else no)


def _list(values: frozenset[str] | None) -> str | None:
    return None if values is None else ", ".join(sorted(values)) or "none"


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.2%}"
