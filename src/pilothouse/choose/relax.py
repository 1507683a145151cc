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

    Those that let in `wanted` models come before those that let in fewer.
    """
    candidates: list[tuple[int, float, str]] = []
    for model_id, reasons in excluded.items():
        if all(r.relax_to is not None for r in reasons):
            candidates.append((len(_keys(reasons)), sum(r.distance for r in reasons), model_id))
    found: dict[tuple[tuple[str, str], ...], Relaxation] = {}
    for _, _, model_id in sorted(candidates)[:64]:
        chosen = excluded[model_id]
        changes = _changes(chosen)
        key = tuple(sorted(changes.items()))
        if key not in found:
            inside = sorted(i for i, reasons in excluded.items() if _is_admitted(reasons, chosen))
            found[key] = Relaxation(changes=changes, admits=tuple(inside))
    order = list(found.values())
    enough = [r for r in order if len(r.admits) >= wanted]
    return (enough + [r for r in order if len(r.admits) < wanted])[:most]


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
