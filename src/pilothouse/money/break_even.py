"""API or own machines, as a curve over the number of requests: what each costs a month, where they cross, and
whether capacity binds before price does."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from pilothouse.money.capacity import SECONDS_A_MONTH, Curve, load

HOURS_A_MONTH = 730
_STEPS_A_DECADE = 12


class Fleet(Struct, frozen=True, kw_only=True):
    """Machines of one's own and what keeps them running."""

    curve: Curve
    gpu_hour_usd: Decimal
    staff_usd_month: Decimal = Decimal(0)
    spare_replicas: int = 0
    peak_to_average: float = 1.0


class Point(Struct, frozen=True, kw_only=True):
    """One number of requests a month."""

    requests_per_month: int
    replicas: int
    own_usd: Decimal
    api_usd: Decimal

    @property
    def is_own_cheaper(self) -> bool:
        """Own machines cost less."""
        return self.own_usd < self.api_usd


class BreakEven(Struct, frozen=True, kw_only=True):
    """The curve and what it says."""

    points: tuple[Point, ...]
    first_replica_full_at: int
    """Requests a month that one replica answers at the peak given: beyond it a second one is needed."""
    price_alone_at: int
    """Requests a month at which one replica would cost what the API does, had it no end."""
    crossings: tuple[int, ...]
    """Requests a month at which the cheaper one changes; more than one where replicas come in steps."""
    is_extrapolated: bool

    @property
    def own_cheaper(self) -> tuple[tuple[int, int | None], ...]:
        """From and up to how many requests a month own machines cost less; None = as far as was looked."""
        ends: list[int | None] = [*self.crossings, None]
        return tuple((start, ends[i + 1]) for i, start in enumerate(self.crossings) if i % 2 == 0)

    @property
    def capacity_binds_first(self) -> bool:
        """The first replica is full before it pays for itself."""
        return self.first_replica_full_at < self.price_alone_at


def break_even(
    fleet: Fleet,
    *,
    api_request_usd: Decimal,
    input_tokens: int,
    output_tokens: int,
    up_to: int = 1_000_000_000,
) -> BreakEven:
    """`api_request_usd`: what the API asks for one request of these lengths."""
    one = _own(fleet, 1)
    price_alone = int((one / api_request_usd).to_integral_value())
    capacity = fleet.curve.capacity_tokens_per_s
    full = max(1, int(capacity * SECONDS_A_MONTH / output_tokens / fleet.peak_to_average))
    points: list[Point] = []
    for requests in _grid(up_to):
        now = load(
            fleet.curve,
            requests_per_s=requests / SECONDS_A_MONTH,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            peak_to_average=fleet.peak_to_average,
            spare_replicas=fleet.spare_replicas,
            most_busy=1.0,
        )
        points.append(
            Point(
                requests_per_month=requests,
                replicas=now.replicas,
                own_usd=_own(fleet, now.replicas - fleet.spare_replicas),
                api_usd=api_request_usd * requests,
            )
        )
    probe = load(
        fleet.curve, requests_per_s=1, input_tokens=input_tokens, output_tokens=output_tokens
    )
    return BreakEven(
        points=tuple(points),
        first_replica_full_at=full,
        price_alone_at=price_alone,
        crossings=tuple(_crossings(fleet, api_request_usd, full, up_to)),
        is_extrapolated=probe.is_extrapolated,
    )


def _own(fleet: Fleet, replicas: int) -> Decimal:
    machines = (replicas + fleet.spare_replicas) * fleet.curve.gpus
    return machines * HOURS_A_MONTH * fleet.gpu_hour_usd + fleet.staff_usd_month


def _grid(up_to: int) -> list[int]:
    found: list[int] = []
    step = 0
    while not found or found[-1] < up_to:
        found.append(round(1000 * 10 ** (step / _STEPS_A_DECADE)))
        step += 1
    return found


def _crossings(fleet: Fleet, api_request_usd: Decimal, full: int, up_to: int) -> list[int]:
    """Exact: the API's line meets each step's tread, or passes its riser, where a replica is full."""
    found: list[int] = []
    for replicas in range(1, up_to // full + 2):
        cost, end = _own(fleet, replicas), replicas * full
        paid = cost / api_request_usd
        if (replicas - 1) * full < paid <= min(end, up_to):
            found.append(int(paid.to_integral_value()))
        at_end = api_request_usd * end
        if cost < at_end <= _own(fleet, replicas + 1) and end < up_to:
            found.append(end)
    return found
