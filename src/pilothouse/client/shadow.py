"""Shadow traffic: a copy of some requests goes to other targets, for comparison. Nobody waits for it.

How copies are bounded and owned: `copies.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from pilothouse.client.attempt import Asked
from pilothouse.client.caller import Client
from pilothouse.client.copies import Copies, Copy
from pilothouse.client.shadow_counts import ShadowCounts
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.place import position
from pilothouse.core.ports import NowUs, PriceOf
from pilothouse.core.route import Route, RouteSpec


class Shadows:
    """`client` is one of its own (`Client.apart`). `before`: whom this one replaces in the same process; both
    have one budget, one room and one count.
    """

    def __init__(
        self,
        client: Client,
        price_of: PriceOf,
        now_us: NowUs,
        *,
        default_output_tokens: int = 4096,
        workers: int = 1,
        before: Shadows | None = None,
    ) -> None:
        self._copies = Copies(
            "shadow",
            client,
            price_of,
            now_us,
            default_output_tokens=default_output_tokens,
            workers=workers,
            before=before._copies if before is not None else None,
        )
        self._counts: dict[str, ShadowCounts] = {} if before is None else before._counts

    @property
    def remembers(self) -> bool:
        """Whether it knows what was spent today before the process began."""
        return self._copies.remembers

    def counts(self) -> dict[str, ShadowCounts]:
        """By route; copies of the counters as they stand."""
        return {
            name: structs.replace(counts, spent_today_usd=self._copies.spent_today_usd(name))
            for name, counts in self._counts.items()
        }

    def remember(self, calls: Iterable[Call]) -> None:
        """As `Copies.remember`."""
        self._copies.remember(calls)

    def start(self, ask: Ask, route: Route, spec: RouteSpec, request_id: str) -> None:
        """Send copies of `ask` where `spec` says so, if this request is one of the sample.

        Takes microseconds, never raises and never waits.
        """
        shadow = spec.shadow
        if shadow is None:
            return
        counts = self._counts.setdefault(spec.name, ShadowCounts())
        counts.requests += 1
        if position("shadow", request_id) >= shadow.limits.share:
            counts.not_sampled += 1
            return
        for target in shadow.targets:
            reserved = self._copies.admit(counts, ask, spec.name, target, shadow.limits)
            if isinstance(reserved, str):
                continue
            copy = Copy(
                ask=ask,
                route=spec.name,
                target=target,
                asked=Asked(request_id=request_id),
                timeout_s=shadow.limits.timeout_s,
                reserved=reserved,
            )
            self._copies.begin(self._run(copy, counts))

    async def close(self, drain_s: float | None) -> None:
        """As `Copies.close`."""
        await self._copies.close(drain_s)

    async def _run(self, copy: Copy, counts: ShadowCounts) -> None:
        await self._copies.asked(copy, counts)
