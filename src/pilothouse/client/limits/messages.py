"""Refusals in words, and limits as response headers: the same whoever counted."""

from __future__ import annotations

from pilothouse.client.limits.window import WindowSpec
from pilothouse.core.limits import FOREVER_US, Account, Refused, Room, Rooms, Scope
from pilothouse.core.pico import usd


def window_refusal(
    scope: Scope, spec: WindowSpec, limit: int, used: int, amount: int, wait_us: int | None
) -> Refused:
    """`wait_us` None: the request alone is larger than the limit."""
    remaining = max(limit - used, 0)
    if wait_us is None:
        said = f"this one asks for {amount}, which never fits: send less, or ask for a higher limit"
    else:
        said = f"{remaining} left, this one asks for {amount}; try again in {_seconds(wait_us)}"
    return Refused(
        by=spec.name,
        scope=scope.label,
        message=f"{scope.label}: {limit} {spec.each}: {said}",
        limit=limit,
        remaining=remaining,
        retry_after_s=None if wait_us is None else wait_us / 1e6,
    )


def concurrency_refusal(scope: Scope, limit: int) -> Refused:
    """All places are taken."""
    return Refused(
        by="concurrency",
        scope=scope.label,
        message=f"{scope.label}: {limit} requests at the same time: all run; try again when one ends",
        limit=limit,
        retry_after_s=1.0,
    )


def budget_refusal(
    scope: Scope, account: Account, limit: int, free: int, asked: int, ends_us: int, now_us: int
) -> Refused:
    """The money does not reach. Waits are until the next period."""
    per = f"for {account.period}" if ends_us != FOREVER_US else "in total"
    wait_s = None if ends_us == FOREVER_US or asked > limit else max(ends_us - now_us, 0) / 1e6
    now_what = (
        "raise the budget" if wait_s is None else "wait for the next one, or raise the budget"
    )
    return Refused(
        by="budget",
        scope=scope.label,
        message=(
            f"{scope.label}: the budget of {usd(limit)} USD {per} has {usd(max(free, 0))} USD free and this "
            f"request may cost up to {usd(asked)} USD; send a smaller one (max tokens), {now_what}"
        ),
        limit=limit,
        remaining=max(free, 0),
        retry_after_s=wait_s,
    )


def duplicate_refusal(hold_id: str) -> Refused:
    """The same attempt is in flight."""
    return Refused(
        by="duplicate",
        scope=f'attempt "{hold_id}"',
        message=f'attempt "{hold_id}": it is being answered already; wait for it, or try again in 1 s',
        retry_after_s=1.0,
    )


def unreachable_refusal(scope: Scope, where: str) -> Refused:
    """Nobody can say whether there is room, and guessing would cost money."""
    return Refused(
        by="limiter",
        scope=scope.label,
        message=f"{scope.label}: what is left cannot be asked just now ({where}); try again in 1 s",
        retry_after_s=1.0,
    )


def tightest(rooms: list[tuple[bool, Room]]) -> Rooms:
    """Of (is it of requests, room) pairs: the one with the smallest part left, of each kind."""
    found: dict[bool, Room] = {}
    for is_requests, room in rooms:
        best = found.get(is_requests)
        if best is None or room.remaining * best.limit < best.remaining * room.limit:
            found[is_requests] = room
    return Rooms(found.get(True), found.get(False))


def rate_lines(rooms: Rooms) -> str:
    """`x-ratelimit-*` header lines as OpenAI writes them: counts, and resets like `6m0s` or `120ms`."""
    requests, tokens = rooms.requests, rooms.tokens
    lines = "" if requests is None else _room_lines("requests", requests)
    return lines if tokens is None else lines + _room_lines("tokens", tokens)


def refusal_lines(refused: Refused) -> str:
    """Header lines: `retry-after` in whole seconds, rounded up, and in milliseconds (SDKs read either)."""
    lines = ""
    if refused.retry_after_s is not None:
        ms = -int(-refused.retry_after_s * 1000 // 1)
        lines = f"retry-after: {-(-ms // 1000)}\r\nretry-after-ms: {ms}\r\n"
    for kind, names in (("requests", _REQUESTS), ("tokens", _TOKENS)):
        if refused.by in names:
            room = Room(refused.limit, refused.remaining, refused.retry_after_s or 0.0)
            lines += _room_lines(kind, room)
    return lines


def _room_lines(name: str, room: Room) -> str:
    return (
        f"x-ratelimit-limit-{name}: {room.limit}\r\n"
        f"x-ratelimit-remaining-{name}: {room.remaining}\r\n"
        f"x-ratelimit-reset-{name}: {duration(room.reset_s)}\r\n"
    )


_REQUESTS = ("requests_per_minute", "requests_per_day")
_TOKENS = ("input_tokens_per_minute", "output_tokens_per_minute", "tokens_per_minute")


def duration(seconds: float) -> str:
    """`120ms`, `1.5s`, `6m0s`, `23h59m59s`: the form OpenAI's reset headers have."""
    ms = round(seconds * 1000)
    if ms < 1000:
        return f"{ms}ms"
    if ms < 60_000:
        return f"{ms / 1000:g}s"
    minutes, rest = divmod(-(-ms // 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s"


def _seconds(us: int) -> str:
    return f"{max(-(-us // 1_000_000), 1)} s"
