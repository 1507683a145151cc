"""Which of a provider's keys the next attempt uses. Holds positions, never keys."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pilothouse.core.errors import ProviderError

EXHAUSTED_CODE = "upstream_credentials_exhausted"
"""What callers are told, with a 502, when every key is refused."""


class KeyRules(Struct, frozen=True, kw_only=True):
    """When a key that failed is used again."""

    probe_dead_s: float = 5.0
    """A refused key is tried again after this (people repair accounts without telling us, and vendors
    refuse good keys while they repair theirs); the wait doubles with each further refusal, ..."""
    probe_dead_cap_s: float = 300.0
    """... up to this."""
    limited_s: float = 1.0
    """After a 429 without `Retry-After`; doubles with each further one in a row, ..."""
    limited_cap_s: float = 60.0
    """... up to this."""
    believed_s: float = 3600.0
    """No `Retry-After` is believed for longer."""


class KeyState(Struct, frozen=True, kw_only=True):
    """One key. Times are monotonic seconds."""

    used_s: float = float("-inf")
    limited_s: float = float("-inf")
    """When it was last limited."""
    limited_until_s: float = float("-inf")
    limited_in_row: int = 0
    dead_until_s: float | None = None
    """Refused, and to be probed then; None = not refused."""
    refused_in_row: int = 0


class Picked(Struct, frozen=True):
    """A key to use, or when to ask again. Exactly one of the first two is None."""

    index: int | None
    wait_s: float | None
    are_all_dead: bool = False


def pick(keys: Sequence[KeyState], now_s: float, skip: frozenset[int] = frozenset()) -> Picked:
    """The usable key that was limited longest ago, of those the one used longest ago. Pure.

    `skip`: keys this request has tried. A dead key whose time has come is a probe; live keys go first.
    """
    best: int | None = None
    best_rank: tuple[bool, float, float] = (True, 0.0, 0.0)
    wait_s: float | None = None
    for i, key in enumerate(keys):
        dead_until_s = key.dead_until_s
        until_s = key.limited_until_s if dead_until_s is None else dead_until_s
        if until_s > now_s:
            wait_s = until_s - now_s if wait_s is None else min(wait_s, until_s - now_s)
        elif i not in skip:
            rank = (dead_until_s is not None, key.limited_s, key.used_s)
            if best is None or rank < best_rank:
                best, best_rank = i, rank
    if best is not None:
        return Picked(best, None)
    are_all_dead = all(key.dead_until_s is not None for key in keys)
    return Picked(None, wait_s or 0.0, are_all_dead)


class KeyPool:
    """The states of one provider's keys; `pick` decides. Not thread-safe: it belongs to one event loop."""

    __slots__ = ("_keys", "_rules")

    def __init__(self, count: int, rules: KeyRules | None = None) -> None:
        self._keys = [KeyState() for _ in range(count)]
        self._rules = rules or KeyRules()

    @property
    def states(self) -> tuple[KeyState, ...]:
        """For people and metrics."""
        return tuple(self._keys)

    def take(self, now_s: float, skip: frozenset[int] = frozenset()) -> int:
        """The position of the key to use.

        Raises `ProviderError`: `keys_exhausted` when every key is refused, `rate_limited` with the time to
        wait when those that are not refused are limited (or were tried by this request).
        """
        if len(self._keys) == 1 and not skip and self._keys[0].dead_until_s is None:
            return 0  # one key: the provider itself says whether it is still limited
        picked = pick(self._keys, now_s, skip)
        if picked.index is None:
            raise _exhausted(picked, len(self._keys))
        key = self._keys[picked.index]
        # A probe is one request: the next may follow only after another wait.
        probe_s = None if key.dead_until_s is None else now_s + self._dead_s(key.refused_in_row)
        self._keys[picked.index] = KeyState(
            used_s=now_s,
            limited_s=key.limited_s,
            limited_until_s=key.limited_until_s,
            limited_in_row=key.limited_in_row,
            dead_until_s=probe_s,
            refused_in_row=key.refused_in_row,
        )
        return picked.index

    def has_other(self, now_s: float, skip: frozenset[int]) -> bool:
        """Whether `take` would give a key that is not in `skip`."""
        return pick(self._keys, now_s, skip).index is not None

    def worked(self, index: int) -> None:
        """The provider took it: it lives, and is not limited any more."""
        key = self._keys[index]
        if key.dead_until_s is not None or key.limited_in_row:
            self._keys[index] = KeyState(used_s=key.used_s, limited_s=key.limited_s)

    def refused(self, index: int, now_s: float) -> None:
        """The provider does not know it, or it may not do this (401, 402, 403)."""
        key = self._keys[index]
        in_row = key.refused_in_row + 1
        self._keys[index] = KeyState(
            used_s=key.used_s,
            limited_s=key.limited_s,
            dead_until_s=now_s + self._dead_s(in_row),
            refused_in_row=in_row,
        )

    def limited(self, index: int, now_s: float, retry_after_s: float | None = None) -> None:
        """The provider said 429 to it. The longer deadline wins."""
        rules, key = self._rules, self._keys[index]
        in_row = key.limited_in_row + 1
        own_s = min(rules.limited_cap_s, rules.limited_s * 2.0 ** min(in_row - 1, 60))
        wait_s = own_s if retry_after_s is None else min(max(0.0, retry_after_s), rules.believed_s)
        self._keys[index] = KeyState(
            used_s=key.used_s,
            limited_s=now_s,
            limited_until_s=max(key.limited_until_s, now_s + wait_s),
            limited_in_row=in_row,
        )

    def _dead_s(self, in_row: int) -> float:
        wait_s = self._rules.probe_dead_s * 2.0 ** min(in_row - 1, 60)
        return min(self._rules.probe_dead_cap_s, wait_s)


def _exhausted(picked: Picked, count: int) -> ProviderError:
    wait_s = picked.wait_s
    if picked.are_all_dead:
        text = "its key is" if count == 1 else f"all of its {count} keys are"
        return ProviderError(
            "keys_exhausted",
            f"the provider refuses us: {text} dead. Check the account and the keys.",
        )
    message = f"every key of the provider is limited, the first one for {wait_s or 0.0:.1f} s more"
    return ProviderError("rate_limited", message, http_status=429, retry_after_s=wait_s)
