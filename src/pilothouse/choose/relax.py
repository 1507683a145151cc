"""The smallest relaxations of a need that let more models in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from pilothouse.choose.constraints import ADMIT, Failure


class Relaxation(Struct, frozen=True, kw_only=True):
    """Change these limits to these values, and these models come in."""

    changes: dict[str, str]
    admits: tuple[str, ...]


def relaxations(
    excluded: Mapping[str, Sequence[Failure]], wanted: int, most: int = 3
) -> list[Relaxation]:
    """Fewest changed limits first, then the least change; each with everything it lets in.

    Those that let in `wanted` models come before those that let in fewer. Where two are
    wanted, the least changes made for any two models compete with those made for one.
    """
    ways = _single_ways(excluded)
    pairs = _paired_ways(ways) if wanted > 1 else []
    found = _with_what_they_admit(
        sorted([*ways[:_SHOWN_OF], *pairs], key=lambda w: w[:2]), excluded
    )
    order = list(found.values())
    enough = [r for r in order if len(r.admits) >= wanted]
    return (enough + [r for r in order if len(r.admits) < wanted])[:most]


_SHOWN_OF = 64
_PAIRED_OF = 400
_Way = tuple[int, float, tuple[Failure, ...]]


def _single_ways(excluded: Mapping[str, Sequence[Failure]]) -> list[_Way]:
    """What would let in each model that a change of the need can let in, least first."""
    ways = [
        (_size(reasons), model_id, tuple(reasons))
        for model_id, reasons in excluded.items()
        if all(r.relax_to is not None for r in reasons)
    ]
    return [(*size, reasons) for size, _, reasons in sorted(ways, key=lambda w: w[:2])]


def _paired_ways(ways: Sequence[_Way]) -> list[_Way]:
    """What would let in two models at once, least first: of each limit the farther change counts."""
    distinct: dict[tuple[tuple[str, str | None], ...], _Way] = {}
    for way in ways:
        distinct.setdefault(tuple(sorted((r.limit, r.relax_to) for r in way[2])), way)
    pool = list(distinct.values())[:_PAIRED_OF]
    pairs: list[_Way] = []
    bound = (10**9, 0.0)
    for i, (keys, distance, one) in enumerate(pool):
        if (keys, distance) > bound:
            break  # a pair is never less than either of its two
        for *least, other in pool[i + 1 :]:
            if tuple(least) > bound:
                break
            both = _farthest([*one, *other])
            size = _size(both)
            if size <= bound:
                pairs.append((*size, both))
                pairs.sort(key=lambda p: p[:2])
                del pairs[8:]
                bound = pairs[-1][:2] if len(pairs) == 8 else bound
    return pairs


def _farthest(reasons: Sequence[Failure]) -> tuple[Failure, ...]:
    kept: dict[tuple[str, str | None], Failure] = {}
    for reason in reasons:
        key = (reason.limit, None if reason.is_size else reason.relax_to)
        if key not in kept or reason.distance > kept[key].distance:
            kept[key] = reason
    return tuple(kept.values())


def _size(reasons: Sequence[Failure]) -> tuple[int, float]:
    return len(_keys(reasons)), sum(r.distance for r in reasons)


def _with_what_they_admit(
    ways: Sequence[_Way], excluded: Mapping[str, Sequence[Failure]]
) -> dict[tuple[tuple[str, str], ...], Relaxation]:
    found: dict[tuple[tuple[str, str], ...], Relaxation] = {}
    for _, _, chosen in ways:
        changes = _changes(chosen)
        key = tuple(sorted(changes.items()))
        if key not in found:
            inside = sorted(i for i, reasons in excluded.items() if _is_admitted(reasons, chosen))
            found[key] = Relaxation(changes=changes, admits=tuple(inside))
    return found


def _keys(reasons: Sequence[Failure]) -> set[str]:
    return {ADMIT if r.relax_to == ADMIT else r.limit for r in reasons}


def _changes(reasons: Sequence[Failure]) -> dict[str, str]:
    changes: dict[str, list[str]] = {}
    for reason in reasons:
        key, _, to = ADMIT.partition(": ") if reason.relax_to == ADMIT else (reason.limit, "", "")
        values = changes.setdefault(key, [])
        value = to or str(reason.relax_to)
        if value not in values:
            values.append(value)
    return {key: ", ".join(values) for key, values in changes.items()}


def _is_admitted(reasons: Sequence[Failure], by: Sequence[Failure]) -> bool:
    """Whether every reason falls away when the limits in `by` are relaxed as far as `by` needs."""
    return all(any(_covers(other, reason) for other in by) for reason in reasons)


def _covers(change: Failure, reason: Failure) -> bool:
    if change.relax_to == ADMIT or reason.relax_to == ADMIT:
        return change.relax_to == reason.relax_to
    if change.limit != reason.limit or reason.relax_to is None:
        return False
    return change.relax_to == reason.relax_to or (
        change.is_size and reason.distance <= change.distance
    )
