"""What stands for quality: one benchmark measured in one way, its errors, and what weakens a score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from pilothouse.choose.facts import Offer
from pilothouse.core.model import Measured
from pilothouse.core.need import Need


class Yardstick(Struct, frozen=True):
    """What stands for quality: one benchmark, measured in one way."""

    benchmark: str | None = None
    protocol: str | None = None


_GENERAL = ("gpqa-diamond", "mmlu-pro", "gpqa", "mmlu", "livebench", "arena-elo-full")
_OF_TASK = {"code": ("swe-bench-verified", "aider-polyglot", "humaneval", "livecodebench")}
"""What may stand for quality when the need does not say: of general ability, or of its task."""


def yardstick_of(need: Need, admitted: Sequence[Offer]) -> Yardstick:
    """One benchmark measured in one way: scores of different ones are never compared.

    What the need names; else, of those that fit the tasks, the one known of most candidates.
    """
    named = need.quality_by or next(iter(need.must.quality), None)
    tasks = [_OF_TASK[task] for task in need.tasks if task in _OF_TASK]
    fitting = (named,) if named else (tasks[0] if tasks else _GENERAL)
    counts = Counter(
        (name, measured.protocol or "")
        for offer in admitted
        for name, measured in offer.benchmarks.items()
    )
    known = {pair: n for pair, n in counts.items() if pair[0] in fitting}
    known = known or ({} if named else counts)
    if not known:
        return Yardstick(named)
    order = {name: i for i, name in enumerate(fitting)}
    benchmark, protocol = min(known, key=lambda p: (-known[p], order.get(p[0], 99), p))
    return Yardstick(benchmark, protocol or None)


def measured_by(offer: Offer, yardstick: Yardstick) -> Measured | None:
    """Its score by the yardstick; None where nobody measured it in that way."""
    measured = offer.benchmarks.get(yardstick.benchmark or "")
    if measured is None or (measured.protocol or None) != yardstick.protocol:
        return None
    return measured


def errors_of_scores(
    known: Mapping[str, Mapping[str, float | None]],
    by_id: Mapping[str, Offer],
    yardstick: Yardstick,
    weights: Mapping[str, float],
    scale: Mapping[str, Mapping[str, float | None]],
) -> dict[str, float]:
    """The standard error of each weighted score, from that of quality. Empty: nothing to count.

    `scale`: the values between whose least and greatest quality went to 0-1.

    Where nobody states the error of a score, the widest of the others stands in for it, and
    `doubts_of_quality` says so: taken as exact it would make the ranking look firmer than it is.
    """
    scores = [q for v in scale.values() if (q := v.get("quality")) is not None]
    width = max(scores, default=0.0) - min(scores, default=0.0)
    if not width:
        return {}
    part = weights["quality"] / sum(weights.values()) / width
    measured = {i: m for i in known if (m := measured_by(by_id[i], yardstick)) is not None}
    widest = max((m.error for m in measured.values() if m.error is not None), default=None)
    if widest is None:
        return {}
    return {i: (widest if m.error is None else m.error) * part for i, m in measured.items()}


def doubts_of_quality(
    offer: Offer, yardstick: Yardstick, value: float | None, is_spread_known: bool
) -> Iterable[str]:
    """What weakens a score, or why one that exists does not count."""
    scored = offer.benchmarks.get(yardstick.benchmark or "")
    if value is None:
        if scored is None:
            yield "quality: nobody says, so it stands behind those of whom it is known"
        else:
            ways = (
                f"{scored.protocol or 'not said how'}, not {yardstick.protocol or 'not said how'}"
            )
            yield (
                f"quality: {yardstick.benchmark} {scored.value:.3f} was measured another way ({ways}), "
                "so it is not compared and stands behind"
            )
    elif scored is not None:
        if scored.is_self_reported:
            yield "its quality score is what its vendor reports of itself"
        if scored.error is None and is_spread_known:
            yield "quality: nobody states the error of its score; the widest of the others stands in"
