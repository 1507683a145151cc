"""What answers cost: exact money, with an interval around the mean. What nobody priced is no zero."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from pilothouse.core.pico import PICO, usd
from pilothouse.core.stats.mean_interval import mean_interval
from pilothouse.core.stats.proportion import Interval
from pilothouse.prove.evidence import Outcome
from pilothouse.prove.report.answers import Answers


class CostFigures(Struct, frozen=True, kw_only=True):
    """One candidate's money in USD and its tokens."""

    total_usd: Decimal
    per_request_usd: Decimal | None
    """The mean of the priced answers; None = none was priced."""
    interval: Interval | None
    per_right_usd: Decimal | None
    """All money over all right answers, failures paid for included; None = not wholly priced, or none right."""
    not_priced: int
    """Answers that came and have no price."""
    input_tokens: int
    output_tokens: int
    is_usage_estimated: bool

    @property
    def is_complete(self) -> bool:
        """Every answer that came has a price."""
        return self.per_request_usd is not None and not self.not_priced


def cost_figures(answers: Answers, right: int) -> CostFigures:
    """`right` is the number of right answers."""
    total, priced, not_priced, tokens_in, tokens_out = 0, 0, 0, 0, 0
    for outcome in answers.outcomes:
        if outcome.cost_pico_usd is not None:
            total += outcome.cost_pico_usd
            priced += 1
        elif outcome.error_class is None:
            not_priced += 1
        tokens_in += outcome.input_tokens or 0
        tokens_out += outcome.output_tokens or 0
    is_whole = priced > 0 and not not_priced
    return CostFigures(
        total_usd=usd(total),
        per_request_usd=usd(total) / priced if priced else None,
        interval=_interval(answers) if priced else None,
        per_right_usd=usd(total) / right if is_whole and right else None,
        not_priced=not_priced,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        is_usage_estimated=any(o.is_usage_estimated for o in answers.outcomes),
    )


def cost(outcome: Outcome) -> float | None:
    """USD; None = not priced."""
    return None if outcome.cost_pico_usd is None else outcome.cost_pico_usd / PICO


def _interval(answers: Answers) -> Interval:
    """Around the mean: Student's t over the clusters."""
    values, clusters = answers.column(cost)
    scale = 2 * max(values)  # no value is then 1, so nothing is taken for a yes
    if scale == 0:
        return Interval(0.0, 0.0)
    found = mean_interval([v / scale for v in values], clusters).interval
    return Interval(found.low * scale, found.high * scale)
